"""Siamese encoder-decoder: one backbone looks at both dates, and any head of mmsegmentation at what they give."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.segmentors import EncoderDecoder
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.layers.date_fusion import DATE_FUSIONS, DateFusion, fuse_dates, split_dates
from mmrs.registry import MODELS


@MODELS.register_module()
class SiamEncoderDecoder(EncoderDecoder):
    """``EncoderDecoder`` for a stack of two dates: (B, 2 C, H, W), the earlier one first.

    Backbone and neck are shared; both dates pass through them as one batch, so that a batch norm in training sees
    both. Their maps are joined level by level before the heads.

    Args:
        fusion: ``'concat'``, ``'sum'``, ``'diff'`` (later minus earlier) or ``'abs_diff'``. With ``'concat'`` the
            heads' ``in_channels`` are twice the neck's.
        **kwargs: As for mmsegmentation's ``EncoderDecoder``.

    Attributes:
        dates: Number of dates in the input, for ``mmrs predict``.

    Raises:
        ConfigError: If the fusion is unknown.
    """

    dates = 2

    def __init__(self, fusion: DateFusion = 'concat', **kwargs: Any) -> None:
        if fusion not in DATE_FUSIONS:
            raise ConfigError('model.fusion', repr(fusion), f'one of {", ".join(DATE_FUSIONS)}', 'Choose one.')
        super().__init__(**kwargs)
        self.fusion: DateFusion = fusion

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Maps a stack of two dates to the joined maps of each level."""
        maps = super().extract_feat(torch.cat(split_dates(inputs)))
        before, after = zip(*(level.chunk(2) for level in maps), strict=True)
        return fuse_dates(before, after, self.fusion)
