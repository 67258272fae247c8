"""What is wrong with the images of one sample, which show one place."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.layout import Problem
from mmrs.datasets.lmdb_files import is_value
from mmrs.datasets.pixels import ARRAY_SUFFIXES, read_pixels
from mmrs.datasets.pretraining.patches import band_statistics, present_samples
from mmrs.errors import DataError, RasterError
from mmrs.geo.pair import relation
from mmrs.geo.scene import GeoreferenceWarning, Scene


def check_group(paths: Mapping[str, str], names: Mapping[str, str] | None = None) -> list[Problem]:
    """Reads the images of a sample.

    Args:
        paths: Of the images, by what they are.
        names: What messages call a path; None: as it is.

    Returns:
        Problems of kind ``unreadable``, ``nodata`` (no sample is there), ``constant``, ``size``, ``overlap`` (other
        ground than the first image) and ``grid`` (other pixels of the same ground).
    """
    called = {path: (names or {}).get(path, path) for path in paths.values()}
    problems, first = [], None
    for role, path in paths.items():
        try:
            image, nodata = _read(path)
        except (RasterError, DataError) as error:
            problems.append(Problem('unreadable', called[path], f'found {error.found}; expected {error.expected}'))
            continue
        problems += check_content(image, nodata, called[path])
        if first is None:
            first = role, path, image.shape[-2:]
            continue
        other, there, shape = first
        if image.shape[-2:] != shape:
            text = f'{image.shape[-2]} x {image.shape[-1]} pixels, {other} has {shape[0]} x {shape[1]}'
            problems.append(Problem('size', called[path], text))
        problems += _ground(there, path, called)
    return problems


def check_content(image: NDArray[Any], nodata: tuple[float | None, ...] | None, name: str) -> list[Problem]:
    """Whether an image holds anything.

    Args:
        image: (..., bands, rows, columns).
        nodata: Value of each band for missing samples; None where none is declared.
        name: What messages call it.
    """
    for date in image.reshape(-1, *image.shape[-3:]):
        present = present_samples(date, nodata or (None,) * len(date), zero=False)
        if not present.any():
            return [Problem('nodata', name, 'nothing but nodata')]
        statistics = band_statistics(date, present)
        if statistics.constant:
            values = ', '.join(f'{value:g}' for value in statistics.minimum[:4])
            return [Problem('constant', name, f'the value {values} everywhere')]
    return []


def _read(path: str) -> tuple[NDArray[Any], tuple[float | None, ...] | None]:
    if is_value(path) or path.lower().endswith(ARRAY_SUFFIXES):
        return read_pixels(path), None
    with _quiet(), Scene(path, threads=1) as scene:
        image = scene.read()
        if any(scene.masked):
            there = scene.valid(None, image)
            image = np.where(there, image, np.nan) if image.dtype.kind == 'f' else image
            if not there.any():
                return np.full(image.shape, np.nan, np.float32), None
        return image, scene.nodata


def _ground(first: str, second: str, called: Mapping[str, str]) -> list[Problem]:
    """Whether two rasters show the same ground in the same pixels; arrays and rasters without CRS do not say."""
    if any(is_value(path) or path.lower().endswith(ARRAY_SUFFIXES) for path in (first, second)):
        return []
    with _quiet(), Scene(first, threads=1) as scene:
        try:
            other, overlap = relation(scene, second)
        except RasterError as error:
            kind = 'overlap' if 'overlaps' in error.expected else 'grid'
            text = f'found {error.found}; expected {error.expected}'.replace(first, called[first])
            return [Problem(kind, called[second], text)]
    if not other:
        return []
    return [Problem('grid', called[second], f'other pixels than {called[first]}, of which it covers {overlap:.0%}')]


class _quiet(warnings.catch_warnings):
    """Says nothing about files without CRS."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter('ignore', GeoreferenceWarning)
