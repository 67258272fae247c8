"""Costs of matching oriented predictions to annotations (CGEarthEye specification, section 2.3, OBB)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdet.models.task_modules.assigners.match_cost import BaseMatchCost
from torch import Tensor

from mmrs.models.detection.rotated_distance import hausdorff, kullback_leibler, to_unit_range
from mmrs.registry import TASK_UTILS


@TASK_UTILS.register_module()
class HausdorffCost(BaseMatchCost):
    """Hausdorff distance of corners after centres and sides were divided by the image's sides.

    The angle is not scaled along: on images that are not square the corners are distorted, as in the original.

    Args:
        weight: Factor of the cost.
    """

    def __call__(
        self, pred_instances: Any, gt_instances: Any, img_meta: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Tensor:
        """Cost of every pair.

        Args:
            pred_instances: ``bboxes`` (N, 5) in pixels and radians.
            gt_instances: ``bboxes`` (K, 5).
            img_meta: With ``img_shape``, height and width.
            **kwargs: Unused.

        Returns:
            (N, K).
        """
        assert img_meta is not None
        height, width = img_meta['img_shape'][:2]
        scale = pred_instances.bboxes.new_tensor([width, height, width, height, 1])
        return hausdorff(pred_instances.bboxes / scale, gt_instances.bboxes / scale) * self.weight


@TASK_UTILS.register_module()
class GaussianKLDCost(BaseMatchCost):
    """Kullback-Leibler divergence of boxes as Gaussians, in pixels, mapped to 0..1.

    Args:
        weight: Factor of the cost.
    """

    def __call__(
        self, pred_instances: Any, gt_instances: Any, img_meta: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> Tensor:
        """Cost of every pair, (N, K); arguments as in :class:`HausdorffCost`."""
        divergence = kullback_leibler(pred_instances.bboxes[:, None], gt_instances.bboxes[None])
        return to_unit_range(divergence) * self.weight
