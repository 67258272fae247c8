"""Writes synthetic image pairs to disk in the layout of LEVIR-CD, and one large georeferenced pair."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmrs.datasets.catalogue.change import CLASSES, PALETTE
from mmrs.datasets.synthetic.change import SyntheticPair, draw_pair
from mmrs.datasets.synthetic.writer import CRS, ORIGIN, TILES_PER_SIDE, Plan, site_seed, write_complete, write_tif

FORMAT = 'mmrs-synthetic-change'
VERSION = 2  # raised whenever the same seed would draw other pixels
FOLDERS = ('A', 'B', 'label')
PER_SITE = 8  # tiles of the 16 that a site has: half of a landscape is without a house
RGB = ('red', 'green', 'blue')


def write_pairs(
    root: str | os.PathLike[str],
    plan: Plan,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draws pairs and writes them in the layout of LEVIR-CD.

    The folder appears under its name only when it is complete::

        dataset.json                                seed, version, classes, CRS, GSD
        {train,val,test}/A/*.png                    earlier images, 3 x uint8
        {train,val,test}/B/*.png                    later images
        {train,val,test}/label/*.png                0 and 255
        before.tif after.tif change.tif             one large pair elsewhere, georeferenced

    Of each site the half of the tiles that changed most is taken.

    Args:
        root: Folder to create. A finished dataset of the same plan is kept as it is.
        plan: What to draw; there are as many test tiles as validation tiles.
        overwrite: Replace another synthetic dataset there.
        progress: Called with the number of sites done and in all.

    Returns:
        The folder.

    Raises:
        DataError: If ``root`` holds something else or cannot be written.
    """
    plan.check()
    return write_complete(
        Path(root), _description(plan), lambda folder: _fill(folder, plan, progress), overwrite=overwrite
    )


def _description(plan: Plan) -> dict[str, Any]:
    colours = [list(colour) for colour in PALETTE]
    return dict(format=FORMAT, version=VERSION, crs=CRS, classes=list(CLASSES), palette=colours, **plan.record())


def _sites(plan: Plan) -> list[tuple[str, int]]:
    return [
        (split, min(PER_SITE, count - first))
        for split, count in (('train', plan.train), ('val', plan.val), ('test', plan.val))
        for first in range(0, count, PER_SITE)
    ]


def _fill(folder: Path, plan: Plan, progress: Callable[[int, int], None]) -> None:
    sites = _sites(plan)
    side = TILES_PER_SIDE * plan.tile
    progress(0, len(sites) + 1)
    for number, (split, count) in enumerate(sites):
        pair = draw_pair(site_seed(plan.seed, number), side, side, plan.gsd)
        for row, column in _most_changed(pair, plan.tile)[:count]:
            window = np.s_[row : row + plan.tile, column : column + plan.tile]
            _write_png(folder / split, f'{number:04d}_{row:04d}_{column:04d}.png', pair, window)
        progress(number + 1, len(sites) + 1)
    scene = draw_pair(site_seed(plan.seed, -1), plan.scene_size, plan.scene_size, plan.gsd)
    layers = (np.moveaxis(scene.before, -1, 0), np.moveaxis(scene.after, -1, 0), scene.change[None])
    for name, layer, bands in zip(('before', 'after', 'change'), layers, (RGB, RGB, ('change',)), strict=True):
        write_tif(folder / f'{name}.tif', np.ascontiguousarray(layer), ORIGIN, plan.gsd, bands)
    (folder / 'dataset.json').write_text(json.dumps(_description(plan), indent=2) + '\n')
    progress(len(sites) + 1, len(sites) + 1)


def _most_changed(pair: SyntheticPair, tile: int) -> list[tuple[int, int]]:
    """Upper left corners of a site's tiles, those with most change first."""
    sums = pair.change.reshape(TILES_PER_SIDE, tile, TILES_PER_SIDE, tile).sum((1, 3), dtype=np.int64)
    order = np.argsort(-sums, axis=None, kind='stable')
    return [(int(cell) // TILES_PER_SIDE * tile, int(cell) % TILES_PER_SIDE * tile) for cell in order]


def _write_png(folder: Path, name: str, pair: SyntheticPair, window: tuple[slice, slice]) -> None:
    for kind, layer in zip(FOLDERS, (pair.before, pair.after, pair.change * np.uint8(255)), strict=True):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.ascontiguousarray(layer[window])).save(folder / kind / name)
