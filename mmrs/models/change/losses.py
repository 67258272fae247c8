"""Dice loss of a lone foreground logit."""

from __future__ import annotations

from typing import Any

from mmseg.models.losses import DiceLoss
from torch import Tensor

from mmrs.registry import MODELS


@MODELS.register_module()
class ForegroundDiceLoss(DiceLoss):
    """mmsegmentation's ``DiceLoss`` for heads with ``out_channels=1``.

    The host compares a lone channel with class 0, the background: it would teach the network the opposite. Here it is
    class 1's, and ignored pixels count neither in the prediction nor in the label.

    Args:
        **kwargs: As for mmsegmentation's ``DiceLoss``, without ``use_sigmoid`` and ``activate``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(use_sigmoid=True, activate=False, **kwargs)

    def forward(self, pred: Tensor, target: Tensor, *args: Any, ignore_index: int = 255, **kwargs: Any) -> Tensor:
        """Compares (B, 1, H, W) logits with (B, H, W) labels."""
        known = (target != ignore_index)[:, None]
        foreground = (target == 1)[:, None]
        return super().forward(pred.sigmoid() * known, foreground.float(), *args, **kwargs)
