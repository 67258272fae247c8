"""Windowed reading of one georeferenced raster of any size."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.bands import (
    alpha_bands,
    masked_by_file,
    nodata_per_band,
    numpy_dtype,
    present_pixels,
    selected_bands,
)
from mmrs.geo.gdal import GDAL_ERRORS, cannot_open, cannot_read, gdal_env
from mmrs.geo.georeference import GCP_TOLERANCE_PIXELS, affine_from_gcps, ground_sampling_distance

RASTER_SUFFIXES = ('.tif', '.tiff', '.vrt', '.jp2', '.img', '.png', '.jpg', '.jpeg', '.bmp', '.webp')


class GeoreferenceWarning(UserWarning):
    """A raster has no usable place on Earth: results keep pixel coordinates."""


class Scene:
    """A raster opened for reading windows; use it as a context manager.

    Nothing is converted: pixels come in the raster's dtype, palette images as indices. Each thread and process that
    reads gets its own GDAL dataset, so one scene may be shared by threads and sent to workers.

    Args:
        path: Anything that GDAL opens.
        bands: 1-based numbers or names of the bands to read, in this order. None takes all, without an alpha band
            that serves as mask; an alpha band that is asked for is data, not mask.
        nodata: Value, or one per band, that marks missing pixels instead of what the file declares.
        require_crs: Refuse a raster without a coordinate reference system.
        threads: Threads in which GDAL decodes blocks; None is one a core. A dataloader's worker takes one: the
            others are workers' too, and GDAL's threads do not outlive a fork.

    Attributes:
        path: The raster.
        height: Rows.
        width: Columns.
        dtype: Of the selected bands, as numpy promotes them.
        bands: 1-based numbers of the selected bands.
        alpha_bands: Numbers of alpha bands that were left out.
        band_names: Their descriptions; '' where the file has none.
        crs: Coordinate reference system or None.
        transform: Affine from (column, row) to map coordinates; identity without a georeference. Fitted to ground
            control points where these lie on an affine.
        nodata: One value per selected band, None where there is none.
        masked: Whether a mask or an alpha band marks the missing pixels of each selected band.
        gsd: Ground sampling distance (along a row, along a column) in metres at the centre, None without a CRS.
        block_shape: (rows, columns) in which the file stores pixels.
        colormap: Palette of a one-band palette image, value to RGBA, else None.

    Raises:
        RasterError: If it does not open, lacks a band, or has no CRS where one is required.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        bands: Sequence[int | str] | None = None,
        nodata: float | Sequence[float | None] | None = None,
        require_crs: bool = False,
        threads: int | None = None,
    ) -> None:
        self.path = Path(path) if '://' not in str(path) else path
        self._gdal: dict[str, str | int] = {} if threads is None else {'GDAL_NUM_THREADS': threads}
        self._threads = threading.local()
        self._opened: list[DatasetReader] = []
        dataset = self._dataset()
        try:
            self._describe(dataset, bands, nodata)
            self._locate(dataset, require_crs)
        except RasterError:
            self.close()
            raise

    def __enter__(self) -> Scene:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key not in ('_threads', '_opened')}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _threads=threading.local(), _opened=[])

    def close(self) -> None:
        """Closes the file in every thread; a later read opens it again."""
        while self._opened:
            self._opened.pop().close()
        self._threads = threading.local()

    def read(self, window: Window | None = None, shape: tuple[int, int] | None = None) -> NDArray[Any]:
        """Pixels of a window.

        Args:
            window: Columns and rows inside the raster; None is all of it.
            shape: Fewer rows and columns to read it at, averaged, from the file's overviews where it has them.

        Returns:
            (bands, rows, columns) in the raster's dtype.

        Raises:
            RasterError: If a block of the file cannot be read.
        """
        out = None if shape is None else (len(self.bands), *shape)
        with self._reading(window) as dataset:
            return dataset.read(
                self.bands, window=window, out_shape=out, out_dtype=self.dtype, resampling=self._averaging()
            )

    def valid(
        self, window: Window | None = None, data: NDArray[Any] | None = None, shape: tuple[int, int] | None = None
    ) -> NDArray[np.bool_]:
        """Which pixels hold something to look at.

        A pixel is missing in a band where that band's nodata value stands, where the file's mask or alpha band is
        0, or where a floating-point value is NaN. It is invalid when it is missing in every selected band: a zero in
        one band of a dark lake is a measurement.

        Args:
            window: As for ``read``.
            data: What ``read`` returned for this window, to spare reading it again.
            shape: As for ``read``.

        Returns:
            (rows, columns), True where valid.

        Raises:
            RasterError: If a block of the file cannot be read.
        """
        if data is None and (self.dtype.kind in 'fc' or any(value is not None for value in self.nodata)):
            data = self.read(window, shape)
        valid = np.zeros(shape or _shape(window, self.height, self.width), bool)
        for index, band in enumerate(self.bands):
            present = None if data is None else present_pixels(data[index], self.nodata[index])
            if self.masked[index]:
                mask = self._mask(band, window, shape)
                present = mask if present is None else mask & present
            valid |= True if present is None else present
            if valid.all():
                break
        return valid

    def overview(self, max_size: int = 1024) -> NDArray[Any]:
        """The whole scene at a size to look at, from the file's overviews where it has them.

        Args:
            max_size: Longest side in pixels; a smaller scene comes at its own size.

        Returns:
            (bands, rows, columns) in the raster's dtype; averaged, or nearest pixels of a palette image.

        Raises:
            RasterError: If the file cannot be read.
        """
        step = max(self.height, self.width) / min(max_size, max(self.height, self.width))
        shape = (max(1, round(self.height / step)), max(1, round(self.width / step)))
        return self.read(shape=shape)

    def _averaging(self) -> Resampling:
        """How pixels become fewer: indices of a palette and complex numbers have no mean."""
        return Resampling.nearest if self.colormap or self.dtype.kind == 'c' else Resampling.average

    def _mask(self, band: int, window: Window | None, shape: tuple[int, int] | None) -> NDArray[np.bool_]:
        with self._reading(window) as dataset:
            return dataset.read_masks(band, window=window, out_shape=shape) != 0

    def _dataset(self) -> DatasetReader:
        """This thread's and process' own dataset: GDAL's are not to be shared."""
        owner, dataset = getattr(self._threads, 'dataset', (None, None))
        if dataset is None or owner != os.getpid():
            try:
                with gdal_env(**self._gdal), warnings.catch_warnings():
                    warnings.simplefilter('ignore', NotGeoreferencedWarning)
                    dataset = self._open()
            except (*GDAL_ERRORS, OSError, ValueError) as error:
                raise cannot_open(self.path, error) from error
            self._threads.dataset = (os.getpid(), dataset)
            self._opened.append(dataset)
        return dataset

    def _open(self) -> DatasetReader:
        """A new dataset; a subclass may wrap it."""
        return rasterio.open(self.path)

    @contextmanager
    def _reading(self, window: Window | None) -> Iterator[DatasetReader]:
        dataset = self._dataset()
        if window is not None and not _inside(window, self.height, self.width):
            raise ValueError(f'{window} is not inside {self.path} of {self.height} rows and {self.width} columns')
        try:
            with gdal_env(**self._gdal):
                yield dataset
        except (*GDAL_ERRORS, OSError) as error:
            raise cannot_read(self.path, _place(window), error) from error

    def _describe(
        self,
        dataset: DatasetReader,
        bands: Sequence[int | str] | None,
        nodata: float | Sequence[float | None] | None,
    ) -> None:
        self.height, self.width = dataset.height, dataset.width
        self.bands = selected_bands(dataset, bands)
        self.alpha_bands = tuple(band for band in alpha_bands(dataset) if band not in self.bands)
        chosen = [band - 1 for band in self.bands]
        self.band_names = tuple(dataset.descriptions[index] or '' for index in chosen)
        self.dtype = np.result_type(*(numpy_dtype(dataset.dtypes[index]) for index in chosen))
        self.block_shape = dataset.block_shapes[chosen[0]]
        palette = dataset.count == 1 and dataset.colorinterp[0].name == 'palette'
        self.colormap = dataset.colormap(1) if palette else None
        declared = tuple(dataset.nodatavals[index] for index in chosen)
        self.nodata = declared if nodata is None else nodata_per_band(self.path, nodata, len(chosen))
        self.masked = masked_by_file(dataset, self.bands)

    def _locate(self, dataset: DatasetReader, require_crs: bool) -> None:
        self.crs: CRS | None = dataset.crs
        self.transform: Affine = dataset.transform
        found = 'no coordinate reference system'
        points, system = dataset.gcps
        if self.crs is None and len(points) >= 3 and system is not None:
            transform, error = affine_from_gcps(points)
            if error <= GCP_TOLERANCE_PIXELS:
                self.crs, self.transform = system, transform
            else:
                found = f'{len(points)} ground control points up to {error:.1f} pixels off any affine'
        self.gsd = ground_sampling_distance(self.crs, self.transform, self.width, self.height)
        if self.crs is None and require_crs:
            fix = 'Warp it to a map projection, or assign one: rio edit-info --crs EPSG:<code> FILE.'
            raise RasterError(self.path, found, 'a georeferenced raster', fix)
        if self.crs is None:
            message = f'{self.path}: {found}; results keep its pixel coordinates and have no metres'
            warnings.warn(message, GeoreferenceWarning, stacklevel=3)


