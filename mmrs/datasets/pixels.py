"""Reads pixels as they are: any raster that GDAL opens, and numpy arrays."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from mmrs.datasets.lmdb_files import is_value, read_value
from mmrs.errors import RasterError
from mmrs.geo.scene import GeoreferenceWarning, Scene

ARRAY_SUFFIXES = ('.npz', '.npy')
KEYS = ('image', 'arr_0')  # of the array in an .npz that holds several


def read_pixels(path: str | os.PathLike[str], bands: Sequence[int] | None = None) -> NDArray[Any]:
    """Reads an image or mask in its own dtype.

    Args:
        path: Raster, ``.npz`` (its only array, or ``image``, or ``arr_0``) or ``.npy``; arrays have their bands first.
            ``DATABASE.lmdb!KEY`` names such a file in an LMDB database.
        bands: 1-based numbers of the bands; None takes all.

    Returns:
        (bands, rows, columns); four axes where an array holds a time series.

    Raises:
        RasterError: If it cannot be read or lacks a band.
        DataError: If a database cannot be read.
    """
    if is_value(path):
        return _read_value(path, bands)
    if Path(path).suffix.lower() in ARRAY_SUFFIXES:
        array = read_array(path)
        return array if bands is None else _chosen(array, bands, path)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)  # training needs no place on Earth
        with Scene(path, bands) as scene:
            return scene.read()


def _read_value(name: str | os.PathLike[str], bands: Sequence[int] | None) -> NDArray[Any]:
    """Reads an image or array that is a value of a database."""
    content = read_value(name)
    if content.startswith((b'\x93NUMPY', b'PK')):
        array = read_array(name, io.BytesIO(content))
        return array if bands is None else _chosen(array, bands, name)
    with MemoryFile(content) as memory:
        try:
            return read_pixels(memory.name, bands)
        except RasterError as error:
            raise RasterError(name, error.found, error.expected, error.fix) from error


def read_array(path: str | os.PathLike[str], content: IO[bytes] | None = None) -> NDArray[Any]:
    """Reads a numpy file; a matrix becomes one band.

    Args:
        path: What errors name.
        content: The opened file; None opens ``path``.

    Raises:
        RasterError: If it is missing, damaged, needs pickle, or does not hold one image.
    """
    fix = 'Restore the file or drop its sample.'
    try:
        loaded = np.load(content or path, allow_pickle=False)
        if isinstance(loaded, np.lib.npyio.NpzFile):
            with loaded:
                array = loaded[_key(loaded.files, path)]
        else:
            array = loaded
    except OSError as error:
        raise RasterError(path, error.strerror or str(error), 'a numpy file', fix) from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise RasterError(path, f'no readable array ({error})', 'a numpy file', fix) from error
    if array.dtype.kind not in 'biuf' or not 2 <= array.ndim <= 4:
        expected = 'numbers with two to four axes'
        raise RasterError(path, f'{array.dtype} of shape {array.shape}', expected, fix)
    return array[None] if array.ndim == 2 else array


def _key(names: Sequence[str], path: str | os.PathLike[str]) -> str:
    if len(names) == 1:
        return names[0]
    for name in KEYS:
        if name in names:
            return name
    found = f'arrays {", ".join(names)}' if names else 'no array'
    raise RasterError(path, found, f'one array, or one called {" or ".join(KEYS)}', 'Save the image under this name.')


def _chosen(array: NDArray[Any], bands: Sequence[int], path: str | os.PathLike[str]) -> NDArray[Any]:
    absent = [band for band in bands if not 1 <= band <= array.shape[-3]]
    if absent:
        raise RasterError(path, f'{array.shape[-3]} bands', f'bands {absent}', 'Correct the band numbers.')
    return array[..., [band - 1 for band in bands], :, :]
