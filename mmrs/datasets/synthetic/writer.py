"""Writes synthetic scenes to disk as georeferenced training tiles and one large scene."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin

from mmrs.datasets.synthetic.classes import CLASSES, PALETTE
from mmrs.datasets.synthetic.noise import stream
from mmrs.datasets.synthetic.scene import SyntheticScene, draw_scene
from mmrs.errors import DataError
from mmrs.geo.gdal import GDAL_ERRORS, cannot_write, check_written, gdal_env
from mmrs.geo.sensors import SENSORS

FAMILY = 'mmrs-synthetic-'
FORMAT = f'{FAMILY}landcover'
VERSION = 1  # raised whenever the same seed would draw other pixels
CRS = 'EPSG:32632'  # UTM zone 32 north
ORIGIN = (400_000.0, 5_300_000.0)  # easting and northing of the first site's upper left corner
IMAGES = ('rgb', 'sentinel2-l2a', 'sentinel1-grd')
TILES_PER_SIDE = 4  # tiles are cut from sites of 4 x 4
GAP = 500.0  # metres between sites


@dataclass(frozen=True)
class Plan:
    """What a dataset holds.

    Attributes:
        seed: Seed of the whole dataset.
        train: Number of training tiles.
        val: Number of validation tiles.
        tile: Side of a tile in pixels.
        scene_size: Side of the large scene in pixels.
        gsd: Metres per pixel.
        sensor: What the images are of, in land-cover sets: a row of ``mmrs.geo.sensors.SENSORS``, one of ``IMAGES``.
    """

    seed: int = 0
    train: int = 96
    val: int = 32
    tile: int = 256
    scene_size: int = 2048
    gsd: float = 1.0
    sensor: str = 'rgb'

    def check(self) -> None:
        """Refuses what cannot be drawn.

        Raises:
            DataError: Naming the option.
        """
        limits = {
            'seed': (0, 2**31), 'train': (1, 10**6), 'val': (1, 10**6), 'tile': (32, 2048), 'scene_size': (32, 8192),
            'gsd': (0.2, 4),
        }  # fmt: skip
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                option = f'--{name.replace("_", "-")}'
                raise DataError(option, str(getattr(self, name)), f'{low} to {high}', 'Choose a value in this range.')
        if self.sensor not in IMAGES:
            raise DataError('--sensor', self.sensor, f'one of {", ".join(IMAGES)}', 'Choose one of these.')

    def record(self) -> dict[str, Any]:
        """What ``dataset.json`` says about it; the sensor only where it is not RGB."""
        return {key: value for key, value in asdict(self).items() if key != 'sensor' or value != 'rgb'}

    def sites(self) -> list[tuple[str, int]]:
        """Split and number of tiles of every site; splits never share a site."""
        per_site = TILES_PER_SIDE**2
        return [
            (split, min(per_site, count - first))
            for split, count in (('train', self.train), ('val', self.val))
            for first in range(0, count, per_site)
        ]


def write_dataset(
    root: str | os.PathLike[str],
    plan: Plan,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draws a dataset and writes it in mmseg's layout.

    The folder appears under its name only when it is complete::

        dataset.json                      seed, version, classes, palette, CRS, GSD
        img_dir/{train,val}/*.tif         optical, 3 x uint8; or Sentinel-2's ten, Sentinel-1's two bands
        sar_dir/{train,val}/*.tif         backscatter, float32 dB
        ann_dir/{train,val}/*.tif         land cover, uint8
        scene.tif scene_sar.tif scene_labels.tif    one large scene elsewhere

    Args:
        root: Folder to create. A finished dataset of the same plan is kept as it is.
        plan: What to draw.
        overwrite: Replace another dataset there.
        progress: Called with the number of sites done and in all.

    Returns:
        The folder.

    Raises:
        DataError: If ``root`` holds something else or cannot be written.
    """
    plan.check()
    fill = partial(_fill, plan=plan, progress=progress)
    return write_complete(Path(root), _description(plan), fill, overwrite)


def write_complete(
    root: Path, description: dict[str, Any], fill: Callable[[Path], None], overwrite: bool = False
) -> Path:
    """Makes a folder that appears under its name only when it is complete.

    Args:
        root: Folder to create. A finished one of the same description is kept as it is.
        description: What ``fill`` writes to ``dataset.json``.
        fill: Fills the folder that it is given.
        overwrite: Replace another synthetic dataset there.

    Returns:
        The folder.

    Raises:
        DataError: If ``root`` holds something else or cannot be written.
    """
    if _is_done(root, description):
        return root
    _refuse_foreign(root, overwrite)
    try:
        _write_beside(root, fill)
    except (OSError, *GDAL_ERRORS) as error:
        refusal = cannot_write(root, error)
        raise DataError(root, refusal.found, refusal.expected, f'{refusal.fix} Nothing was left here.') from error
    return root