def _shape(window: Window | None, height: int, width: int) -> tuple[int, int]:
    return (height, width) if window is None else (int(window.height), int(window.width))


def _inside(window: Window, height: int, width: int) -> bool:
    rows, columns = (window.row_off, window.height, height), (window.col_off, window.width, width)
    return all(offset >= 0 and size >= 1 and offset + size <= length for offset, size, length in (rows, columns))


def _place(window: Window | None) -> str:
    if window is None:
        return 'the whole raster'
    rows = f'rows {window.row_off} to {window.row_off + window.height}'
    return f'{rows}, columns {window.col_off} to {window.col_off + window.width}'


def find_scenes(inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[Path]:
    """Rasters named by files and folders.

    Args:
        inputs: Files (any GDAL format, VRT included), taken as they are, and folders, searched with their subfolders
            for ``RASTER_SUFFIXES``; hidden files are passed over. A text file (``.txt``) names one a line, from the
            current folder or its own.

    Returns:
        Paths in the order of ``inputs``, sorted within a folder, each once.

    Raises:
        RasterError: If an input does not exist or a folder holds no raster.
    """
    names = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.suffix.lower() == '.txt' and path.is_file():
            lines = [Path(line.strip()) for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
            found.update(dict.fromkeys(find_scenes([one if one.exists() else path.parent / one for one in lines])))
            continue
        if not path.is_dir():
            if not path.exists() and not str(name).startswith('/vsi'):
                raise cannot_open(name, 'no such file')
            found[path] = None
            continue
        inside = (file.relative_to(path) for file in path.rglob('*') if file.suffix.lower() in RASTER_SUFFIXES)
        rasters = sorted(path / file for file in inside if not any(part.startswith('.') for part in file.parts))
        if not rasters:
            kinds = ' '.join(RASTER_SUFFIXES)
            raise RasterError(path, 'a folder without rasters', f'files ending in {kinds}', 'Name the files instead.')
        found.update(dict.fromkeys(rasters))
    if not found:
        raise RasterError('scenes', 'no input', 'a raster file or a folder of them', 'Name at least one.')
    return list(found)
