"""Cuts images with boxes in DOTA's format into overlapping tiles that go by mmrotate's names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.box_files import write_dota
from mmrs.datasets.box_windows import show
from mmrs.datasets.boxes import Box, read_boxes, wrong_box
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.tiling import raster_size, write_tile
from mmrs.errors import DataError
from mmrs.geo.gdal import replacing
from mmrs.geo.grid import TileGrid

SUFFIXES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.bmp')
NAME = re.compile(r'(.+)__(\d+)__(\d+)___(\d+)')
SETTINGS = 'tiles.json'


@dataclass(frozen=True)
class Tiling:
    """How images are cut.

    Attributes:
        size: Side of a tile in pixels that the network will see.
        overlap: Pixels that neighbours share at least; an object of no more than that lies whole in some tile.
        rates: Factors by which the image would be resized; a tile of rate 0.5 covers ``2 * size`` pixels.
        least: Least share of an object's area (IoF) in a tile that keeps it.
        cut: Whether objects that reach over the edge become the part that is seen.
        keep_empty: Whether tiles without an object are written where there are annotations.
    """

    size: int = 1024
    overlap: int = 200
    rates: tuple[float, ...] = (1.0,)
    least: float = 0.7
    cut: bool = False
    keep_empty: bool = True

    def check(self) -> None:
        """Refuses settings that no image can be cut with.

        Raises:
            DataError: Naming the option.
        """
        bad = [('--size', self.size, 'at least 16 pixels', self.size >= 16),
               ('--overlap', self.overlap, f'0 to {self.size - 1}', 0 <= self.overlap < self.size),
               ('--iof', self.least, 'above 0 and at most 1', 0 < self.least <= 1),
               ('--rates', self.rates, 'numbers from 0.1 to 10', bool(self.rates) and
                all(0.1 <= rate <= 10 for rate in self.rates))]  # fmt: skip
        for option, value, expected, good in bad:
            if not good:
                raise DataError(option, str(value), expected, 'Choose another value.')

    def windows(self, height: int, width: int) -> Iterator[tuple[int, int, int]]:
        """Left, top and side of every tile of an image, in pixels of the image."""
        for rate in self.rates:
            side = max(round(self.size / rate), 1)
            grid = TileGrid(height, width, side, min(round(self.overlap / rate), side - 1))
            for window in grid:
                yield int(window.col_off), int(window.row_off), side


@dataclass
class Cut:
    """What cutting did: images cut, images that were complete already, tiles and objects written."""

    images: int = 0
    kept: int = 0
    tiles: int = 0
    empty: int = 0
    objects: int = 0
    left_out: int = 0


def tile_name(image: str, side: int, left: int, top: int) -> str:
    """Name of a tile without suffix, as mmrotate's metric reads it."""
    return f'{image}__{side}__{left}___{top}'


def place_of(tile: str) -> tuple[str, int, int]:
    """Image, left and top of a tile by its name.

    Raises:
        DataError: If the name is not one of a tile.
    """
    found = NAME.fullmatch(tile)
    if found is None:
        raise DataError(tile, 'a name without a place', 'IMAGE__SIDE__LEFT___TOP', 'Cut images with this tool.')
    return found[1], int(found[3]), int(found[4])


