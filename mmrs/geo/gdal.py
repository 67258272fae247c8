"""GDAL settings, and what went wrong when GDAL cannot open or read a file."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.errors import CRSError, RasterioError

from mmrs.errors import RasterError

CACHE_MEGABYTES = 64
LITTLE_SPACE = 100_000_000
# Rasterio wraps most of GDAL's errors in its own, but lets some through as they are.
GDAL_ERRORS = (RasterioError, CRSError, CPLE_BaseError)


def gdal_env(**options: str | int) -> rasterio.Env:
    """GDAL environment in which mmrs reads and writes rasters.

    The block cache is bounded (GDAL's own default is 5 % of the machine's memory), tiles are decoded and encoded by
    all cores, and a truncated JPEG or PNG is an error instead of grey or random pixels (GDAL's fast path for a whole
    PNG returns uninitialised memory without a word).

    Args:
        **options: Further GDAL configuration options, or other values for the ones above.
    """
    settings: dict[str, str | int] = {
        'GDAL_CACHEMAX': CACHE_MEGABYTES * 2**20,  # rasterio hands a number to GDAL as bytes
        'GDAL_NUM_THREADS': 'ALL_CPUS',
        'GDAL_ERROR_ON_LIBJPEG_WARNING': 'TRUE',
        'GDAL_PNG_WHOLE_IMAGE_OPTIM': 'NO',
    }
    return rasterio.Env(**{**settings, **options})


def cannot_open(path: str | os.PathLike[str], reason: Exception | str) -> RasterError:
    """Says why a raster does not open: missing, empty, a folder, damaged or not a raster.

    Args:
        path: File, or any name that GDAL understands (``/vsizip/...``, ``https://...``).
        reason: What GDAL said.
    """
    file = Path(path)
    expected = 'a raster that GDAL can open (GeoTIFF, VRT, PNG, JPEG, ...)'
    if file.is_dir():
        return RasterError(path, 'a folder', expected, 'Name a file in it, or pass the folder to find_scenes.')
    if file.is_file() and file.stat().st_size == 0:
        return RasterError(path, 'an empty file (0 bytes)', expected, 'Copy or download it again.')
    if not file.exists() and not str(path).startswith('/vsi') and '://' not in str(path):
        return RasterError(path, 'no such file', expected, 'Check the path.')
    found = f'a file that does not open ({_one_line(reason)})'
    return RasterError(path, found, expected, 'It may be truncated or of another kind: copy or download it again.')


def cannot_read(path: str | os.PathLike[str], where: str, reason: Exception) -> RasterError:
    """Says which pixels of an opened raster cannot be read.

    Args:
        path: The raster.
        where: Rows and columns that were asked for.
        reason: What GDAL said.
    """
    cause = reason.__cause__ or reason
    found = f'unreadable pixels in {where} ({_one_line(cause)})'
    return RasterError(path, found, 'a complete raster', 'It is truncated or damaged: copy or download it again.')


def cannot_write(path: str | os.PathLike[str], reason: BaseException) -> RasterError:
    """Says why an output cannot be written.

    Args:
        path: The output.
        reason: What the system or GDAL said.
    """
    cause = (reason.strerror if isinstance(reason, OSError) else reason.__cause__) or reason
    place = next((parent for parent in Path(path).absolute().parents if parent.is_dir()), Path('/'))
    free = shutil.disk_usage(place).free
    space = f'; {free / 1e6:.1f} MB free' if free < LITTLE_SPACE else ''
    found = f'a place that cannot be written ({_one_line(cause)}{space})'
    return RasterError(path, found, 'a writable folder with enough free space', 'Free space or choose another folder.')


def check_written(path: str | os.PathLike[str]) -> None:
    """Reads a GeoTIFF once more: a disk that fills up while GDAL closes the file goes unreported.

    Args:
        path: The file, tiled or in strips.

    Raises:
        OSError: If a block is missing or cannot be decoded.
    """
    incomplete = OSError(errno.ENOSPC, 'what was written is incomplete; the disk may be full')
    try:
        with rasterio.open(path) as dataset:
            for (row, column), window in dataset.block_windows(1):
                places = [
                    dataset.get_tag_item(f'BLOCK_OFFSET_{column}_{row}', 'TIFF', bidx=band) for band in dataset.indexes
                ]
                if None in places:
                    raise incomplete
                dataset.read(window=window)
    except GDAL_ERRORS as error:
        raise incomplete from error


@contextmanager
def replacing(destination: str | os.PathLike[str]) -> Iterator[Path]:
    """A name to write to, in a hidden folder beside the output; it becomes the output when all went well.

    Until then a file that stands under the final name stays as it was, and afterwards no half-written file is left.

    Args:
        destination: The output; its folder is made.

    Yields:
        A path of the same suffix. Side files may be written beside it; they are dropped.

    Raises:
        RasterError: If the folder cannot be written or the disk is full.
    """
    target = Path(destination)
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, 'a folder stands under this name')
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f'.{target.name}.', dir=target.parent) as folder:
            temporary = Path(folder) / target.name
            yield temporary
            with open(temporary, 'r+b') as file:
                os.fsync(file.fileno())
            os.replace(temporary, target)
    except (OSError, *GDAL_ERRORS) as error:
        raise cannot_write(target, error) from error


def _one_line(reason: BaseException | str) -> str:
    return ' '.join(str(reason).split())[:200]
