"""Where every tile of a mosaic comes from, and where it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Box = tuple[int, int, int, int]  # top, left, rows, columns
Size = tuple[int, int]


@dataclass(frozen=True)
class Span:
    """A part of one axis of a tile, and of the mosaic.

    Attributes:
        source: First and last place in the tile, in cells.
        target: First and last pixel of the sample.
    """

    source: tuple[float, float]
    target: tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """How tiles become a sample; lengths are in cells, the pixels of the coarsest modality.

    Attributes:
        layout: Rows and columns of tiles, numbered down the columns.
        cells: Side of a tile.
        boxes: What is cut out of every tile, before it fills its place.
        flips: Whether it is mirrored left to right.
        crop: What is cut out of the mosaic.
    """

    layout: Size
    cells: int
    boxes: tuple[Box, ...]
    flips: tuple[bool, ...]
    crop: Box

    def position(self, tile: int) -> Size:
        """Row and column of a tile in the layout."""
        column, row = divmod(tile, self.layout[0])
        return row, column

    def visible(self) -> list[int]:
        """Tiles that are not cut off."""
        return [tile for tile, *_ in self.spans((1 << 20, 1 << 20))]

    def spans(self, size: Size) -> Iterator[tuple[int, Span, Span]]:
        """Visible tiles with the rows and columns that they fill.

        Borders of tiles go to the nearest pixel of the sample: images and labels are stretched alike, by less than a
        pixel.

        Args:
            size: Rows and columns of the sample in pixels.
        """
        for tile, box in enumerate(self.boxes):
            row, column = self.position(tile)
            down = self._span(row, box[0], box[2], self.crop[0], self.crop[2], size[0], False)
            right = self._span(column, box[1], box[3], self.crop[1], self.crop[3], size[1], self.flips[tile])
            if down is not None and right is not None:
                yield tile, down, right

    def _span(
        self, place: int, first: int, length: int, start: int, extent: int, pixels: int, flip: bool
    ) -> Span | None:
        low, high = max(place * self.cells, start), min((place + 1) * self.cells, start + extent)
        target = tuple(round((edge - start) * pixels / extent) for edge in (low, high))
        if high <= low or target[0] == target[1]:
            return None
        inner = (low - place * self.cells, high - place * self.cells)
        if flip:
            inner = (self.cells - inner[1], self.cells - inner[0])
        source = tuple(first + edge * length / self.cells for edge in inner)
        return Span((source[0], source[1]), (target[0], target[1]))


def draw_box(size: Size, area: tuple[float, float], aspect: tuple[float, float], random: Any, tries: int = 10) -> Box:
    """Draws a box by its share of the area and its ratio of width to height.

    Args:
        size: Rows and columns from which it is cut.
        area: Smallest and greatest share.
        aspect: Smallest and greatest ratio; logarithms are drawn evenly.
        random: ``uniform`` and ``randint``: ``numpy.random`` or one of its ``RandomState``.
        tries: Draws, before the largest box of a permitted ratio is taken from the middle.
    """
    height, width = size
    logs = [math.log(value) for value in aspect]
    for _ in range(tries):
        target = height * width * random.uniform(*area)
        ratio = math.exp(random.uniform(*logs))
        rows, columns = round(math.sqrt(target / ratio)), round(math.sqrt(target * ratio))
        if 0 < rows <= height and 0 < columns <= width:
            top, left = random.randint(0, height - rows + 1), random.randint(0, width - columns + 1)
            return int(top), int(left), rows, columns
    ratio = min(max(width / height, aspect[0]), aspect[1])
    rows, columns = min(height, round(width / ratio)), min(width, round(height * ratio))
    return (height - rows) // 2, (width - columns) // 2, rows, columns


def draw_geometry(
    layout: Size,
    cells: int,
    tile_area: tuple[float, float] | None,
    area: tuple[float, float] | None,
    flip: float,
    random: Any,
) -> Geometry:
    """Draws a geometry.

    Args:
        layout: Rows and columns of tiles.
        cells: Side of a tile.
        tile_area: Smallest and greatest share of a tile that fills its place, 3:4 to 4:3; None: all of it.
        area: Smallest and greatest share of the mosaic, in its own proportions times 3:4 to 4:3; None: all of it.
        flip: How often a tile is mirrored.
        random: ``numpy.random`` or one of its ``RandomState``.
    """
    number, whole = layout[0] * layout[1], (0, 0, cells, cells)
    mosaic = (layout[0] * cells, layout[1] * cells)
    squarish = (3 / 4, 4 / 3)
    boxes = tuple(
        whole if tile_area is None else draw_box((cells, cells), tile_area, squarish, random) for _ in range(number)
    )
    flips = tuple(bool(random.uniform() < flip) for _ in range(number))
    shape = mosaic[1] / mosaic[0]
    crop = (0, 0, *mosaic)
    if area is not None:
        crop = draw_box(mosaic, area, (shape * squarish[0], shape * squarish[1]), random)
    return Geometry(layout, cells, boxes, flips, crop)
