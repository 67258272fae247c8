"""Random block masks for reconstruction pre-training (MaRS specification, section 3.5)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmrs.errors import ConfigError
from mmrs.registry import TRANSFORMS


def block_mask(
    size: tuple[int, int],
    mask_patch_size: int = 32,
    patch_size: int = 4,
    mask_ratio: float = 0.6,
    rng: np.random.Generator | np.random.RandomState | None = None,
) -> np.ndarray:
    """Draws a mask whose cells are large blocks, at the resolution of the patches.

    Args:
        size: Height and width of the image in pixels.
        mask_patch_size: Side of a block in pixels; the stride of the encoder makes one block one token.
        patch_size: Side of a patch in pixels.
        mask_ratio: Share of the blocks that is masked, rounded up.
        rng: Source of randomness; None: numpy's global one, which mmengine seeds in every worker.

    Returns:
        (H / patch_size, W / patch_size) uint8, 1 where masked.

    Raises:
        ConfigError: The sizes do not divide, or the ratio is not from 0 to 1.
    """
    blocks, repeat = tuple(side // mask_patch_size for side in size), mask_patch_size // patch_size
    if any(side % mask_patch_size for side in size) or mask_patch_size % patch_size or not all(blocks):
        found = f'{size[0]} x {size[1]} pixels, blocks of {mask_patch_size}, patches of {patch_size}'
        raise ConfigError('mask_patch_size', found, 'each a divisor of the one before', 'Change one of them.')
    if not 0 <= mask_ratio <= 1:
        raise ConfigError('mask_ratio', f'{mask_ratio}', 'from 0 to 1', 'Correct the ratio.')
    number = blocks[0] * blocks[1]
    permutation = np.random.permutation if rng is None else rng.permutation
    mask = np.zeros(number, np.uint8)
    mask[permutation(number)[: math.ceil(number * mask_ratio)]] = 1
    return mask.reshape(blocks).repeat(repeat, 0).repeat(repeat, 1)


@TRANSFORMS.register_module()
class BlockMask(BaseTransform):
    """Adds ``mask`` to a sample, drawn for the size of its ``img``.

    Args:
        mask_patch_size: See :func:`block_mask`.
        patch_size: See :func:`block_mask`.
        mask_ratio: See :func:`block_mask`.
    """

    def __init__(self, mask_patch_size: int = 32, patch_size: int = 4, mask_ratio: float = 0.6) -> None:
        self.mask_patch_size, self.patch_size, self.mask_ratio = mask_patch_size, patch_size, mask_ratio

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Adds the mask, (H / patch, W / patch) uint8."""
        height, width = results['img'].shape[:2]
        results['mask'] = block_mask((height, width), self.mask_patch_size, self.patch_size, self.mask_ratio)
        return results