def cut_images(
    images: Path,
    labels: Path | None,
    out: Path,
    tiling: Tiling,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Cut:
    """Cuts all images of a folder.

    ``out`` gets ``images/*.png`` and ``annfiles/*.txt``. Every file appears when it is complete; an image whose tiles
    are all there is left as it is, so that a broken run goes on. Boxes with two corners in one place, or wholly
    outside their image, are left out and counted. At the right and lower edge of an image smaller than a tile the
    tile is filled with zeros.

    Args:
        images: Folder of images of 8 bits.
        labels: Folder of their boxes in DOTA's format; None cuts images alone.
        out: Folder to write to.
        tiling: How to cut.
        overwrite: Replace tiles of other settings.
        dry_run: Count only.
        progress: Called with the number of images done and in all.

    Raises:
        DataError: If a folder or a file of boxes is missing or broken, or ``out`` holds tiles of other settings.
        RasterError: If an image cannot be read.
    """
    tiling.check()
    paths = _images(images)
    if labels is not None:
        missing = [path.stem for path in paths if not (labels / f'{path.stem}.txt').is_file()]
        if missing:
            found = f'no {missing[0]}.txt ({len(missing)} of {len(paths)} are missing)'
            raise DataError(
                labels, found, 'a file of boxes for each image', 'Restore it; an empty file means no object.'
            )
    if not dry_run:
        _claim(out, tiling, overwrite)
    result = Cut()
    for done, path in enumerate(paths):
        progress(done, len(paths))
        _cut_image(path, labels, out, tiling, dry_run, result)
    progress(len(paths), len(paths))
    return result


def _images(folder: Path) -> list[Path]:
    paths = sorted(path for path in folder.glob('*') if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(folder, 'no image', f'images ({", ".join(SUFFIXES)})', 'Name the folder that holds them.')
    stems = {path.stem: path for path in reversed(paths)}
    twice = next((path for path in paths if stems[path.stem] != path), None)
    if twice is not None:
        raise DataError(twice, f'the name of {stems[twice.stem]}', 'names that differ', 'Remove or rename one.')
    return paths


def _claim(out: Path, tiling: Tiling, overwrite: bool) -> None:
    settings = json.dumps(asdict(tiling))
    path = out / SETTINGS
    if path.is_file() and path.read_text() != settings:
        if not overwrite:
            raise DataError(out, 'tiles of other settings', 'an empty folder', 'Name another, or add --overwrite.')
        for kind in ('images', 'annfiles'):
            for old in (out / kind).glob('*__*___*'):
                old.unlink()
    if not path.is_file() or overwrite:
        with replacing(path) as temporary:
            temporary.write_text(settings)


def _cut_image(path: Path, labels: Path | None, out: Path, tiling: Tiling, dry_run: bool, result: Cut) -> None:
    pixels: NDArray[np.uint8] | None = None
    height, width = raster_size(path)
    boxes = [] if labels is None else _usable(read_boxes(labels / f'{path.stem}.txt'), (width, height), result)
    quads = np.array([box.corners for box in boxes]).reshape(-1, 4, 2)
    written = False
    for left, top, side in tiling.windows(height, width):
        shown = show(quads, (left, top, left + side, top + side), tiling.least, tiling.cut)
        if labels is not None and not len(shown.index):
            result.empty += 1
            if not tiling.keep_empty:
                continue
        result.tiles += 1
        result.objects += len(shown.index)
        name = tile_name(path.stem, side, left, top)
        picture, notes = out / 'images' / f'{name}.png', out / 'annfiles' / f'{name}.txt'
        if dry_run or (picture.is_file() and (labels is None or notes.is_file())):
            continue
        pixels = _read(path) if pixels is None else pixels
        write_tile(picture, pixels[top : top + side, left : left + side], side)
        if labels is not None:
            with replacing(notes) as temporary:
                chosen = [boxes[index] for index in shown.index]
                write_dota(temporary, shown.quads, [box.name for box in chosen], [box.difficult for box in chosen])
        written = True
    result.images += written or dry_run
    result.kept += not (written or dry_run)


def _usable(boxes: Sequence[Box], size: tuple[int, int], result: Cut) -> list[Box]:
    good = [box for box in boxes if wrong_box(box, size) is None]
    result.left_out += len(boxes) - len(good)
    return good


def _read(path: Path) -> NDArray[np.uint8]:
    pixels = read_pixels(path)
    if pixels.dtype != np.uint8 or len(pixels) not in (1, 3):
        raise DataError(path, f'{len(pixels)} band(s) of {pixels.dtype}', '1 or 3 of 8 bits', 'Convert the image.')
    return np.moveaxis(pixels, 0, -1)
