"""MaRS: SwinV2 encoders of very-high-resolution optical or SAR images (DOI 10.1609/aaai.v40i14.38153)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.backbones.swin_v2 import SwinV2
from mmrs.registry import MODELS

# Name: shape, window, and the window of the ImageNet weights that pre-training started from (spec mars.md 2.1).
SIZES: dict[str, tuple[str, int, int | tuple[int, ...]]] = {
    'base': ('base', 8, 0),
    'large': ('large', 16, (12, 12, 12, 6)),
}
CHANNELS = {'rgb': 3, 'sar': 1}


@MODELS.register_module()
class MaRS(SwinV2):
    """One encoder of MaRS for mmsegmentation, mmdetection, mmrotate and mmpretrain.

    Args:
        size: ``'base'``, ``'large'``, or the fields of a :class:`mmrs.models.backbones.SwinArch` as a dict.
        modality: ``'rgb'`` or ``'sar'``: which of the two encoders it is. It sets ``in_channels`` and the part that is
            taken from a pre-training checkpoint, which holds both.
        in_channels: Number of image channels; None: 3 for RGB, 1 for SAR.
        window_size: Side of a window in tokens; None: 8 for base, 16 for large, 8 for a dict.
        pretrained_window_sizes: See :class:`mmrs.models.backbones.SwinV2`; None: as the size was trained.
        embed_sign: Factor of the patch tokens. The release was pre-trained on negated tokens (-1) but evaluated on
            plain ones (1), see docs/mars.md.
        **kwargs: See :class:`mmrs.models.backbones.SwinV2`.

    Raises:
        ConfigError: The size or the modality is unknown, or an option does not fit.
    """

    def __init__(
        self,
        size: str | dict[str, Any] = 'base',
        modality: str = 'rgb',
        in_channels: int | None = None,
        window_size: int | Sequence[int] | None = None,
        pretrained_window_sizes: int | Sequence[int] | None = None,
        embed_sign: int = 1,
        **kwargs: Any,
    ) -> None:
        if isinstance(size, str) and size not in SIZES:
            raise ConfigError('size', repr(size), f'one of {list(SIZES)} or a dict', 'Correct the backbone entry.')
        if modality not in CHANNELS:
            raise ConfigError('modality', repr(modality), f'one of {list(CHANNELS)}', 'Correct the backbone entry.')
        if embed_sign not in (1, -1):
            raise ConfigError('embed_sign', f'{embed_sign}', '1 or -1', 'Correct the backbone entry.')
        arch, window, pretrained = SIZES[size] if isinstance(size, str) else (size, 8, 0)
        self.modality, self.embed_sign = modality, embed_sign
        super().__init__(
            arch,
            in_channels=CHANNELS[modality] if in_channels is None else in_channels,
            window_size=window if window_size is None else window_size,
            pretrained_window_sizes=pretrained if pretrained_window_sizes is None else pretrained_window_sizes,
            **kwargs,
        )

    @property
    def weights_parts(self) -> tuple[str, ...]:
        """Where this encoder is in a pre-training checkpoint."""
        return (f'encoder_{self.modality}.encoder',)

    def forward_tokens(
        self, tokens: Tensor, after_stage: Callable[[int, Tensor], Tensor] | None = None
    ) -> tuple[Tensor, ...]:
        """Runs the stages on embedded patches; see :class:`mmrs.models.backbones.SwinV2`."""
        return super().forward_tokens(tokens if self.embed_sign == 1 else -tokens, after_stage)


def start_from(encoder: SwinV2, checkpoint: str | None) -> None:
    """Lets an encoder's ``init_weights`` load a checkpoint, which need not hold the final norm (releases do not).

    Args:
        encoder: Changed in place.
        checkpoint: Catalogue name or path; None changes nothing.
    """
    if checkpoint is None:
        return
    state = encoder.state_dict()
    needed = sum(not name.startswith('norm') for name in state)
    # a little less than the share: it is compared with a quotient of integers
    least = (needed - 0.5) / len(state)
    encoder.init_cfg = {'type': 'mmrs.Pretrained', 'checkpoint': checkpoint, 'min_coverage': least}
