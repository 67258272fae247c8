"""Regions of equal value as polygons, from rows that arrive a few at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes

Polygons = NDArray[np.object_]


def stream_polygons(
    chunks: Iterable[tuple[int, NDArray[Any]]], height: int, skip: Collection[int] = ()
) -> Iterator[tuple[Polygons, NDArray[np.int64]]]:
    """Polygons of 4-connected pixels of equal value, as if the raster were traced in one piece.

    Each chunk of rows is traced alone; pieces that touch its edges wait until no further row can extend them and are
    then joined. Memory holds one chunk and the regions that are still growing.

    Args:
        chunks: First row and (rows, columns) of integers, from top to bottom without gaps.
        height: Rows of the raster.
        skip: Values that make no polygon.

    Yields:
        Polygons in (column, row) coordinates, corner at 0, and their values.
    """
    seam = _Seam()
    for start, values in chunks:
        polygons, labels, points, owners = _trace(start, values, skip)
        top = _line(points, owners, start, values.shape[1])
        bottom = _line(points, owners, start + len(values), values.shape[1])
        last = start + len(values) >= height
        open_ = np.zeros(len(polygons), bool)
        open_[top[top >= 0]] = start > 0
        open_[bottom[bottom >= 0]] |= not last
        nodes = seam.add(polygons, labels, open_)
        seam.join(_renamed(top, nodes), values[0])
        seam.advance(_renamed(bottom, nodes) if not last else None, values[-1])
        yield polygons[~open_], labels[~open_]
        yield seam.finished()


class _Seam:
    """Pieces that touch the line below the last row, and which of them belong together."""

    def __init__(self) -> None:
        self.line: NDArray[np.int64] | None = None  # node of each pixel in the last row, -1 without
        self.row: NDArray[Any] | None = None  # its values
        self.alive: set[int] = set()  # roots on that line
        self.parent: dict[int, int] = {}
        self.pieces: dict[int, list[Any]] = {}  # by root
        self.values: dict[int, int] = {}
        self.count = 0

    def add(self, polygons: Polygons, labels: NDArray[np.int64], open_: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Gives every open polygon a node; the others have -1."""
        nodes = np.full(len(polygons), -1, np.int64)
        for index in np.flatnonzero(open_):
            node = nodes[index] = self.count
            self.count += 1
            self.parent[node], self.pieces[node], self.values[node] = node, [polygons[index]], int(labels[index])
        return nodes

    def join(self, top: NDArray[np.int64], row: NDArray[Any]) -> None:
        """Ties pieces above the line to those below where both have the same value."""
        if self.line is None or self.row is None:
            return
        same = (self.line >= 0) & (top >= 0) & (self.row == row)
        pairs = np.stack([self.line[same], top[same]])
        pairs = pairs[:, _run_starts(pairs)]
        for above, below in set(zip(*pairs.tolist(), strict=True)):
            kept, merged = self.root(above), self.root(below)
            if kept == merged:
                continue
            if len(self.pieces[kept]) < len(self.pieces[merged]):
                kept, merged = merged, kept
            self.parent[merged] = kept
            self.pieces[kept] += self.pieces.pop(merged)

    def root(self, node: int) -> int:
        while self.parent[node] != node:
            self.parent[node] = self.parent[self.parent[node]]
            node = self.parent[node]
        return node

    def advance(self, bottom: NDArray[np.int64] | None, row: NDArray[Any]) -> None:
        """Moves the line below the rows just added, and forgets nodes that no longer touch it."""
        self.line, self.row, self.alive = None, row, set()
        if bottom is None:
            return
        starts = _run_starts(bottom[None])
        nodes = bottom[starts].tolist()
        roots = {node: self.root(node) if node >= 0 else -1 for node in set(nodes)}
        lengths = np.diff(np.append(starts, len(bottom)))
        self.line = np.repeat(np.array([roots[node] for node in nodes], np.int64), lengths)
        self.alive = set(roots.values())

    def finished(self) -> tuple[Polygons, NDArray[np.int64]]:
        """Regions that no longer touch the line, each joined into one polygon."""
        done = [root for root in self.pieces if root not in self.alive]
        polygons, values = np.empty(len(done), object), np.array([self.values[root] for root in done], np.int64)
        for index, root in enumerate(done):
            pieces = self.pieces.pop(root)
            polygons[index] = pieces[0] if len(pieces) == 1 else _without_seams(shapely.union_all(pieces))
        self.parent = {root: root for root in self.pieces}
        self.values = {root: self.values[root] for root in self.pieces}
        return polygons, values


def _without_seams(polygon: Any) -> Any:
    """Drops the vertices that joining left in the middle of straight edges."""
    return shapely.simplify(polygon, 0)


def _trace(
    start: int, values: NDArray[Any], skip: Collection[int]
) -> tuple[Polygons, NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Polygons of a chunk, their values, all vertices (x, y) and the polygon and ring that each belongs to."""
    keep = ~np.isin(values, list(skip))
    image = values if values.dtype in (np.uint8, np.uint16, np.int16, np.int32) else values.astype(np.int32)
    vertices: list[tuple[float, float]] = []
    ring_ends, polygon_ends, labels = [0], [0], []
    for geometry, value in shapes(image, mask=keep, connectivity=4):
        for ring in geometry['coordinates']:
            vertices += ring
            ring_ends.append(len(vertices))
        polygon_ends.append(len(ring_ends) - 1)
        labels.append(int(value))
    points = np.array(vertices, np.float64).reshape(-1, 2)
    points[:, 1] += start
    rings, ends = np.array(ring_ends), np.array(polygon_ends)
    polygons = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (rings, ends))
    owners = np.repeat(np.arange(len(labels)), np.diff(rings[ends]))
    return polygons, np.array(labels, np.int64), points, owners


def _line(points: NDArray[np.float64], owners: NDArray[np.int64], y: int, width: int) -> NDArray[np.int64]:
    """Polygon whose edge runs along row line ``y`` at each column, -1 where none does."""
    line = np.full(width, -1, np.int64)
    on = points[:, 1] == y
    # The end of one ring and the start of the next may both lie on the line; they belong to different rings, and
    # only the exterior of a polygon can reach the edge of its chunk.
    first = np.flatnonzero(on[:-1] & on[1:] & (owners[:-1] == owners[1:])) if len(points) else np.array([], int)
    x = np.sort(np.stack([points[first, 0], points[first + 1, 0]]).astype(np.int64), axis=0)
    lengths = x[1] - x[0]
    columns = np.repeat(x[0] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    line[columns] = np.repeat(owners[first], lengths)
    return line


def _run_starts(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a column of (rows, columns) differs from the one before; sorting whole rows of pixels would dominate."""
    changes = (columns[:, 1:] != columns[:, :-1]).any(axis=0)
    return np.flatnonzero(np.concatenate([np.ones(min(1, columns.shape[1]), bool), changes]))


def _renamed(line: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(line >= 0, nodes[line], -1) if len(nodes) else line
