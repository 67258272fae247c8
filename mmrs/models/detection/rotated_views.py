"""Merges oriented boxes of several views of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmdet.models import DetTTAModel
from mmdet.structures.bbox import get_box_tensor
from mmrotate.structures.bbox import RotatedBoxes
from torch import Tensor

from mmrs.registry import MODELS


@MODELS.register_module()
class RotatedTTAModel(DetTTAModel):
    """mmdetection's model for views, for boxes (cx, cy, w, h, angle): mirrored back, then rotated NMS by class.

    Args:
        tta_cfg: ``nms`` (``type='nms_rotated'``, ``iou_threshold``) and ``max_per_img``.
        **kwargs: As in mmdetection.
    """

    def merge_aug_bboxes(
        self, aug_bboxes: Sequence[Any], aug_scores: Sequence[Tensor] | None, img_metas: Sequence[Mapping[str, Any]]
    ) -> Any:
        """Boxes and scores of all views, in the pixels of the image.

        Args:
            aug_bboxes: (n, 5) of each view.
            aug_scores: (n,) of each view.
            img_metas: With ``ori_shape``, ``flip`` and ``flip_direction``.
        """
        recovered = []
        for boxes, meta in zip(aug_bboxes, img_metas, strict=True):
            found = RotatedBoxes(get_box_tensor(boxes).clone())
            if meta['flip']:
                found.flip_(meta['ori_shape'], meta['flip_direction'])
            recovered.append(found.tensor)
        merged = torch.cat(recovered)
        return merged if aug_scores is None else (merged, torch.cat(list(aug_scores)))
