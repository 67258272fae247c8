"""The MaRS decoders as decode heads of mmsegmentation. Importing this module imports mmsegmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.heads.mars_decoders import MaRSChangeDecoder, MaRSFCN, MaRSHeightDecoder
from mmrs.registry import MODELS


class _DecoderHead(BaseDecodeHead):
    """Head whose decoder ends in its own classifier."""

    def _use(self, decoder: nn.Module) -> None:
        del self.conv_seg
        self.decoder = decoder


@MODELS.register_module()
class MaRSFCNHead(_DecoderHead):
    """Road and segmentation head of MaRS for ``EncoderDecoder``.

    Args:
        in_channels: Channels of the four maps.
        num_classes: Number of classes.
        skips: See :class:`mmrs.models.heads.mars_decoders.MaRSFCN`.
        **kwargs: As for every decode head of mmsegmentation.
    """

    def __init__(self, in_channels: Sequence[int], num_classes: int, skips: bool = False, **kwargs: Any) -> None:
        options = {'in_index': (0, 1, 2, 3), 'init_cfg': None, **kwargs}
        super().__init__(list(in_channels), 32, num_classes=num_classes, input_transform='multiple_select', **options)
        self._use(MaRSFCN(in_channels, self.out_channels, skips))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Maps the backbone's maps to logits (B, out_channels, H, W)."""
        return self.decoder(self._transform_inputs(inputs))


@MODELS.register_module()
class MaRSChangeHead(_DecoderHead):
    """Change head of MaRS. The last map holds both dates: the first half of its channels, then the second.

    ``mmrs.DualSwinV2(fusion='concat', bands=dict(before=..., after=...))`` gives such maps.

    Args:
        in_channels: Channels of the joined map, or of all maps, of which the last is read.
        num_classes: Number of classes; 2 with ``out_channels=1`` and a threshold as the original.
        **kwargs: As for every decode head of mmsegmentation.
    """

    def __init__(self, in_channels: int, num_classes: int = 2, **kwargs: Any) -> None:
        options = {'in_index': -1, 'init_cfg': None, 'out_channels': 1, 'threshold': 0.5, **kwargs}
        super().__init__(in_channels, 32, num_classes=num_classes, **options)
        self._use(MaRSChangeDecoder(in_channels // 2, self.out_channels))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Maps the backbone's maps to logits (B, out_channels, H, W)."""
        return self.decoder(*self._transform_inputs(inputs).chunk(2, dim=1))


@MODELS.register_module()
class MaRSHeightHead(_DecoderHead):
    """Height head of MaRS for mmsegmentation's ``DepthEstimator``: mean absolute error on ``gt_depth_map``.

    Args:
        in_channels: Channels of the last map.
        **kwargs: As for every decode head of mmsegmentation.
    """

    def __init__(self, in_channels: int, **kwargs: Any) -> None:
        options = {'in_index': -1, 'init_cfg': None, **kwargs}
        super().__init__(in_channels, 32, num_classes=1, out_channels=1, threshold=0.5, **options)
        self._use(MaRSHeightDecoder(in_channels))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Maps the backbone's maps to heights (B, 1, H, W)."""
        return self.decoder(self._transform_inputs(inputs))

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: Sequence[Any]) -> dict[str, Tensor]:
        """Mean absolute error where the height is a number; NaN marks what is unknown."""
        heights = torch.stack([sample.gt_depth_map.data for sample in batch_data_samples])
        found = resize(seg_logits, heights.shape[2:], mode='bilinear', align_corners=self.align_corners)
        known = torch.isfinite(heights)
        return {'loss_height': functional.l1_loss(found[known], heights[known])}
