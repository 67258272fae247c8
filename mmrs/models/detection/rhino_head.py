"""Head of RHINO, the rotated DINO (CGEarthEye specification, section 2.3, OBB).

Written from that description and from the paper (arXiv 2305.07598), not from the authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmcv.cnn import Linear
from mmdet.models.dense_heads.deformable_detr_head import DeformableDETRHead
from mmdet.models.dense_heads.dino_head import DINOHead
from mmdet.models.layers.transformer.utils import inverse_sigmoid
from mmdet.utils import reduce_mean
from mmengine.structures import InstanceData
from torch import Tensor

from mmrs.models.detection.denoising_match import kept_positives
from mmrs.models.detection.rotated_denoising import normaliser
from mmrs.registry import MODELS


@MODELS.register_module()
class RHINOHead(DINOHead):
    """DINO's head for boxes (cx, cy, w, h, angle), with adaptive query denoising.

    A positive denoising query counts as its class only where Hungarian matching among itself, the other positive
    queries of its group and all matching queries gives it its own annotation; elsewhere its class is background. Its
    box is trained in either case.

    Args:
        adaptive_denoising: False trains every positive denoising query as its class, as DINO does.
        **kwargs: As in mmdetection's ``DINOHead``; ``loss_iou`` gets boxes in pixels and radians.
    """

    def __init__(self, *args: Any, adaptive_denoising: bool = True, **kwargs: Any) -> None:
        self.adaptive_denoising = adaptive_denoising
        super().__init__(*args, **kwargs)

    def _init_layers(self) -> None:
        super()._init_layers()
        for branch in dict.fromkeys(self.reg_branches):
            branch[-1] = Linear(self.embed_dims, 5)

    def forward(self, hidden_states: Tensor, references: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Classifies and refines.

        Args:
            hidden_states: (layers, B, Q, C).
            references: layers + 1 times (B, Q, 5) in 0..1; the last is not used.

        Returns:
            Logits (layers, B, Q, K) and boxes (layers, B, Q, 5) in 0..1.
        """
        scores, boxes = [], []
        for state, reference, classify, refine in zip(
            hidden_states, references, self.cls_branches, self.reg_branches, strict=False
        ):
            scores.append(classify(state))
            boxes.append((refine(state) + inverse_sigmoid(reference)).sigmoid())
        return torch.stack(scores), torch.stack(boxes)

    def loss_by_feat(
        self,
        all_layers_cls_scores: Tensor,
        all_layers_bbox_preds: Tensor,
        enc_cls_scores: Tensor,
        enc_bbox_preds: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
        dn_meta: dict[str, int],
        batch_gt_instances_ignore: None = None,
    ) -> dict[str, Tensor]:
        """Losses of all decoder layers, of the encoder's proposals and of the denoising queries.

        Args:
            all_layers_cls_scores: (layers, B, D + Q, K): D denoising queries come first.
            all_layers_bbox_preds: (layers, B, D + Q, 5) in 0..1.
            enc_cls_scores: (B, Q, K) of the chosen proposals.
            enc_bbox_preds: (B, Q, 5) in 0..1.
            batch_gt_instances: ``bboxes`` in pixels and radians from 0 to pi, and ``labels``.
            batch_img_metas: With ``img_shape``.
            dn_meta: Numbers of denoising queries and groups.
            batch_gt_instances_ignore: Not supported.
        """
        truth: dict[str, Any] = dict(batch_gt_instances=batch_gt_instances, batch_img_metas=batch_img_metas)
        count = dn_meta['num_denoising_queries']
        scores, boxes = all_layers_cls_scores[:, :, count:], all_layers_bbox_preds[:, :, count:]
        # DETR's losses of all layers: DINO and Deformable DETR add the encoder's in different ways.
        losses = super(DeformableDETRHead, self).loss_by_feat(scores, boxes, *truth.values())
        names = ('loss_cls', 'loss_bbox', 'loss_iou')
        encoder = self.loss_by_feat_single(enc_cls_scores, enc_bbox_preds, **truth)
        losses.update({f'enc_{name}': value for name, value in zip(names, encoder, strict=True)})
        noisy = all_layers_cls_scores[:, :, :count], all_layers_bbox_preds[:, :, :count]
        last = len(scores) - 1
        for layer, values in enumerate(zip(*noisy, scores, boxes, strict=True)):
            prefix = '' if layer == last else f'd{layer}.'
            found = self._denoising_losses(*values, dn_meta, **truth)
            losses.update({f'{prefix}dn_{name}': value for name, value in zip(names, found, strict=True)})
        return losses

    def loss_by_feat_single(
        self,
        cls_scores: Tensor,
        bbox_preds: Tensor,
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Losses of one layer's matching queries.

        Args:
            cls_scores: (B, Q, K) logits.
            bbox_preds: (B, Q, 5) in 0..1.
            batch_gt_instances: Annotations.
            batch_img_metas: With ``img_shape``.
        """
        labels, _, targets, weights, positives, negatives = self.get_targets(
            list(cls_scores), list(bbox_preds), batch_gt_instances, batch_img_metas
        )
        factor = positives + negatives * self.bg_cls_weight
        return self._losses(
            cls_scores, bbox_preds, torch.stack(labels), torch.stack(targets), torch.stack(weights), factor, positives,
            batch_img_metas,
        )  # fmt: skip

    def _get_targets_single(
        self, cls_score: Tensor, bbox_pred: Tensor, gt_instances: InstanceData, img_meta: Mapping[str, Any]
    ) -> tuple[Tensor, ...]:
        factor = normaliser(img_meta['img_shape'], bbox_pred)
        found = InstanceData(scores=cls_score.float(), bboxes=(bbox_pred * factor).float())
        assigned = self.assigner.assign(found, gt_instances, img_meta=img_meta).gt_inds
        positive, negative = (assigned > 0).nonzero().squeeze(-1), (assigned == 0).nonzero().squeeze(-1)
        own = assigned[positive] - 1
        labels = assigned.new_full((len(cls_score),), self.num_classes)
        labels[positive] = gt_instances.labels[own]
        targets, weights = torch.zeros_like(bbox_pred), torch.zeros_like(bbox_pred)
        targets[positive] = (gt_instances.bboxes[own] / factor).to(targets.dtype)
        weights[positive] = 1
        return labels, torch.ones_like(labels), targets, weights, positive, negative

    def _denoising_losses(
        self,
        noisy_scores: Tensor,
        noisy_boxes: Tensor,
        scores: Tensor,
        boxes: Tensor,
        dn_meta: Mapping[str, int],
        batch_gt_instances: list[InstanceData],
        batch_img_metas: list[dict],
    ) -> tuple[Tensor, Tensor, Tensor]:
        labels = torch.full(noisy_scores.shape[:2], self.num_classes, device=noisy_scores.device)
        targets, weights = torch.zeros_like(noisy_boxes), torch.zeros_like(noisy_boxes)
        groups, positives, kept = dn_meta['num_denoising_groups'], 0, 0
        for image, (truth, meta) in enumerate(zip(batch_gt_instances, batch_img_metas, strict=True)):
            place = self._positive_places(len(truth), noisy_scores.size(1), groups, labels.device)
            factor = normaliser(meta['img_shape'], noisy_boxes)
            keep = torch.ones_like(place, dtype=torch.bool)
            if self.adaptive_denoising and len(truth):
                noisy, matching = (
                    InstanceData(scores=score.float(), bboxes=(box * factor).float())
                    for score, box in (
                        (noisy_scores[image, place.flatten()], noisy_boxes[image, place.flatten()]),
                        (scores[image], boxes[image]),
                    )
                )
                keep = kept_positives(self.assigner.match_costs, noisy, matching, truth, meta, groups)
            labels[image, place] = torch.where(keep, truth.labels, self.num_classes)
            targets[image, place] = (truth.bboxes / factor).to(targets.dtype)
            weights[image, place] = 1
            positives, kept = positives + place.numel(), kept + int(keep.sum())
        factor = kept + (labels.numel() - kept) * self.bg_cls_weight
        return self._losses(noisy_scores, noisy_boxes, labels, targets, weights, factor, positives, batch_img_metas)

    @staticmethod
    def _positive_places(count: int, queries: int, groups: int, device: torch.device) -> Tensor:
        """Places of the positive queries of an image with so many annotations: (groups, count)."""
        group = torch.arange(groups, device=device)[:, None] * (queries // groups)
        return group + torch.arange(count, device=device)

    def _losses(
        self,
        scores: Tensor,
        boxes: Tensor,
        labels: Tensor,
        targets: Tensor,
        weights: Tensor,
        class_factor: float,
        box_factor: float,
        metas: list[dict],
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Class, L1 and region loss of (B, Q, ...) predictions against their targets."""
        if not scores.numel():
            nothing = scores.sum() + boxes.sum()
            return nothing, nothing, nothing
        factors = scores.new_tensor([class_factor, box_factor])
        synchronised = reduce_mean(factors)
        per_class = max((synchronised if self.sync_cls_avg_factor else factors)[0].item(), 1)
        per_box = max(synchronised[1].item(), 1)
        loss_cls = self.loss_cls(
            scores.flatten(0, 1), labels.flatten(), torch.ones_like(labels.flatten()).to(scores), avg_factor=per_class
        )
        sizes = torch.stack([normaliser(meta['img_shape'], boxes) for meta in metas])[:, None]
        given, wanted, weights = (
            part.flatten(0, 1) for part in ((boxes * sizes).float(), (targets * sizes).float(), weights)
        )
        loss_iou = self.loss_iou(given, wanted, weights, avg_factor=per_box)
        loss_bbox = self.loss_bbox(boxes.flatten(0, 1), targets.flatten(0, 1), weights, avg_factor=per_box)
        return loss_cls, loss_bbox, loss_iou

    def _predict_by_feat_single(
        self, cls_score: Tensor, bbox_pred: Tensor, img_meta: Mapping[str, Any], rescale: bool = True
    ) -> InstanceData:
        scores = cls_score.float().sigmoid().flatten()
        scores, index = scores.topk(min(self.test_cfg.get('max_per_img', len(cls_score)), len(scores)))
        height, width = img_meta['img_shape'][:2]
        boxes = bbox_pred[index // self.num_classes].float() * normaliser((height, width), bbox_pred).float()
        boxes[:, :4] = boxes[:, :4].clamp(min=0).minimum(boxes.new_tensor([width, height, width, height]))
        if rescale:
            boxes[:, :4] /= boxes.new_tensor(img_meta['scale_factor']).repeat(2)
        return InstanceData(bboxes=boxes, scores=scores, labels=index % self.num_classes)
