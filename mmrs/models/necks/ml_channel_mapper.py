"""A pyramid out of maps of one stride, for detectors (CGEarthEye specification, section 2.3)."""

from __future__ import annotations

from collections.abc import Sequence

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmrs.errors import ConfigError
from mmrs.registry import MODELS


@MODELS.register_module()
class MLChannelMapper(BaseModule):
    """Brings the maps of a plain transformer to the strides and the width of a detection transformer.

    Every map passes a 1 x 1 convolution at its own width, is resized, and passes a 3 x 3 convolution and a
    1 x 1 convolution to ``out_channels``. Levels beyond the inputs come from strided 3 x 3 convolutions, the first on
    the last wide map. There is no activation anywhere, as in the original.

    Args:
        in_channels: Width of every input.
        out_channels: Width of the outputs.
        ml_out_channels: Width between the convolutions; the original asks for it though it has to equal the inputs'.
        kernel_size: Kernel of the last convolution.
        scales: Factor of height and width for every input; sizes are rounded down.
        norm_cfg: Normalisation behind each convolution, which then has no bias.
        act_cfg: Activation behind each convolution.
        num_outs: Number of outputs, at least that of the inputs.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: If widths, scales and numbers of levels do not fit together.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        out_channels: int = 256,
        ml_out_channels: int | None = None,
        kernel_size: int = 1,
        scales: Sequence[float] = (2, 1, 0.5),
        norm_cfg: dict | None = None,
        act_cfg: dict | None = None,
        num_outs: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Xavier', layer='Conv2d', distribution='uniform'))
        widths, outs = list(in_channels), len(in_channels) if num_outs is None else num_outs
        if len(scales) != len(widths) or outs < len(widths) or not widths:
            found = f'{len(widths)} inputs, {len(scales)} scales, {outs} outputs'
            raise ConfigError('neck', found, 'one scale an input and at least as many outputs', 'Mend the neck.')
        if ml_out_channels is not None and any(width != ml_out_channels for width in widths):
            found = f'ml_out_channels={ml_out_channels}, in_channels={widths}'
            raise ConfigError('neck', found, 'the same width', 'Leave ml_out_channels out.')
        self.in_channels, self.scales, self.num_outs = widths, list(scales), outs
        norm = dict(norm_cfg=norm_cfg or dict(type='GN', num_groups=32), act_cfg=act_cfg)
        self.lateral_convs_0 = nn.ModuleList(ConvModule(width, width, 1, **norm) for width in widths)
        self.ml_convs = nn.ModuleList(ConvModule(width, width, 3, padding=1, **norm) for width in widths)
        padding = (kernel_size - 1) // 2
        self.convs = nn.ModuleList(ConvModule(w, out_channels, kernel_size, padding=padding, **norm) for w in widths)
        extra = [widths[-1], *[out_channels] * (outs - len(widths))]
        self.extra_convs = nn.ModuleList(
            ConvModule(width, out_channels, 3, stride=2, padding=1, **norm) for width in extra[: outs - len(widths)]
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Builds the pyramid.

        Args:
            inputs: (B, C, H, W) maps, as many as ``in_channels``.

        Returns:
            ``num_outs`` maps (B, out_channels, ...), finest first.
        """
        wide = []
        for level, scale, lateral, convolution in zip(
            inputs, self.scales, self.lateral_convs_0, self.ml_convs, strict=True
        ):
            level = lateral(level)
            # By factor: on odd grids that samples other places than the rounded size would.
            level = interpolate(level, scale_factor=scale, mode='bilinear', align_corners=False)
            wide.append(convolution(level))
        outputs = [convolution(level) for convolution, level in zip(self.convs, wide, strict=True)]
        coarse = wide[-1]
        for convolution in self.extra_convs:
            coarse = convolution(coarse)
            outputs.append(coarse)
        return tuple(outputs)
