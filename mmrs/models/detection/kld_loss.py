"""Kullback-Leibler loss of oriented boxes that stays finite on thin ones."""

from __future__ import annotations

from mmdet.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn

from mmrs.models.detection.rotated_distance import kullback_leibler, to_unit_range
from mmrs.registry import MODELS


@MODELS.register_module()
class GaussianKLDLoss(nn.Module):
    """Equals mmrotate's ``GDLoss(loss_type='kld', fun='log1p', tau=1, sqrt=False)`` where that one is finite.

    mmrotate's inverts the prediction's covariance matrix: in float32 the determinant of a long thin box cancels to
    zero or below, and the loss becomes NaN.

    Args:
        loss_weight: Factor of the loss.
        reduction: 'mean', 'sum' or 'none'.
    """

    def __init__(self, loss_weight: float = 1.0, reduction: str = 'mean') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.reduction = reduction

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None, avg_factor: float | None = None
    ) -> Tensor:
        """Loss of aligned pairs.

        Args:
            pred: (N, 5) in pixels and radians.
            target: (N, 5).
            weight: (N,), or (N, 5), which is averaged.
            avg_factor: Divisor of the sum instead of N.
        """
        if weight is not None and weight.dim() > 1:
            weight = weight.mean(-1)
        if weight is not None and self.reduction != 'none':
            # Boxes that do not count have targets of zero size: leaving them out keeps infinities out.
            counted = weight > 0
            pred, target, weight = pred[counted], target[counted], weight[counted]
            if not len(pred):
                return pred.sum() * 0
        loss = to_unit_range(kullback_leibler(pred, target))
        return self.loss_weight * weight_reduce_loss(loss, weight, self.reduction, avg_factor)
