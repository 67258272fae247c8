"""Class indices from masks of any coding: indices, other values, grey levels or colours."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.pixels import read_pixels
from mmrs.errors import DataError, RasterError

IGNORE = 255
Path = str | os.PathLike[str]


def read_mask(
    path: Path,
    values: Mapping[int, int] | None = None,
    threshold: int | None = None,
    palette: Sequence[Sequence[int]] | None = None,
) -> NDArray[np.uint8]:
    """Reads a mask.

    Args:
        path: Raster or numpy file.
        values: Value in the file to class index, 255 for "ignore". Values that are not listed, apart from 255, are an
            error.
        threshold: For two classes drawn in grey: values from here on are class 1, below it 0.
        palette: Colour of each class, for masks that are RGB pictures; see :func:`from_colours`.

    Returns:
        (H, W) class indices; 255 means "ignore".

    Raises:
        DataError: If it cannot be read, has the wrong number of bands, or holds unknown values.
    """
    try:
        mask = read_pixels(path)
    except RasterError as error:
        raise unreadable_mask(path, error) from error
    return decode_mask(mask, path, values, threshold, palette)


def unreadable_mask(path: Path, error: RasterError) -> DataError:
    """What to say of a mask that GDAL or numpy cannot read."""
    return DataError(path, error.found, 'a readable mask', 'Restore the mask or drop its image.')


def decode_mask(
    mask: NDArray[Any],
    path: Path,
    values: Mapping[int, int] | None = None,
    threshold: int | None = None,
    palette: Sequence[Sequence[int]] | None = None,
) -> NDArray[np.uint8]:
    """Class indices of pixels as they are in the file.

    Args:
        mask: (bands, H, W), a window or all of the file.
        path: What an error names.
        values: As in :func:`read_mask`, like the rest.
        threshold: For masks in grey.
        palette: For masks in colours.

    Returns:
        (H, W) class indices; 255 means "ignore".

    Raises:
        DataError: If it has the wrong number of bands, or holds unknown values.
    """
    if palette is not None:
        return from_colours(mask, palette, path)
    if mask.shape[0] != 1 or mask.ndim != 3:
        found = f'{mask.shape[0]} bands'
        raise DataError(path, found, 'one band of class indices', 'Convert colours to indices, or give a palette.')
    mask = mask[0]
    if threshold is not None:
        return (mask >= threshold).astype(np.uint8)
    if values is not None:
        return looked_up(mask, values, path)
    return as_uint8(mask, path)


def from_colours(mask: NDArray[Any], palette: Sequence[Sequence[int]], path: Path) -> NDArray[np.uint8]:
    """Turns colours into class indices.

    Where every colour of the palette is pure (0 or 255 in each channel), channels are cut at 128 first: such masks
    come with slightly impure colours. Black that is no class is "ignore".

    Args:
        mask: (3 or 4, H, W) uint8; a fourth band is transparency and left out.
        palette: (red, green, blue) of each class.
        path: What an error names.

    Raises:
        DataError: If it is no picture, or a colour is not in the palette.
    """
    if mask.ndim != 3 or mask.shape[0] not in (3, 4) or mask.dtype != np.uint8:
        found = f'{mask.shape[0]} bands of {mask.dtype}'
        raise DataError(path, found, 'a mask in RGB colours', 'Leave the palette out if it holds class indices.')
    colours = np.asarray(palette, np.int64)
    mask = mask[:3]
    if np.isin(colours, (0, 255)).all():
        mask = np.where(mask >= 128, 255, 0)
    packed = mask[0].astype(np.int64) << 16 | mask[1].astype(np.int64) << 8 | mask[2].astype(np.int64)
    known = {int(red << 16 | green << 8 | blue): index for index, (red, green, blue) in enumerate(colours)}
    known.setdefault(0, IGNORE)
    found_colours, places = np.unique(packed, return_inverse=True)
    unknown = [int(value) for value in found_colours if int(value) not in known]
    if unknown:
        shown = ', '.join(str((value >> 16, value >> 8 & 255, value & 255)) for value in unknown[:3])
        raise DataError(path, f'colours {shown}', f'the {len(colours)} colours of the palette', 'Correct the palette.')
    return np.array([known[int(value)] for value in found_colours], np.uint8)[places].reshape(packed.shape)


def as_uint8(mask: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Narrows integers and whole floats; a negative "no data" or a fraction is not a class.

    Raises:
        DataError: If a value does not fit.
    """
    if mask.dtype == np.uint8:
        return mask
    with np.errstate(invalid='ignore'):
        small = mask.astype(np.uint8)
    if not np.array_equal(small, mask):
        found = f'{mask.dtype} values from {mask.min():g} to {mask.max():g}'
        raise DataError(path, found, 'whole numbers from 0 to 255', 'Convert the mask to class indices.')
    return small


def looked_up(mask: NDArray[Any], values: Mapping[int, int], path: Path) -> NDArray[np.uint8]:
    """Replaces values by class indices; 255 stays "ignore" unless it is listed.

    Raises:
        DataError: If the mask holds other values.
    """
    known = {IGNORE: IGNORE, **values}
    if mask.dtype == np.uint8:
        table = np.full(256, -1, np.int16)
        for old, new in known.items():
            if 0 <= old <= 255:
                table[old] = new
        mapped = table[mask]
    else:
        mapped = np.full(mask.shape, -1, np.int16)
        for old, new in known.items():
            mapped[mask == old] = new
    if (mapped < 0).any():
        unknown = np.unique(mask[mapped < 0])[:10].tolist()
        raise DataError(path, f'values {unknown}', f'values of the label map {sorted(values)}', 'Add them to it.')
    return mapped.astype(np.uint8)


def without_zero(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Makes 0 "ignore" and 1 the first class."""
    return np.where(mask == 0, IGNORE, mask - (mask != IGNORE)).astype(np.uint8)


def check_values(mask: NDArray[np.uint8], number: int, path: Path) -> None:
    """Refuses values that are no class index.

    Args:
        mask: Class indices.
        number: Number of classes.
        path: What an error names.

    Raises:
        DataError: Naming the values.
    """
    unknown = np.flatnonzero(histogram(mask)[:IGNORE])
    unknown = unknown[unknown >= number].tolist()
    if unknown:
        expected = f'0 to {number - 1}, or {IGNORE} for "ignore"'
        raise DataError(path, f'values {unknown}', expected, 'Check the class list or give a label_map.')


def histogram(mask: NDArray[np.uint8]) -> NDArray[Any]:
    """How often each value from 0 to 255 stands in a mask; ten times as fast as counting with numpy.

    Args:
        mask: (H, W).
    """
    return cv2.calcHist([np.ascontiguousarray(mask)], [0], None, [256], [0, 256])[:, 0]
