"""Batches of crops with their masks, made in the workers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mmrs.datasets.transforms.patch_mask import draw_masks
from mmrs.registry import FUNCTIONS


@FUNCTIONS.register_module()
def collate_crops(
    samples: Sequence[dict[str, Tensor]],
    patch_size: int = 14,
    mask_ratio: Sequence[float] = (0.1, 0.5),
    mask_probability: float = 0.5,
) -> dict[str, Any]:
    """Stacks what :class:`mmrs.datasets.transforms.SeasonalCrops` makes, and masks global crops.

    Args:
        samples: (crops, C, h, w) by name.
        patch_size: Of the backbone.
        mask_ratio: See :func:`mmrs.datasets.transforms.draw_masks`.
        mask_probability: Likewise.

    Returns:
        ``inputs``: (crops, B, C, h, w) by name. ``masks``: (global crops * B, patches) bool.
    """
    inputs = {name: torch.stack([sample[name] for sample in samples], dim=1) for name in samples[0]}
    views, batch, _, height, width = inputs['globals'].shape
    grid = (-(-height // patch_size), -(-width // patch_size))
    masks = draw_masks(views * batch, grid, mask_ratio, mask_probability)
    return {'inputs': inputs, 'masks': torch.from_numpy(masks)}
