"""A pyramid out of the last map of a plain transformer (ViTDet, arXiv 2203.16527, section 3)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmengine.model import BaseModule
from timm.layers import LayerNorm2d
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from mmrs.errors import ConfigError
from mmrs.registry import MODELS


@MODELS.register_module()
class SimplePyramid(BaseModule):
    """Resizes one map by transposed convolutions and pooling; no level sees another.

    Finer levels double their size by 2 x 2 transposed convolutions, each halving the width, with a norm and GELU
    between two of them; coarser ones are pooled. Every level then passes a 1 x 1 and a 3 x 3 convolution, each with a
    norm over the channels. Levels beyond ``scales`` take every other cell of the one before.

    Args:
        in_channels: Width of the map; of a list, as other necks take it, the last one.
        out_channels: Width of the outputs.
        scales: Factor of height and width for each level, finest first; powers of two.
        num_outs: Number of outputs, at least that of ``scales``.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: If a scale is no power of two, or there are more scales than outputs.
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        out_channels: int = 256,
        scales: Sequence[float] = (4, 2, 1, 0.5),
        num_outs: int = 5,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        width = in_channels if isinstance(in_channels, int) else list(in_channels)[-1]
        steps = [math.log2(scale) if scale > 0 else 0.5 for scale in scales]
        if not steps or num_outs < len(steps) or any(step != int(step) for step in steps):
            found = f'scales {list(scales)}, {num_outs} outputs'
            raise ConfigError('neck', found, 'powers of two, at most as many as outputs', 'Mend the neck.')
        self.in_channels, self.num_outs = width, num_outs
        self.levels = nn.ModuleList(_level(width, out_channels, int(step)) for step in steps)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Builds the pyramid.

        Args:
            inputs: Maps of the backbone, of which only the last, (B, C, H, W), is used.

        Returns:
            ``num_outs`` maps (B, out_channels, ...), finest first.
        """
        outputs = [level(inputs[-1]) for level in self.levels]
        while len(outputs) < self.num_outs:
            outputs.append(max_pool2d(outputs[-1], 1, stride=2))
        return tuple(outputs)


def _level(width: int, out_channels: int, step: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(step):
        layers += [LayerNorm2d(width), nn.GELU()] if number else []
        layers.append(nn.ConvTranspose2d(width, width // 2, 2, 2))
        width //= 2
    layers += [nn.MaxPool2d(2**-step)] if step < 0 else []
    layers += [nn.Conv2d(width, out_channels, 1, bias=False), LayerNorm2d(out_channels)]
    layers += [nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False), LayerNorm2d(out_channels)]
    return nn.Sequential(*layers)
