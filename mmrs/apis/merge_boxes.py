"""Boxes of overlapping tiles become boxes of the scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
import torch
from numpy.typing import NDArray

from mmrs.geo.grid import TileGrid
from mmrs.geo.vector import box_corners
from mmrs.ops.greedy import resolve
from mmrs.ops.rotated import RotatedBoxes

# A box that comes this close (px) to the edge of its tile may be cut.
EDGE = 2.0
# Boxes looked up, and pairs measured, at a time: bounds memory.
_LOOK_UP, _PAIRS = 1 << 14, 1 << 18

Floats = NDArray[np.float32]


@dataclass
class Boxes:
    """Detections.

    Attributes:
        boxes: (n, 4) of (x1, y1, x2, y2) or (n, 5) of (cx, cy, w, h, angle), in pixels and radians.
        scores: (n,).
        labels: (n,) class numbers.
    """

    boxes: Floats
    scores: Floats
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Boxes:
        return Boxes(self.boxes[index], self.scores[index], self.labels[index])


def extents(boxes: Floats) -> NDArray[np.float64]:
    """Smallest upright rectangles (x1, y1, x2, y2) around boxes, (n, 4)."""
    if boxes.shape[1] == 4:
        return boxes.astype(np.float64)
    corners = box_corners(boxes.astype(np.float64))
    return np.concatenate([corners.min(1), corners.max(1)], 1)


def on_data(boxes: Floats, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which boxes lie on pixels that hold something: half of their upright rectangle at least.

    Args:
        boxes: (n, 4) or (n, 5) in pixels of a tile.
        mask: (rows, columns) of the tile, False where the scene holds nothing. What lies beyond it does not count.
    """
    sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
    sums[1:, 1:] = mask.cumsum(0, dtype=np.int64).cumsum(1)
    around = extents(boxes)
    whole = np.rint(np.nan_to_num(around)).astype(np.int64)
    left, right = (whole[:, column].clip(0, mask.shape[1]) for column in (0, 2))
    top, bottom = (whole[:, column].clip(0, mask.shape[0]) for column in (1, 3))
    held = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return np.asarray(held * 2 >= np.maximum((right - left) * (bottom - top), 1))


class BoxMerger:
    """Collects the boxes of all tiles of a scene and resolves what several tiles saw.

    Boxes at the inner edge of their tile are dropped where the neighbouring tile holds all of them: they are cut, and
    the neighbour sees the whole object. Among the others, a box that reaches into the overlap of two tiles competes
    with the boxes of the same class from other tiles: of those whose IoU reaches the threshold the best score stays.
    Boxes of one tile never suppress each other: the model has decided about these.

    Args:
        grid: Tiles of the scene.
        iou: Threshold.
    """

    def __init__(self, grid: TileGrid, iou: float) -> None:
        self.grid, self.iou = grid, iou
        self._found: list[Boxes] = []
        self._tiles: list[NDArray[np.int32]] = []
        self._near: list[NDArray[np.bool_]] = []

    def add(self, row: int, column: int, found: Boxes) -> None:
        """Adds the boxes of a tile.

        Args:
            row: Row of the tile.
            column: Its column.
            found: Boxes in pixels from the tile's upper left corner; changed.
        """
        if not len(found):
            return
        columns, rows = self.grid.column_starts, self.grid.row_starts
        left, top = columns[column], rows[row]
        found.boxes[:, :2] += (left, top)
        if found.boxes.shape[1] == 4:
            found.boxes[:, 2:] += (left, top)
        around = extents(found.boxes)
        x, y = (around[:, :2] + around[:, 2:]).T / 2
        drop = (x < 0) | (y < 0) | (x > self.grid.width) | (y > self.grid.height) | ~np.isfinite(around).all(1)
        near = np.zeros(len(found), bool)
        axes = ((columns, column, self.grid.tile_width), (rows, row, self.grid.tile_height))
        for axis, (starts, place, size) in enumerate(axes):
            low, high = around[:, axis], around[:, axis + 2]
            if place > 0:
                end = starts[place - 1] + size
                near |= low < end
                drop |= (low <= starts[place] + EDGE) & (high < end - EDGE)
            if place + 1 < len(starts):
                near |= high > starts[place + 1]
                drop |= (high >= starts[place] + size - EDGE) & (low > starts[place + 1] + EDGE)
        self._found.append(found[~drop])
        self._near.append(near[~drop])
        self._tiles.append(np.full(int((~drop).sum()), row * len(columns) + column, np.int32))

    def finish(self, oriented: bool) -> Boxes:
        """Boxes of the scene, best score first.

        Args:
            oriented: What to return if there are none.
        """
        if not self._found:
            return Boxes(
                np.empty((0, 5 if oriented else 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64)
            )
        found = Boxes(
            *(np.concatenate([getattr(one, name) for one in self._found]) for name in ('boxes', 'scores', 'labels'))
        )
        tiles, near = np.concatenate(self._tiles), np.concatenate(self._near)
        # Equal scores keep the order of the tiles: the result does not depend on the sort.
        order = np.argsort(-found.scores, kind='stable')
        found, tiles, near = found[order], tiles[order], near[order]
        keep = np.ones(len(found), bool)
        competing = near.nonzero()[0]
        keep[competing] = _best(found[competing], tiles[competing], self.iou)
        return found[keep]


def _best(found: Boxes, tiles: NDArray[np.int32], threshold: float) -> NDArray[np.bool_]:
    """Which of the boxes, best score first, no better one from another tile suppresses."""
    sources, targets = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    figures = shapely.box(*extents(found.boxes).T)
    tree = shapely.STRtree(figures)
    for start in range(0, len(found), _LOOK_UP):
        first, second = tree.query(figures[start : start + _LOOK_UP])
        first = first + start
        rivals = (first < second) & (tiles[first] != tiles[second]) & (found.labels[first] == found.labels[second])
        first, second = first[rivals], second[rivals]
        same = overlaps(found.boxes, first, second) >= threshold
        sources.append(first[same])
        targets.append(second[same])
    better, worse = (torch.from_numpy(np.concatenate(part)) for part in (sources, targets))
    return resolve(better, worse, len(found)).numpy()


def overlaps(boxes: Floats, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """IoU of pairs of boxes.

    Args:
        boxes: (n, 4) or (n, 5).
        first: Index of one box of each pair, (k,).
        second: Index of the other.
    """
    if boxes.shape[1] == 4:
        one, other = boxes[first].astype(np.float64), boxes[second].astype(np.float64)
        shared = np.minimum(one[:, 2:], other[:, 2:]) - np.maximum(one[:, :2], other[:, :2])
        area = shared.clip(0).prod(1)
        total = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1) - area
        return area / np.maximum(total, 1e-9)
    shapes = RotatedBoxes(torch.from_numpy(boxes))
    parts = zip(torch.from_numpy(first).split(_PAIRS), torch.from_numpy(second).split(_PAIRS), strict=True)
    return torch.cat([shapes.pair_iou(one, shapes, other) for one, other in parts]).numpy()
