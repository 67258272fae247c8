"""Writes synthetic tiles with boxes in the layouts of DIOR, DIOR-R, DOTA and M4-SAR, and one large scene."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.crs import CRS as RasterCRS
from rasterio.transform import from_origin

from mmrs.datasets.box_files import CocoFile, write_dota, write_xml
from mmrs.datasets.box_windows import show
from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic.detection import SyntheticDetection, draw_detection
from mmrs.datasets.synthetic.noise import Field
from mmrs.datasets.synthetic.writer import CRS, ORIGIN, TILES_PER_SIDE, Plan, site_seed, write_complete, write_tif
from mmrs.geo.vector import le90, write_boxes

FORMAT = 'mmrs-synthetic-detection'
VERSION = 2  # raised whenever the same seed would draw other pixels or boxes
PER_SITE = 8  # tiles of the 16 that a site has: those with most kinds of objects
LEAST = 0.4  # share of an object that a tile must show
RGB = ('red', 'green', 'blue')
DB = (-28.0, 8.0)  # backscatter that 8 bits hold
QUALITY = 95


@dataclass(frozen=True)
class Layout:
    """How a dataset lies on disk.

    Attributes:
        dataset: Name in the catalogue.
        names: Key of ``mmrs.datasets.synthetic.detection.NAMES``.
        oriented: Whether boxes have an angle.
        write: Writes one tile: folder, split, number, tile.
    """

    dataset: str
    names: str
    oriented: bool
    write: Callable[[Path, str, int, Tile], None]


@dataclass(frozen=True)
class Tile:
    """One image with boxes: (h, w, 3) and (h, w) uint8, (n, 4, 2) corners, n names."""

    optical: NDArray[np.uint8]
    sar: NDArray[np.uint8]
    quads: NDArray[np.float64]
    names: list[str]


def _dior_image(folder: Path, split: str, number: int, tile: Tile) -> str:
    path = folder / 'images' / {'train': 'trainval', 'val': 'test'}[split] / f'{number:05d}.jpg'
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tile.optical).save(path, quality=QUALITY)
    return path.name


def _write_dior(folder: Path, split: str, number: int, tile: Tile) -> None:
    name = _dior_image(folder, split, number, tile)
    path = folder / 'Annotations' / {'train': 'trainval.json', 'val': 'test.json'}[split]
    CocoFile(path, get('dior').classes).add(name, tile.optical.shape[:2], tile.quads, tile.names)


def _write_diorr(folder: Path, split: str, number: int, tile: Tile) -> None:
    name = Path(_dior_image(folder, split, number, tile)).stem
    path = folder / 'Annotations' / 'Oriented Bounding Boxes' / f'{name}.xml'
    write_xml(path, f'{name}.jpg', tile.optical.shape[:2], tile.quads, tile.names)
    listed = 'test' if split == 'val' else 'val' if number % 4 == 1 else 'train'
    _list(folder / 'ImageSets' / 'Main' / f'{listed}.txt', name)


def _write_dota(folder: Path, split: str, number: int, tile: Tile) -> None:
    name = f'P{number:04d}'
    path = folder / split / 'images' / f'{name}.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(tile.optical).save(path)
    write_dota(folder / split / 'labelTxt' / f'{name}.txt', tile.quads, tile.names)


def _write_m4sar(folder: Path, split: str, number: int, tile: Tile) -> None:
    name = f'{number:05d}'
    grey = np.repeat(tile.sar[..., None], 3, 2)
    for kind, pixels in (('optical', tile.optical), ('sar', grey)):
        path = folder / kind / f'{name}.tif'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, compression='tiff_lzw')
    write_dota(folder / 'labelTxt' / f'{name}.txt', tile.quads, tile.names)
    _list(folder / 'splits' / f'{split}.txt', name)


def _list(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('a') as file:
        file.write(f'{name}\n')


LAYOUTS: Mapping[str, Layout] = {
    'dior': Layout('dior', 'dior', False, _write_dior),
    'dior-r': Layout('dior-r', 'dior', True, _write_diorr),
    'dota': Layout('dota-v1.0', 'dota', True, _write_dota),
    'm4-sar': Layout('m4-sar', 'm4-sar', True, _write_m4sar),
}


def write_detection(
    root: str | os.PathLike[str],
    plan: Plan,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    layout: str = 'dior-r',
) -> Path:
    """Draws tiles with boxes and writes them in the layout of a published dataset.

    The folder appears under its name only when it is complete. Besides the layout's own files it holds
    ``dataset.json``, and of one large scene elsewhere ``scene.tif`` (optical; with ``m4-sar`` a fourth band of SAR) and
    ``scene_boxes.gpkg``, its objects. Of each site the tiles with most kinds of objects are taken.

    Args:
        root: Folder to create. A finished dataset of the same plan is kept as it is.
        plan: What to draw. DIOR and DIOR-R call the training tiles "trainval", the validation tiles "test"; of
            DIOR-R's every fourth training tile is listed in ``val.txt``.
        overwrite: Replace another synthetic dataset there.
        progress: Called with the number of sites done and in all.
        layout: Key of ``LAYOUTS``.

    Returns:
        The folder.

    Raises:
        DataError: If ``root`` holds something else or cannot be written.
    """
    plan.check()
    fill = partial(_fill, plan=plan, layout=layout, progress=progress)
    return write_complete(Path(root), _description(plan, layout), fill, overwrite)


def _description(plan: Plan, layout: str) -> dict[str, Any]:
    classes = list(get(LAYOUTS[layout].dataset).classes)
    return dict(format=FORMAT, version=VERSION, layout=layout, crs=CRS, classes=classes, **plan.record())


def _fill(folder: Path, plan: Plan, layout: str, progress: Callable[[int, int], None]) -> None:
    sites = [
        (split, min(PER_SITE, count - first))
        for split, count in (('train', plan.train), ('val', plan.val))
        for first in range(0, count, PER_SITE)
    ]
    kind, side, written = LAYOUTS[layout], TILES_PER_SIDE * plan.tile, 0
    progress(0, len(sites) + 1)
    for number, (split, count) in enumerate(sites):
        scene = draw_detection(site_seed(plan.seed, number), side, side, plan.gsd, kind.names)
        grey = to_grey(scene.sar)
        tiles = [_cut(scene, grey, index, plan.tile) for index in range(TILES_PER_SIDE**2)]
        for tile in sorted(tiles, key=lambda one: (-len(set(one.names)), -len(one.names)))[:count]:
            kind.write(folder, split, written, tile)
            written += 1
        progress(number + 1, len(sites) + 1)
    _write_scene(folder, plan, kind)
    (folder / 'dataset.json').write_text(json.dumps(_description(plan, layout), indent=2) + '\n')
    progress(len(sites) + 1, len(sites) + 1)


def _cut(scene: SyntheticDetection, grey: NDArray[np.uint8], index: int, side: int) -> Tile:
    top, left = (cell * side for cell in divmod(index, TILES_PER_SIDE))
    shown = show(scene.quads, (left, top, left + side, top + side), LEAST)
    window = np.s_[top : top + side, left : left + side]
    optical, sar = np.ascontiguousarray(scene.optical[window]), np.ascontiguousarray(grey[window])
    return Tile(optical, sar, shown.quads, [scene.names[one] for one in shown.index])


def to_grey(sar: Field) -> NDArray[np.uint8]:
    """Backscatter in dB as 8 bits."""
    return np.clip((sar - DB[0]) / (DB[1] - DB[0]) * 255, 0, 255).astype(np.uint8)


def _write_scene(folder: Path, plan: Plan, layout: Layout) -> None:
    scene = draw_detection(site_seed(plan.seed, -1), plan.scene_size, plan.scene_size, plan.gsd, layout.names)
    bands: list[NDArray[np.uint8]] = [*np.moveaxis(scene.optical, -1, 0)]
    names: tuple[str, ...] = RGB
    if layout.names == 'm4-sar':
        bands, names = [*bands, to_grey(scene.sar)], (*RGB, 'sar')
    write_tif(folder / 'scene.tif', np.stack(bands), ORIGIN, plan.gsd, names)
    classes = get(layout.dataset).classes
    labels = np.array([classes.index(name) for name in scene.names], np.int64)
    boxes = le90(scene.rboxes) if layout.oriented else np.concatenate([scene.quads.min(1), scene.quads.max(1)], 1)
    place = dict(crs=RasterCRS.from_string(CRS), transform=from_origin(*ORIGIN, plan.gsd, plan.gsd))
    write_boxes(boxes, folder / 'scene_boxes.gpkg', classes, labels, np.ones(len(labels)), **place)
