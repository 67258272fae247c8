"""Contrastive denoising queries of oriented boxes (CGEarthEye specification, section 2.3, OBB)."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmdet.models.layers.transformer.dino_layers import CdnQueryGenerator
from mmdet.models.layers.transformer.utils import inverse_sigmoid
from torch import Tensor

from mmrs.errors import ConfigError


def normaliser(shape: tuple[int, int], like: Tensor) -> Tensor:
    """What boxes are divided by: width, height, width, height of the image and half a turn, (5,)."""
    height, width = shape[:2]
    return like.new_tensor([width, height, width, height, math.pi])


class RotatedDenoisingQueries(CdnQueryGenerator):
    """Noisy copies of annotations: a positive and a negative one of each in every group.

    Noise moves centre and sides by up to half the sides (positive) or by half to all of them (negative); the angle
    stays as it is.

    Args:
        max_num_groups: Cap on groups. The original gives it within ``group_cfg``, where nothing reads it, so that a
            batch with one annotation makes 100 groups; None reproduces that.
        group_cfg: ``dynamic`` and ``num_dn_queries`` (100), or ``num_groups``.
        **kwargs: As in mmdetection's ``CdnQueryGenerator``.

    Raises:
        ConfigError: If ``group_cfg`` holds a cap that would not act.
    """

    def __init__(self, max_num_groups: int | None = None, group_cfg: dict | None = None, **kwargs: Any) -> None:
        if 'max_num_groups' in (group_cfg or {}):
            fix = 'Move max_num_groups out of group_cfg; drop it to train as the original did.'
            raise ConfigError('dn_cfg.group_cfg', 'max_num_groups', 'dynamic, num_dn_queries, num_groups', fix)
        super().__init__(group_cfg=group_cfg, **kwargs)
        self.max_num_groups = max_num_groups

    def get_num_groups(self, max_num_target: int | None = None) -> int:
        """Groups for a batch whose fullest image has so many annotations."""
        groups = int(super().get_num_groups(max_num_target))
        return groups if self.max_num_groups is None else min(groups, self.max_num_groups)

    def __call__(self, batch_data_samples: list[Any]) -> tuple[Tensor, Tensor, Tensor, dict[str, int]]:
        """Makes the queries of a batch.

        Args:
            batch_data_samples: With ``img_shape`` and ``gt_instances``: ``bboxes`` (K, 5) in pixels and radians from 0
                to pi, and ``labels`` (K,).

        Returns:
            Content (B, D, C), boxes (B, D, 5) before the sigmoid, mask (D + Q, D + Q) of what attention may not see,
            and the numbers of queries and groups.
        """
        instances = [sample.gt_instances for sample in batch_data_samples]
        boxes = torch.cat(
            [one.bboxes / normaliser(sample.img_shape, one.bboxes)
             for one, sample in zip(instances, batch_data_samples, strict=True)]
        )  # fmt: skip
        labels = torch.cat([one.labels for one in instances])
        counts = [len(one) for one in instances]
        most = max(counts)
        groups = self.get_num_groups(most)
        image = torch.repeat_interleave(torch.tensor(counts, device=labels.device))
        content, references = self.collate_dn_queries(
            self.generate_dn_label_query(labels, groups),
            self.generate_dn_bbox_query(boxes, groups),
            image,
            len(counts),
            groups,
        )
        mask = self.generate_dn_mask(most, groups, device=content.device)
        return content, references, mask, dict(num_denoising_queries=most * 2 * groups, num_denoising_groups=groups)

    def generate_dn_bbox_query(self, gt_bboxes: Tensor, num_groups: int) -> Tensor:
        """Adds noise.

        Args:
            gt_bboxes: (K, 5), all in 0..1.
            num_groups: Number of groups.

        Returns:
            (groups * 2 * K, 5) before the sigmoid: of each group first the positive, then the negative copies.
        """
        boxes = gt_bboxes.repeat(num_groups, 2, 1, 1)  # (groups, 2, K, 5)
        amount = torch.rand_like(boxes[..., :4])
        amount[:, 1] += 1  # negative copies: from 1 to 2
        sign = torch.randint_like(amount, 0, 2) * 2 - 1
        half = boxes[..., 2:4].repeat(1, 1, 1, 2) / 2
        boxes[..., :4] += amount * sign * half * self.box_noise_scale
        return inverse_sigmoid(boxes.clamp(0, 1), eps=1e-3).flatten(0, 2)

    def collate_dn_queries(
        self, input_label_query: Tensor, input_bbox_query: Tensor, batch_idx: Tensor, batch_size: int, num_groups: int
    ) -> tuple[Tensor, Tensor]:
        """Sorts queries into images, padded with zeros to the fullest one.

        Args:
            input_label_query: (groups * 2 * K, C), K annotations of the whole batch.
            input_bbox_query: (groups * 2 * K, 5).
            batch_idx: Image of each annotation, ascending, (K,).
            batch_size: Number of images.
            num_groups: Number of groups.

        Returns:
            (B, D, C) and (B, D, 5), D = groups * 2 * annotations of the fullest image.
        """
        counts = batch_idx.bincount(minlength=batch_size)
        most, parts = int(counts.max()), num_groups * 2
        within = torch.arange(len(batch_idx), device=batch_idx.device) - (counts.cumsum(0) - counts)[batch_idx]
        slot = (torch.arange(parts, device=batch_idx.device)[:, None] * most + within).flatten()
        places = (batch_idx.repeat(parts), slot)
        queries = []
        for given in (input_label_query, input_bbox_query):
            padded = given.new_zeros(batch_size, most * parts, given.size(-1))
            padded[places] = given
            queries.append(padded)
        return queries[0], queries[1]
