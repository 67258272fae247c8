"""Bands of a raster: which are meant, which are masks, where their pixels are missing."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.io import DatasetReader

from mmrs.errors import RasterError


def selected_bands(dataset: DatasetReader, bands: Sequence[int | str] | None) -> tuple[int, ...]:
    """1-based numbers of the bands to read.

    Args:
        dataset: An open raster.
        bands: Numbers or names; None is all but alpha bands that serve as mask.

    Raises:
        RasterError: If the raster has no such band.
    """
    if bands is None:
        alpha = alpha_bands(dataset)
        return tuple(band for band in dataset.indexes if band not in alpha) or tuple(dataset.indexes)
    names = {name: index for index, name in zip(dataset.indexes, dataset.descriptions, strict=True) if name}
    chosen = [names.get(band, 0) if isinstance(band, str) else int(band) for band in bands]
    wrong = [band for band, index in zip(bands, chosen, strict=True) if not 1 <= index <= dataset.count]
    if wrong or not chosen:
        named = f' named {", ".join(names)}' if names else ''
        expected = f'band {", ".join(map(str, wrong))}' if wrong else 'at least one band'
        fix = f'Choose bands from 1 to {dataset.count}{", or by name" if names else ""}.'
        raise RasterError(dataset.name, f'{dataset.count} band(s){named}', expected, fix)
    return tuple(chosen)


def alpha_bands(dataset: DatasetReader) -> list[int]:
    """Alpha bands that GDAL uses as mask: beside a nodata value it does not, and some files call infrared alpha.

    Args:
        dataset: An open raster.
    """
    if not any(MaskFlags.alpha in flags for flags in dataset.mask_flag_enums):
        return []
    return [band for band, kind in zip(dataset.indexes, dataset.colorinterp, strict=True) if kind.name == 'alpha']


def masked_by_file(dataset: DatasetReader, bands: Sequence[int]) -> tuple[bool, ...]:
    """Whether a mask or an alpha band, rather than a value, marks the missing pixels of each band.

    Args:
        dataset: An open raster.
        bands: 1-based numbers; an alpha band among them is data and masks nothing.
    """
    ignored = {MaskFlags.all_valid, MaskFlags.nodata}
    if any(band in bands for band in alpha_bands(dataset)):
        ignored.add(MaskFlags.alpha)
    return tuple(ignored.isdisjoint(dataset.mask_flag_enums[band - 1]) for band in bands)


def nodata_per_band(
    path: str | os.PathLike[str], nodata: float | Sequence[float | None], count: int
) -> tuple[float | None, ...]:
    """One nodata value a band.

    Args:
        path: The raster, for the message.
        nodata: A value for all bands or one for each.
        count: Selected bands.

    Raises:
        RasterError: If there are more or fewer values than bands.
    """
    values = tuple(nodata) if isinstance(nodata, Sequence) else (nodata,) * count
    if len(values) != count:
        fix = 'Give one value, or one for each selected band.'
        raise RasterError(path, f'{len(values)} nodata values', f'{count}, one a band', fix)
    return values


def present_pixels(data: NDArray[Any], nodata: float | None) -> NDArray[np.bool_] | None:
    """Where a band's pixels are neither nodata nor NaN.

    Args:
        data: (rows, columns) of one band.
        nodata: Its value for missing pixels.

    Returns:
        (rows, columns), or None when the dtype can hold no missing pixel.
    """
    missing = np.isnan(data) if data.dtype.kind in 'fc' else None
    if nodata is not None and not math.isnan(nodata) and _representable(nodata, data.dtype):
        equal = data == data.dtype.type(nodata)
        missing = equal if missing is None else missing | equal
    return None if missing is None else ~missing


def _representable(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether pixels of a dtype can hold a value at all (-9999 in uint8: no)."""
    if dtype.kind in 'fc':
        return True
    limits = np.iinfo(dtype)
    return float(value).is_integer() and limits.min <= value <= limits.max


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Numpy's dtype for a rasterio dtype name.

    Args:
        name: As in ``dataset.dtypes``; numpy has no complex integers, rasterio reads them as complex64.
    """
    return np.dtype('complex64' if name == 'complex_int16' else name)
