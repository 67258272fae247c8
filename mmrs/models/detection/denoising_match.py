"""Which denoising queries keep their class (CGEarthEye specification, section 2.3: adaptive query denoising)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from torch import Tensor


@torch.no_grad()
def kept_positives(
    costs: Sequence[Any],
    noisy: InstanceData,
    matching: InstanceData,
    truth: InstanceData,
    meta: Mapping[str, Any],
    groups: int,
) -> Tensor:
    """Matches the positive denoising queries of each group, together with all matching queries, to the annotations.

    The groups are independent of each other: one large matching whose blocks are kept apart by a high cost (as in the
    original) finds the same pairs.

    Args:
        costs: Matching costs; their sum counts.
        noisy: ``scores`` (groups * K, classes) and ``bboxes`` of the positive denoising queries, group by group, in the
            order of the annotations.
        matching: Those of the matching queries, Q of them.
        truth: K annotations.
        meta: With ``img_shape``.
        groups: Number of groups.

    Returns:
        (groups, K), True where an annotation is matched to its own query.
    """
    both = InstanceData.cat([noisy, matching])
    cost = torch.stack([one(both, truth, meta) for one in costs]).sum(0).double().cpu()
    count = len(truth)
    queries = cost[groups * count :]
    kept = torch.zeros(groups, count, dtype=torch.bool)
    for group in range(groups):
        block = torch.cat([cost[group * count : (group + 1) * count], queries])
        rows, columns = linear_sum_assignment(block.numpy())
        kept[group, columns[rows == columns]] = True
    return kept.to(noisy.bboxes.device)
