"""Masks of patches for self-distillation: a few rectangles (CGEarthEye specification, section 5.5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmrs.errors import ConfigError

TRIES = 10
SMALLEST = 4  # patches of a rectangle
ASPECT = 0.3  # of the flattest rectangle


def patch_mask(grid: tuple[int, int], count: int) -> NDArray[np.bool_]:
    """Hides about ``count`` patches in rectangles that may overlap: up to two fewer on large grids, never more.

    Every rectangle adds at least one patch and at most as many as are missing, and is no larger than half of the grid.
    Random numbers are numpy's global ones, which mmengine seeds in every worker.

    Args:
        grid: Rows and columns of patches.
        count: Patches to hide.

    Returns:
        (rows, columns), True where hidden.
    """
    mask = np.zeros(grid, bool)
    missing = count
    while missing > 0:
        added = _add_rectangle(mask, missing)
        if not added:
            break
        missing -= added
    return mask


def _add_rectangle(mask: NDArray[np.bool_], missing: int) -> int:
    """Draws rectangles until one fits, and tells how many patches it hides anew."""
    rows, columns = mask.shape
    largest = min(missing, mask.size // 2)
    for _ in range(TRIES):
        area = np.random.uniform(min(SMALLEST, largest), max(SMALLEST, largest))
        aspect = math.exp(np.random.uniform(math.log(ASPECT), -math.log(ASPECT)))
        height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if not (0 < height < rows and 0 < width < columns):
            continue
        top, left = np.random.randint(0, rows - height + 1), np.random.randint(0, columns - width + 1)
        part = mask[top : top + height, left : left + width]
        added = part.size - int(part.sum())
        if 0 < added <= missing:
            part[:] = True
            return added
    return 0


def draw_masks(
    number: int, grid: tuple[int, int], ratio: Sequence[float] = (0.1, 0.5), probability: float = 0.5
) -> NDArray[np.bool_]:
    """Masks of a batch: some images have none, and the others' shares are spread evenly over a range.

    Args:
        number: Images.
        grid: Rows and columns of patches.
        ratio: Smallest and largest share of the patches; the k-th of n masks draws from the k-th of n equal slices.
        probability: Share of the images that are masked.

    Returns:
        (number, rows * columns) in random order, True where hidden.

    Raises:
        ConfigError: The ratio or probability is out of range.
    """
    if not 0 <= ratio[0] <= ratio[1] < 1 or not 0 <= probability <= 1:
        found, expected = f'{tuple(ratio)}, {probability}', 'ratios from 0 to less than 1, and a share from 0 to 1'
        raise ConfigError('mask_ratio, mask_probability', found, expected, 'Correct collate_fn of the config.')
    masks = np.zeros((number, math.prod(grid)), bool)
    masked = int(number * probability)
    edges = np.linspace(ratio[0], ratio[1], masked + 1)
    for index in range(masked):
        share = np.random.uniform(edges[index], edges[index + 1])
        masks[index] = patch_mask(grid, int(share * math.prod(grid))).ravel()
    return masks[np.random.permutation(number)]
