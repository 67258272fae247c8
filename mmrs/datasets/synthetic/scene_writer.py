"""Writes synthetic scenes for classification: one folder a class, as scene datasets have them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrs.datasets.synthetic.classes import Cover
from mmrs.datasets.synthetic.scene import draw_scene
from mmrs.datasets.synthetic.writer import TILES_PER_SIDE, Plan, site_seed, write_complete
from mmrs.errors import DataError

FORMAT = 'mmrs-synthetic-scenes'
VERSION = 1  # raised whenever the same seed would draw other pixels or name them differently
SCENES = ('cropland', 'forest', 'grassland', 'settlement', 'water')
BUILT, WET = 0.06, 0.3  # shares of buildings and water from which they name a scene
MOST_SITES = 256


def scene_class(land_cover: NDArray[np.uint8]) -> str:
    """Names a tile: by its buildings, else by its water, else by what covers most of it.

    Args:
        land_cover: (H, W) indices into ``CLASSES``.
    """
    shares = np.bincount(land_cover.ravel(), minlength=len(Cover)) / land_cover.size
    if shares[Cover.BUILDING] >= BUILT:
        return 'settlement'
    if shares[Cover.WATER] >= WET:
        return 'water'
    covers = {'cropland': shares[Cover.CROPS], 'forest': shares[Cover.TREES], 'grassland': shares[Cover.GRASS]}
    return max(covers, key=lambda name: covers[name])


def write_scenes(
    root: str | os.PathLike[str],
    plan: Plan,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draws tiles and sorts them into folders by what they show: ``{train,val}/<class>/*.png``.

    The folder appears under its name only when it is complete. Where the tiles asked for lack a class, tiles of further
    sites are added until each split has all of them.

    Args:
        root: Folder to create. A finished dataset of the same plan is kept as it is.
        plan: What to draw; ``scene_size`` is not used.
        overwrite: Replace another synthetic dataset there.
        progress: Called with the number of tiles done and in all.

    Returns:
        The folder.

    Raises:
        DataError: If ``root`` holds something else, cannot be written, or the tiles are too small to show a class.
    """
    plan.check()
    return write_complete(Path(root), _description(plan), partial(_fill, plan=plan, progress=progress), overwrite)


def _description(plan: Plan) -> dict[str, Any]:
    return dict(format=FORMAT, version=VERSION, classes=list(SCENES), **plan.record())


def _fill(folder: Path, plan: Plan, progress: Callable[[int, int], None]) -> None:
    total, before = plan.train + plan.val, 0
    for split, count in (('train', plan.train), ('val', plan.val)):
        done = 0
        seen: set[str] = set()
        for number, (name, picture) in enumerate(_tiles(plan, split)):
            if done >= count and name in seen:
                continue
            target = folder / split / name
            target.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(target / f'{name}_{number:05d}.png')
            done, seen = done + 1, seen | {name}
            progress(min(before + done, total), total)
            if done >= count and len(seen) == len(SCENES):
                break
        else:
            missing = ', '.join(sorted(set(SCENES) - seen))
            raise DataError('--tile', f'no {missing} in {MOST_SITES} sites', 'every class', 'Choose another tile size.')
        before += count
    (folder / 'dataset.json').write_text(json.dumps(_description(plan), indent=2) + '\n')


def _tiles(plan: Plan, split: str) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Class and picture of tiles; splits never share a site."""
    side = TILES_PER_SIDE * plan.tile
    for number in range(MOST_SITES):
        scene = draw_scene(site_seed(plan.seed, 2 * number + (split == 'val')), side, side, plan.gsd)
        for index in range(TILES_PER_SIDE**2):
            row, column = (cell * plan.tile for cell in divmod(index, TILES_PER_SIDE))
            window = np.s_[row : row + plan.tile, column : column + plan.tile]
            yield scene_class(scene.land_cover[window]), np.ascontiguousarray(scene.optical[window])
