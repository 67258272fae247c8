"""Which parts of an annotation a model has to find (SkySense++ specification, section 4.5)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from mmrs.errors import ConfigError
from mmrs.registry import TRANSFORMS


def clustered_mask(
    grid: tuple[int, int],
    number: int,
    smallest: int = 4,
    aspect: float = 0.3,
    rectangles: Any = None,
    cells: Any = None,
) -> NDArray[np.uint8]:
    """Masks rectangles until a number of cells is reached; then single cells are added or taken away.

    Args:
        grid: Rows and columns of cells.
        number: Cells that are masked in the end.
        smallest: Cells of the smallest rectangle.
        aspect: Least ratio of height to width; the greatest is its inverse.
        rectangles: ``uniform(low, high)`` and ``randint(low, high)``, both ends included: the module ``random`` or
            one of its generators. None draws from numpy's global source, which mmengine seeds in every worker.
        cells: ``choice``: ``numpy.random`` or one of its generators; None: the global one.

    Returns:
        (rows, columns), 1 where masked.

    Raises:
        ConfigError: There are not as many cells.
    """
    if not 0 <= number <= grid[0] * grid[1]:
        found = f'{number} of {grid[0]} x {grid[1]} cells'
        raise ConfigError('clustered_mask', found, 'at most all of them', 'Correct the grid or the ratio.')
    source = _FromNumpy if rectangles is None else rectangles
    mask = np.zeros(grid, np.uint8)
    while (left := number - int(mask.sum())) > 0:
        place = _rectangle(mask, left, smallest, aspect, source)
        if place is None:
            break
        mask[place] = 1
    wrong = int(mask.sum()) - number
    if wrong:
        rows, columns = np.nonzero(mask == (wrong > 0))
        chosen = (np.random if cells is None else cells).choice(len(rows), abs(wrong), replace=False)
        mask[rows[chosen], columns[chosen]] = wrong < 0
    return mask


class _FromNumpy:
    uniform = staticmethod(np.random.uniform)

    @staticmethod
    def randint(low: int, high: int) -> int:
        return int(np.random.randint(low, high + 1))


def _rectangle(
    mask: NDArray[np.uint8], left: int, smallest: int, aspect: float, source: Any, tries: int = 10
) -> tuple[slice, slice] | None:
    """A rectangle that masks at least one and at most ``left`` more cells."""
    limit = math.log(aspect)
    for _ in range(tries):
        area = source.uniform(smallest, left)
        ratio = math.exp(source.uniform(limit, -limit))
        height, width = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if height >= mask.shape[0] or width >= mask.shape[1]:
            continue
        top = source.randint(0, mask.shape[0] - height)
        first = source.randint(0, mask.shape[1] - width)
        place = slice(top, top + height), slice(first, first + width)
        if 0 < height * width - int(mask[place].sum()) <= left:
            return place
    return None


@TRANSFORMS.register_module()
class MaskAnnotation(BaseTransform):
    """Adds ``mask``, (rows, columns) uint8 of the cells whose annotation a model has to find.

    Args:
        grid: Rows and columns of cells; published: 8 x 4, two by two for a tile.
        ratio: Share of the cells that a clustered mask hides.
        lower_half: How often the lower half is hidden instead, as in evaluation: 1 does so always.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(self, grid: tuple[int, int] = (8, 4), ratio: float = 0.5, lower_half: float = 0.3) -> None:
        self.grid, self.ratio, self.lower_half = (int(grid[0]), int(grid[1])), ratio, lower_half
        if min(self.grid) < 1 or self.grid[0] % 2 or not 0 < ratio < 1 or not 0 <= lower_half <= 1:
            expected = 'rows by the pair, a ratio between 0 and 1, a probability'
            raise ConfigError('MaskAnnotation', repr(self), expected, 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Draws the mask."""
        rows, columns = self.grid
        if np.random.rand() < self.lower_half:
            mask = np.repeat(np.array([0, 1], np.uint8), rows // 2)[:, None].repeat(columns, axis=1)
        else:
            mask = clustered_mask(self.grid, int(self.ratio * rows * columns))
        results['mask'] = mask
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(grid={self.grid}, ratio={self.ratio}, lower_half={self.lower_half})'
