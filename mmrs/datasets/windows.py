"""Windows of large scenes: where they lie, and the one warp that makes a training sample of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

Size = tuple[int, int]
# What OpenCV resizes and warps; the rest goes through a wider type.
CV_TYPES = tuple(map(np.dtype, ('uint8', 'uint16', 'int16', 'float32', 'float64')))


@dataclass(frozen=True)
class WindowWarp:
    """A window of a scene, and how it becomes a sample: one scale for each axis, a turn about its centre, flips.

    Attributes:
        scene: Rows and columns of the scene.
        window: Columns and rows inside the scene.
        size: Rows and columns of the sample.
        angle: Degrees by which the content turns clockwise.
        flips: Whether it is mirrored left to right, and top to bottom.
    """

    scene: Size
    window: Window
    size: Size
    angle: float = 0.0
    flips: tuple[bool, bool] = (False, False)

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): (x, y, 1) in the sample to (column, row) in the scene, both in pixels from the upper left corner."""
        rows, columns = self.size
        scale = np.diag([self.window.width / columns, self.window.height / rows])
        mirror = np.diag([-1.0 if flipped else 1.0 for flipped in self.flips])
        turn = math.radians(-self.angle)
        turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        linear = turned @ scale @ mirror
        centre = [self.window.col_off + self.window.width / 2, self.window.row_off + self.window.height / 2]
        return np.column_stack([linear, centre - linear @ [columns / 2, rows / 2]])

    def source(self) -> Window:
        """What has to be read: the window itself, or around a turned one all that it needs of the scene."""
        if not self.angle:
            return self.window
        (rows, columns), corners = self.size, self.matrix()
        places = corners @ np.array([[0, columns, 0, columns], [0, 0, rows, rows], [1, 1, 1, 1]])
        limits = [self.scene[1], self.scene[0]]
        low = np.clip(np.floor(places.min(1)) - 1, 0, limits).astype(int)  # one more for interpolation
        high = np.clip(np.ceil(places.max(1)) + 1, 0, limits).astype(int)
        return Window(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))

    def coarse(self) -> Size | None:
        """Rows and columns at which to read the source where the sample needs half of them or fewer, else None."""
        steps = (self.window.height / self.size[0], self.window.width / self.size[1])
        factor = 2 ** int(math.log2(max(1.0, min(steps))))
        source = self.source()
        return None if factor == 1 else (math.ceil(source.height / factor), math.ceil(source.width / factor))

    def __call__(self, pixels: NDArray[Any], smooth: bool, outside: float | None = None) -> NDArray[Any]:
        """Warps what was read.

        Args:
            pixels: (rows, columns) or (rows, columns, bands) of the source, or coarser.
            smooth: Interpolate linearly; else take the nearest pixel, as classes need it.
            outside: Value where a turned window leaves the scene; None repeats the scene's edge.

        Returns:
            (rows, columns[, bands]) of the sample, in the dtype of ``pixels``.
        """
        if self.angle:
            return _in_cv_type(lambda part: self._turned(part, smooth, outside), pixels)
        if pixels.shape[:2] == self.size and not any(self.flips):
            return pixels
        return _in_cv_type(lambda part: self._upright(part, smooth), pixels)

    def _upright(self, pixels: NDArray[Any], smooth: bool) -> NDArray[Any]:
        if pixels.shape[:2] != self.size:
            how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST_EXACT
            pixels = cv2.resize(pixels, self.size[::-1], interpolation=how)
        if any(self.flips):
            pixels = cv2.flip(pixels, -1 if all(self.flips) else int(self.flips[0]))
        return pixels

    def _turned(self, pixels: NDArray[Any], smooth: bool, outside: float | None) -> NDArray[Any]:
        source = self.source()
        finer = np.array([pixels.shape[1] / source.width, pixels.shape[0] / source.height])
        matrix = self.matrix()
        matrix[:, 2] -= source.col_off, source.row_off
        matrix *= finer[:, None]
        # OpenCV counts from the centre of the first pixel.
        matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
        how = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
        value = [0.0 if outside is None else outside] * 4
        return cv2.warpAffine(pixels, matrix, self.size[::-1], flags=how, borderMode=border, borderValue=value)


def draw_window(scene: Size, crop: Size, ratio: float, blocks: Size | None = None) -> tuple[Window, Size]:
    """Draws a window evenly from all that lie in a scene.

    With ``blocks`` it is drawn from those that touch the fewest blocks: first the blocks, all alike, then a place in
    them. What differs is which pixels share a sample, those on two sides of a block's edge seldom do; and that the
    last rows and columns, where blocks are cut off, are seen in windows that end at the scene's edge.

    Args:
        scene: Rows and columns of the scene.
        crop: Rows and columns of the sample.
        ratio: Pixels of the sample for one of the scene.
        blocks: Rows and columns of the blocks in which the file stores pixels.

    Returns:
        The window and the size of the sample, smaller than ``crop`` where the scene is smaller than the window.
    """
    places, sizes, samples = [], [], []
    for axis in (0, 1):
        wanted = max(1, round(crop[axis] / ratio))
        size = min(wanted, scene[axis])
        places.append(_place(scene[axis], size, None if blocks is None else blocks[axis]))
        sizes.append(size)
        samples.append(crop[axis] if size == wanted else max(1, min(crop[axis], round(size * ratio))))
    return Window(places[1], places[0], sizes[1], sizes[0]), (samples[0], samples[1])


def _place(length: int, size: int, block: int | None) -> int:
    """First row or column of a window."""
    if block is None:
        return int(np.random.randint(0, length - size + 1))
    whole = (length - size) // block  # the last block at which a window may begin
    spare = math.ceil(size / block) * block - size
    cut_off = whole * block + spare < length - size  # the scene goes on beyond what that block's windows reach
    first = int(np.random.randint(0, whole + 1 + cut_off))
    if first > whole:
        return length - size
    return first * block + int(np.random.randint(0, min(spare, length - size - first * block) + 1))


def grid_windows(scene: Size, largest: Size) -> list[Window]:
    """Windows that cover a scene once, row by row, equal in size but for a pixel.

    Args:
        scene: Rows and columns of the scene.
        largest: Rows and columns that none exceeds.
    """
    edges = [
        np.linspace(0, length, math.ceil(length / size) + 1).round().astype(int).tolist()
        for length, size in zip(scene, largest, strict=True)
    ]
    rows, columns = (list(zip(axis[:-1], axis[1:], strict=True)) for axis in edges)
    return [Window(left, top, right - left, bottom - top) for top, bottom in rows for left, right in columns]


def _in_cv_type(warp: Callable[[NDArray[Any]], NDArray[Any]], pixels: NDArray[Any]) -> NDArray[Any]:
    """Warps pixels of any real dtype and number of bands: OpenCV takes few of both."""
    kind = pixels.dtype
    if kind not in CV_TYPES:
        warped = _in_cv_type(warp, pixels.astype(np.float64 if kind.itemsize > 2 else np.float32))
        return (np.rint(warped) if kind.kind in 'iub' else warped).astype(kind)
    if pixels.ndim == 2:
        return warp(pixels)
    parts = [warp(np.ascontiguousarray(pixels[..., first : first + 4])) for first in range(0, pixels.shape[2], 4)]
    parts = [part if part.ndim == 3 else part[..., None] for part in parts]  # OpenCV drops the axis of a single band
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