def _write_beside(root: Path, fill: Callable[[Path], None]) -> None:
    """Fills a hidden folder beside the final one and renames it when it is complete."""
    root.parent.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(prefix=f'.{root.name}.', dir=root.parent))
    try:
        fill(hidden)
        hidden.chmod(0o755)
        if root.exists():
            shutil.rmtree(root)
        os.replace(hidden, root)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _is_done(root: Path, description: dict[str, Any]) -> bool:
    try:
        found = json.loads((root / 'dataset.json').read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found == json.loads(json.dumps(description))


def _refuse_foreign(root: Path, overwrite: bool) -> None:
    """An existing folder is only replaced when asked to, and only if it is one of ours."""
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return
    ours = (root / 'dataset.json').is_file() and FAMILY in (root / 'dataset.json').read_text()
    if ours and overwrite:
        return
    found, fix = 'a file or a folder of something else', 'Name another folder.'
    if ours:
        found, fix = 'a synthetic dataset of another seed, size or version', 'Name another folder or add --overwrite.'
    raise DataError(root, found, 'an empty or new folder', fix)


def _description(plan: Plan) -> dict[str, Any]:
    colours = [list(colour) for colour in PALETTE]
    return dict(format=FORMAT, version=VERSION, crs=CRS, classes=list(CLASSES), palette=colours, **plan.record())


def _fill(folder: Path, plan: Plan, progress: Callable[[int, int], None]) -> None:
    sites = plan.sites()
    side = TILES_PER_SIDE * plan.tile
    progress(0, len(sites) + 1)
    for number, (split, count) in enumerate(sites):
        scene = draw_scene(site_seed(plan.seed, number), side, side, plan.gsd, plan.sensor)
        east = ORIGIN[0] + number % 64 * (side * plan.gsd + GAP)
        north = ORIGIN[1] + number // 64 * (side * plan.gsd + GAP)
        for index in range(count):
            row, column = (cell * plan.tile for cell in divmod(index, TILES_PER_SIDE))
            window = np.s_[row : row + plan.tile, column : column + plan.tile]
            place = (east + column * plan.gsd, north - row * plan.gsd)
            name = f'{split}/{number:04d}_{row:04d}_{column:04d}.tif'
            names = (f'img_dir/{name}', f'sar_dir/{name}', f'ann_dir/{name}')
            _write_layers(folder, scene, window, place, names, plan.sensor)
        progress(number + 1, len(sites) + 1)
    scene = draw_scene(site_seed(plan.seed, -1), plan.scene_size, plan.scene_size, plan.gsd, plan.sensor)
    south = ORIGIN[1] - side * plan.gsd - GAP
    names = ('scene.tif', 'scene_sar.tif', 'scene_labels.tif')
    _write_layers(folder, scene, np.s_[:, :], (ORIGIN[0], south), names, plan.sensor)
    (folder / 'dataset.json').write_text(json.dumps(_description(plan), indent=2) + '\n')
    progress(len(sites) + 1, len(sites) + 1)


def site_seed(seed: int, number: int) -> int:
    """Seed of one site.

    Args:
        seed: Seed of the dataset.
        number: Number of the site; -1 is the large scene, whose draw does not depend on the number of sites.
    """
    return int(stream(seed, f'site {number}').integers(2**31))


def _write_layers(
    folder: Path,
    scene: SyntheticScene,
    window: tuple[slice, slice],
    place: tuple[float, float],
    names: tuple[str, str, str],
    sensor: str,
) -> None:
    layers: tuple[np.ndarray, ...] = (scene.image, scene.sar[None], scene.land_cover[None])
    for name, layer, bands in zip(names, layers, (SENSORS[sensor].bands, ('sigma0',), ('land_cover',)), strict=True):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.ascontiguousarray(layer[(slice(None), *window)])
        write_tif(path, pixels, place, scene.gsd, bands)


def write_tif(path: Path, pixels: np.ndarray, place: tuple[float, float], gsd: float, bands: tuple[str, ...]) -> None:
    """Writes a GeoTIFF and checks that it is whole.

    Args:
        path: File.
        pixels: (bands, rows, columns).
        place: Easting and northing of the upper left corner.
        gsd: Metres per pixel.
        bands: Their names.
    """
    count, height, width = pixels.shape
    tiled = min(height, width) >= 512
    profile: dict[str, Any] = dict(
        driver='GTiff', count=count, height=height, width=width, dtype=pixels.dtype, crs=CRS,
        transform=from_origin(*place, gsd, gsd), compress='deflate', predictor=3 if pixels.dtype.kind == 'f' else 2,
        tiled=tiled, **(dict(blockxsize=256, blockysize=256) if tiled else {}),
    )  # fmt: skip
    with gdal_env(), rasterio.open(path, 'w', **profile) as target:
        target.write(pixels)
        target.descriptions = bands
        if bands == ('land_cover',):
            target.write_colormap(1, dict(enumerate((*colour, 255) for colour in PALETTE)))
        if bands == ('sigma0',):
            target.units = ('dB',)
    check_written(path)


def estimate_bytes(plan: Plan) -> int:
    """Rough size of a dataset on disk: imagery with sensor noise hardly compresses."""
    pixels = (plan.train + plan.val) * plan.tile**2 + plan.scene_size**2
    return math.ceil(pixels * ({'rgb': 2.3, 'sentinel2-l2a': 15, 'sentinel1-grd': 6.8}[plan.sensor] + 4 * 0.85))
