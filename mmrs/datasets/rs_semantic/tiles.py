"""Reads the tiles of a mosaic: labels, images, and series of dates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from mmrs.datasets.masks import IGNORE, as_uint8
from mmrs.datasets.pixels import ARRAY_SUFFIXES, read_pixels
from mmrs.datasets.rs_semantic.blocks import BlockStore, count_blocks, draw_block
from mmrs.datasets.rs_semantic.dates import day_of_year
from mmrs.datasets.rs_semantic.entries import Entry
from mmrs.datasets.rs_semantic.palettes import SemanticSet
from mmrs.datasets.series import choose_dates
from mmrs.datasets.windows import CV_TYPES
from mmrs.errors import DataError, RasterError
from mmrs.geo.scene_cache import SCENES
from mmrs.geo.sensors import SENSORS

PICTURES = ('.png', '.jpg', '.jpeg')
SERIES = dict(s2=SENSORS['sentinel2-l2a'], s1=SENSORS['sentinel1-grd'])
BANDS = {name: len(sensor.bands) for name, sensor in SERIES.items()}
BLOCKS = BlockStore()
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Place:
    """The part of an entry that becomes a tile.

    Attributes:
        entry: What it is part of.
        labels: (H, W) class indices, 255 for none of them.
        part: Top, left, height and width as shares of all its rasters.
    """

    entry: Entry
    labels: NDArray[np.uint8]
    part: tuple[float, float, float, float] = WHOLE


def find_place(entry: Entry, wanted: int, cells: int, scale: int, random: Any) -> Place:
    """Reads the label; of a large one a part around a pixel of the wanted class.

    Parts begin at whole cells, so that pixels of all modalities share their edges. (The original shifts those of high
    resolution by half a cell.)

    Args:
        entry: An annotated place.
        wanted: Class index.
        cells: Side of a tile, in pixels of Sentinel-2.
        scale: Pixels of high resolution for one of Sentinel-2.
        random: ``numpy.random`` or one of its ``RandomState``.

    Raises:
        RasterError: A raster cannot be read.
        DataError: A large label does not hold the class.
    """
    height, width = _size(entry.label)
    step = scale if 'hr' in entry.files else _coarse_step(entry, height)
    rows, columns = height // step, width // step
    if max(rows, columns) <= cells:
        return Place(entry, read_labels(entry.label, entry.kind))
    number = entry.kind.classes
    counts = BLOCKS.get(entry.label, step, lambda: count_blocks(read_labels(entry.label, entry.kind), step, number))
    block = draw_block(counts[wanted], random)
    if block is None:
        found = f'no pixel of class {wanted} of {entry.kind.name}'
        raise DataError(entry.label, found, 'the classes of its list', 'Correct "classes" in the list.')
    tall, wide = min(cells, rows), min(cells, columns)
    top, left = (
        min(max(place - cells // 2, 0), most) for place, most in zip(block, (rows - tall, columns - wide), strict=True)
    )
    window = Window(left * step, top * step, wide * step, tall * step)
    part = (top * step / height, left * step / width, tall * step / height, wide * step / width)
    return Place(entry, read_labels(entry.label, entry.kind, window), part)


def read_labels(path: str, kind: SemanticSet, window: Window | None = None) -> NDArray[np.uint8]:
    """Class indices of a label; values that are no class become 255.

    Args:
        path: A raster.
        kind: Its set.
        window: A part of it.

    Raises:
        RasterError: It cannot be read.
        DataError: It has the wrong bands, or values that are no whole numbers.
    """
    pixels = _read(path, window)
    if kind.coloured:
        if pixels.shape[0] < 3:
            fix = 'Give values instead of colours in palettes.'
            raise DataError(path, f'{pixels.shape[0]} bands', f'the colours of {kind.name}', fix)
        return _from_colours(pixels, np.asarray(kind.values))
    table = np.full(256, IGNORE, np.uint8)
    table[np.asarray(kind.values)] = np.arange(kind.classes)
    return np.asarray(cv2.LUT(np.ascontiguousarray(as_uint8(pixels[0], path)), table), np.uint8)


def _from_colours(pixels: NDArray[Any], colours: NDArray[Any]) -> NDArray[np.uint8]:
    if np.isin(colours, (0, 255)).all():  # such labels come with slightly impure colours
        codes = (pixels[0] >> 7) << 2 | (pixels[1] >> 7) << 1 | pixels[2] >> 7
        table = np.full(256, IGNORE, np.uint8)
        table[(colours > 0) @ [4, 2, 1]] = np.arange(len(colours))
        return table[codes]
    codes = pixels[0].astype(np.int32) << 16 | pixels[1].astype(np.int32) << 8 | pixels[2]
    known = colours @ [65536, 256, 1]
    order = np.argsort(known)
    place = np.searchsorted(known[order], codes).clip(max=len(known) - 1)
    return np.where(known[order][place] == codes, order[place], IGNORE).astype(np.uint8)


def read_image(place: Place) -> NDArray[Any] | None:
    """High-resolution image of a tile: (H, W, 3), red, green, blue; None if there is none.

    Raises:
        RasterError: It cannot be read, or lacks a band.
    """
    paths = place.entry.files.get('hr')
    if paths is None:
        return None
    path, bands = paths[0], place.entry.kind.hr_bands
    if path.lower().endswith(PICTURES) and place.part == WHOLE and bands in (None, (1, 2, 3)):
        image = cv2.imread(path, cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is not None and image.ndim == 3 and image.shape[2] == 3:  # else GDAL says what is wrong
            return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    pixels = _read(path, _window(path, place.part), bands)
    if len(pixels) != 3:
        raise RasterError(path, f'{len(pixels)} bands', 'red, green and blue', 'Give images of three bands.')
    kind = pixels.dtype if pixels.dtype in CV_TYPES else np.float32
    return np.nan_to_num(cv2.merge([band.astype(kind, copy=False) for band in pixels]), copy=False)


def read_series(
    place: Place, name: str, dates: int, evenly: bool = False, days: bool = False
) -> tuple[NDArray[Any], NDArray[np.int16] | None] | None:
    """A tile of Sentinel-2 or Sentinel-1.

    Args:
        place: The tile.
        name: ``s2`` or ``s1``.
        dates: Dates to take: different ones where there are enough. (The original repeats dates of single files.)
        evenly: Take them evenly spread instead of at random.
        days: Say when they were.

    Returns:
        (bands, dates, H, W), and the days of the year; None if there is no such image.

    Raises:
        RasterError: A file cannot be read, or has other bands.
        DataError: A date is asked for that cannot be told.
    """
    paths = place.entry.files.get(name)
    if paths is None:
        return None
    if len(paths) > 1:
        chosen = [paths[index] for index in choose_dates(len(paths), dates, evenly)]
        series = np.stack([_one_date(path, place, name) for path in chosen])
        when = [day_of_year(path) for path in chosen] if days else None
    else:
        pixels = _cut(_read(paths[0], None), place)
        pixels = pixels if pixels.ndim == 4 else pixels[None]
        picks = choose_dates(len(pixels), dates, evenly)
        series = pixels[picks]
        when = _archived_days(paths[0], len(pixels))[picks].tolist() if days else None
    if series.shape[1] != BANDS[name]:
        fix = 'Give the bands that the model was trained with, in its order.'
        raise RasterError(paths[0], f'{series.shape[1]} bands', f'{BANDS[name]} of {name}', fix)
    series = np.nan_to_num(np.moveaxis(series, 0, 1), copy=False)
    return series, None if when is None else np.asarray(when, np.int16)


def _one_date(path: str, place: Place, name: str) -> NDArray[Any]:
    pixels = _cut(_read(path, None), place)
    if pixels.ndim != 3:
        shape = ' x '.join(map(str, pixels.shape))
        raise RasterError(path, f'an array of {shape}', f'one date of {name}', 'List a series as a single path.')
    return pixels


def _archived_days(path: str, number: int) -> NDArray[np.int16]:
    """Days of a file that holds all dates: of its array ``date``, or of its name where it is a single one."""
    if not path.endswith('.npz'):
        return np.full(number, day_of_year(path), np.int16)
    with np.load(path, allow_pickle=False) as content:
        texts = content['date'].ravel().tolist() if 'date' in content.files else []
    if len(texts) != number:
        found = f'{len(texts)} dates for {number} images'
        raise DataError(path, found, 'one text for each in the array "date"', 'Save the dates beside the images.')
    return np.array([day_of_year(str(text), path) for text in texts], np.int16)


def _cut(pixels: NDArray[Any], place: Place) -> NDArray[Any]:
    side, cut = place.entry.kind.cut, place.entry.cut
    height, width = pixels.shape[-2:]
    if side is not None and cut is not None and min(height, width) > side:
        top, left = (min(max(c - side // 2, 0), length - side) for c, length in zip(cut, (height, width), strict=True))
        return pixels[..., top : top + side, left : left + side]
    if place.part == WHOLE:
        return pixels
    rows, columns = _slices(place.part, (height, width))
    return pixels[..., rows, columns]


def _slices(part: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[slice, slice]:
    found = []
    for axis in (0, 1):
        first = min(round(part[axis] * size[axis]), size[axis] - 1)
        found.append(slice(first, max(first + 1, round((part[axis] + part[axis + 2]) * size[axis]))))
    return found[0], found[1]


def _window(path: str, part: tuple[float, float, float, float]) -> Window | None:
    if part == WHOLE:
        return None
    rows, columns = _slices(part, _size(path))
    return Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


def _size(path: str) -> tuple[int, int]:
    if path.lower().endswith(ARRAY_SUFFIXES):
        shape = read_pixels(path).shape
        return int(shape[-2]), int(shape[-1])
    scene = SCENES.get(path)
    return scene.height, scene.width


def _coarse_step(entry: Entry, height: int) -> int:
    """Pixels of a label for one of Sentinel, where there is no image of high resolution."""
    name = 's2' if 's2' in entry.files else 's1'
    return max(1, round(height / _size(os.fspath(entry.files[name][0]))[0]))


def _read(path: str, window: Window | None, bands: tuple[int, ...] | None = None) -> NDArray[Any]:
    if path.lower().endswith(ARRAY_SUFFIXES):
        pixels = read_pixels(path, bands)
        if window is None:
            return pixels
        rows = slice(int(window.row_off), int(window.row_off + window.height))
        return pixels[..., rows, int(window.col_off) : int(window.col_off + window.width)]
    return SCENES.get(path, bands).read(window)
