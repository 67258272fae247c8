"""Two scenes of one place read as one: the later date on the grid of the earlier."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.scene import GeoreferenceWarning, Scene

GRID_TOLERANCE = 0.01  # pixels over the whole extent: what counts as the same grid
TOLERANCE = 0.01  # pixels by which a warp may approximate the projection; GDAL's own is 0.125


class WarpedScene(Scene):
    """A raster read on the grid of another, warped window by window as it is read; see :class:`Scene`.

    Pixels beyond its own extent are missing. Resampling is bilinear, nearest for palette images.

    Args:
        path: Anything that GDAL opens.
        like: The scene whose CRS, transform and size it takes.
        bands: As for ``Scene``.
        nodata: As for ``Scene``, one value.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        like: Scene,
        bands: Sequence[int | str] | None = None,
        nodata: float | None = None,
    ) -> None:
        self._grid = dict(crs=like.crs, transform=like.transform, width=like.width, height=like.height)
        self._marker = nodata
        super().__init__(path, bands, nodata)

    def _open(self) -> DatasetReader:
        source = super()._open()
        marker = source.nodata if self._marker is None else self._marker
        kinds = [kind.name for kind in source.colorinterp]
        nearest = kinds == ['palette']
        options: dict[str, Any] = dict(
            resampling=Resampling.nearest if nearest else Resampling.bilinear, tolerance=TOLERANCE
        )
        if marker is None and source.dtypes[0] not in ('uint8', 'uint16'):
            marker = _unused(np.dtype(source.dtypes[0]))  # GDAL takes alpha of other types for data
        if marker is not None:
            options.update(src_nodata=marker, nodata=marker)
        elif 'alpha' not in kinds:
            options['add_alpha'] = True
        self._opened.append(source)
        return WarpedVRT(source, **self._grid, **options)


class ScenePair(Scene):
    """An earlier and a later scene as one raster with the bands of both, on the earlier one's grid.

    A pixel is valid where it is valid at both dates.

    Args:
        before: Path of the earlier scene.
        after: Path of the later scene; warped while it is read if its grid is another.
        bands: 1-based bands to read from each; None takes all.
        nodata: Value that marks missing pixels in both, instead of what the files declare.

    Attributes:
        before: The earlier scene.
        after: The later scene on its grid.
        aligned: Whether the later scene had to be warped.
        overlap: Share of the earlier scene's extent that the later one covers, from 0 to 1.

    Raises:
        RasterError: If one cannot be read, their bands differ in number, one lacks a CRS (without CRS both must have
            the same size), or they do not overlap.
    """

    def __init__(
        self,
        before: str | os.PathLike[str],
        after: str | os.PathLike[str],
        bands: Sequence[int | str] | None = None,
        nodata: float | None = None,
    ) -> None:
        self.before = Scene(before, bands, nodata)
        try:
            self.aligned, self.overlap = relation(self.before, after)
            self.after = WarpedScene(after, self.before, bands, nodata) if self.aligned else Scene(after, bands, nodata)
        except RasterError:
            self.before.close()
            raise
        first, second = self.before, self.after
        if len(first.bands) != len(second.bands):
            self.close()
            expected = f'{len(first.bands)}, as {before} has'
            raise RasterError(after, f'{len(second.bands)} bands', expected, 'Choose bands that both have: --bands.')
        self.path, self.crs, self.transform, self.gsd = first.path, first.crs, first.transform, first.gsd
        self.height, self.width, self.block_shape, self.colormap = first.height, first.width, first.block_shape, None
        self.dtype = np.result_type(first.dtype, second.dtype)
        self.bands, self.alpha_bands = first.bands + second.bands, first.alpha_bands
        self.band_names, self.nodata = first.band_names + second.band_names, first.nodata + second.nodata

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def close(self) -> None:
        """Closes both files."""
        for scene in (self.before, getattr(self, 'after', None)):
            if scene is not None:
                scene.close()

    def read(self, window: Window | None = None, shape: tuple[int, int] | None = None) -> NDArray[Any]:
        """Pixels of a window: the bands of the earlier scene, then those of the later one; see ``Scene.read``."""
        return np.concatenate([self.before.read(window, shape), self.after.read(window, shape)], dtype=self.dtype)

    def valid(
        self, window: Window | None = None, data: NDArray[Any] | None = None, shape: tuple[int, int] | None = None
    ) -> NDArray[np.bool_]:
        """Where both dates hold something to look at; see ``Scene.valid``."""
        count = len(self.before.bands)
        parts = (None, None) if data is None else (data[:count], data[count:])
        return self.before.valid(window, parts[0], shape) & self.after.valid(window, parts[1], shape)

    def overview(self, max_size: int = 1024) -> NDArray[Any]:
        """Both dates at a size to look at; see ``Scene.overview``."""
        return np.concatenate([scene.overview(max_size) for scene in (self.before, self.after)], dtype=self.dtype)


