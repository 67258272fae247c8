"""Where classes lie in large labels, so that a place with a wanted class is found without reading all of it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int32]


def count_blocks(labels: NDArray[np.uint8], side: int, classes: int) -> Counts:
    """How many pixels of every class lie in square blocks.

    Args:
        labels: (H, W) class indices.
        side: Pixels of a block; blocks at the lower and right edge may be smaller.
        classes: Number of classes.

    Returns:
        (classes, rows, columns) of blocks.
    """
    rows, columns = (-(-length // side) for length in labels.shape)
    offsets = (np.arange(labels.shape[1]) // side * 256).astype(np.int64)
    counts = np.empty((rows, columns, 256), np.int32)
    for row in range(rows):  # a strip at a time: memory does not grow with the label
        codes = labels[row * side : (row + 1) * side] + offsets
        counts[row] = np.bincount(codes.ravel(), minlength=columns * 256).reshape(columns, 256)
    return np.ascontiguousarray(counts[..., :classes].transpose(2, 0, 1))


def draw_block(counts: NDArray[np.int32], random: Any) -> tuple[int, int] | None:
    """The block of a pixel that is drawn evenly from all of a class.

    Args:
        counts: (rows, columns) pixels of the class.
        random: ``randint``: ``numpy.random`` or one of its ``RandomState``.

    Returns:
        Row and column; None if there is no such pixel.
    """
    sums = np.cumsum(counts, dtype=np.int64)
    if not sums[-1]:
        return None
    place = int(np.searchsorted(sums, random.randint(0, int(sums[-1])), side='right'))
    return divmod(place, counts.shape[1])


class BlockStore:
    """Counts of the labels that were used last.

    Args:
        capacity: Labels to remember.
    """

    def __init__(self, capacity: int = 256) -> None:
        self.capacity = capacity
        self._kept: OrderedDict[tuple[str, int], Counts] = OrderedDict()

    def get(self, path: str, side: int, count: Callable[[], Counts]) -> Counts:
        """Counts of a label.

        Args:
            path: Its file.
            side: Pixels of a block.
            count: Counts them, when they are not there.
        """
        key = (path, side)
        if key not in self._kept:
            self._kept[key] = count()
        self._kept.move_to_end(key)
        if len(self._kept) > self.capacity:
            self._kept.popitem(last=False)
        return self._kept[key]
