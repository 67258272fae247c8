"""Patches on disk: where they lie, GeoTIFFs that are whole or not there, and shards."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from mmrs.datasets.pretraining.pairs import Pair
from mmrs.geo.gdal import cannot_write, gdal_env

FOLDERS = {'optical': 'rgb', 'sar': 'sar'}  # as published (MaRS specification, section 3.1)
BLOCK = 256


def patch_key(pair: Pair, number: int) -> str:
    """Name of a patch, unique in a build and without a dot: WebDataset cuts names there.

    Args:
        pair: Its scene.
        number: Its tile.
    """
    return f'{pair.sensor}_{pair.name}_{number:03d}'.replace('.', '-')


def patch_path(split: str, pair: Pair, number: int, modality: str) -> str:
    """Place of a patch below the root: each split has the layout of published MaRS patches.

    Args:
        split: ``'train'`` or ``'val'``.
        pair: Its scene.
        number: Its tile.
        modality: ``'optical'`` or ``'sar'``.
    """
    return f'{split}/{pair.sensor}_patches/{FOLDERS[modality]}/{pair.name}_{number:03d}.tif'


def encode_tif(
    data: NDArray[Any],
    crs: str | None,
    transform: Affine,
    nodata: float | None,
    names: Sequence[str],
    compress: str,
) -> bytes:
    """A GeoTIFF in memory; the same pixels and options give the same bytes.

    Args:
        data: (bands, rows, columns); its dtype is kept.
        crs: Coordinate reference system.
        transform: From (column, row) to map coordinates.
        nodata: Value of missing samples.
        names: Of the bands, '' where there is none.
        compress: See :class:`mmrs.datasets.pretraining.options.BuildOptions`.
    """
    count, height, width = data.shape
    profile: dict[str, Any] = dict(
        driver='GTiff', count=count, height=height, width=width, dtype=data.dtype, nodata=nodata,
        compress=None if compress == 'none' else compress,
    )  # fmt: skip
    if crs is not None:
        profile |= dict(crs=crs, transform=transform)
    if compress != 'none' and data.dtype.kind in 'iuf':
        profile['predictor'] = 3 if data.dtype.kind == 'f' else 2
    if min(height, width) > BLOCK:
        profile |= dict(tiled=True, blockxsize=BLOCK, blockysize=BLOCK)
    with gdal_env(GDAL_NUM_THREADS=1), MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(np.ascontiguousarray(data))
            target.descriptions = tuple(name or None for name in names)
        return memory.read()


@contextmanager
def arriving(path: Path, spare: Path, sync: bool = True) -> Iterator[BinaryIO]:
    """A file to write, which gets its name when it is complete; what another worker wrote meanwhile is the same.

    Args:
        path: Final name; its folder is made.
        spare: Folder of half-written files on the same file system, which a later run clears.
        sync: Whether it is safe from a power cut when this ends; else call :func:`sync_files` for many at once.

    Raises:
        RasterError: If it cannot be written.
    """
    hidden = spare / f'{path.name}.{os.getpid()}.{os.urandom(6).hex()}'
    try:
        for folder in (spare, path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with open(hidden, 'wb') as file:
                yield file
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(hidden, path)
        finally:
            hidden.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def sync_files(paths: Sequence[Path]) -> None:
    """Waits until files are safe on disk; the first of many takes most of the time.

    Args:
        paths: The files.

    Raises:
        RasterError: If one is not.
    """
    for path in paths:
        try:
            with open(path, 'rb') as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(path, error) from error


@dataclass(frozen=True)
class Shard:
    """A tar file to make.

    Attributes:
        path: Its final name.
        spare: See :func:`arriving`.
        members: Name in the tar and file of each member, a sample's members in a row.
        texts: Name in the tar and content of small members, after those of the same sample.
    """

    path: Path
    spare: Path
    members: tuple[tuple[str, Path], ...]
    texts: dict[str, str]


def write_shard(shard: Shard) -> None:
    """Packs patches into a tar file; equal patches give equal bytes.

    Args:
        shard: What to pack.

    Raises:
        RasterError: If a patch cannot be read or the shard not be written.
    """
    with (
        arriving(shard.path, shard.spare) as file,
        tarfile.open(None, 'w', file, format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, path in shard.members:
            _add(archive, name, path.read_bytes())
            key = name.split('.')[0]
            if name.endswith('sar.tif'):
                _add(archive, f'{key}.json', shard.texts[key].encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)  # its owner and time are 0
    info.size, info.mode = len(content), 0o644
    archive.addfile(info, io.BytesIO(content))