def _unused(kind: np.dtype[Any]) -> float:
    """A value that means "missing" where a file declares none: NaN, or the farthest from any measurement."""
    if kind.kind in 'fc':
        return float('nan')
    limits = np.iinfo(kind)
    return float(limits.min if limits.min < 0 else limits.max)


def relation(before: Scene, after: str | os.PathLike[str]) -> tuple[bool, float]:
    """How a second scene lies to a first.

    Args:
        before: The first.
        after: Path of the second.

    Returns:
        Whether the second must be warped to the first one's grid, and the share of the first that it covers.

    Raises:
        RasterError: If the second cannot be read, they do not overlap, or one lacks a CRS; see :class:`ScenePair`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)  # said of the earlier one, or said when it is opened
        other = Scene(after)
    with other:
        same_size = (before.height, before.width) == (other.height, other.width)
        if before.crs is None or other.crs is None:
            if before.crs is None and other.crs is None and same_size:
                return False, 1.0
            _refuse_without_crs(before, other)
        if same_size and before.crs == other.crs and _same_grid(before, other):
            return False, 1.0
        return True, _overlap(before, other)


def _refuse_without_crs(before: Scene, after: Scene) -> None:
    lacking = before if before.crs is None else after
    found = f'no coordinate reference system ({before.width} x {before.height} and {after.width} x {after.height} px)'
    fix = 'Assign one (rio edit-info --crs EPSG:<code> FILE), or bring both to the same pixels.'
    raise RasterError(lacking.path, found, 'two georeferenced scenes, or two of one size without any CRS', fix)


def _same_grid(before: Scene, after: Scene) -> bool:
    corners = [(0, 0), (before.width, 0), (0, before.height), (before.width, before.height)]
    inverse = ~before.transform
    return all(
        np.hypot(*np.subtract(inverse * (after.transform * corner), corner)) < GRID_TOLERANCE for corner in corners
    )


def _overlap(before: Scene, after: Scene) -> float:
    """Share of the earlier scene's bounding box, in its CRS, that the later one's covers."""
    with rasterio.Env():
        left, bottom, right, top = _bounds(before)
        box = transform_bounds(after.crs, before.crs, *_bounds(after))
    width = min(right, box[2]) - max(left, box[0])
    height = min(top, box[3]) - max(bottom, box[1])
    if not (width > 0 and height > 0):
        found = f'{_text(box)} in the CRS of {before.path}'
        expected = f'an extent that overlaps {_text((left, bottom, right, top))}'
        raise RasterError(after.path, found, expected, 'Give two scenes of the same place.')
    return width * height / ((right - left) * (top - bottom))


def _bounds(scene: Scene) -> tuple[float, float, float, float]:
    corners = [(0, 0), (scene.width, 0), (0, scene.height), (scene.width, scene.height)]
    x, y = zip(*(scene.transform * corner for corner in corners), strict=True)
    return min(x), min(y), max(x), max(y)


def _text(box: Sequence[float]) -> str:
    return f'x {box[0]:.7g} to {box[2]:.7g}, y {box[1]:.7g} to {box[3]:.7g}'
