"""A tiny archive in the layout of RS-Semantic: two sets, three modalities, several dates."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tiny_sets import save

CELLS, SCALE = 4, 32  # a tile: 4 x 4 pixels of Sentinel-2, 128 x 128 of high resolution
SIDE = CELLS * SCALE


def archive(root: Path, number: int = 5) -> Path:
    """Writes ``potsdam_train.json`` (three modalities, values 1 to 3) and ``deepglobe_train.json`` (colours)."""
    potsdam, deepglobe = [], []
    for index in range(number):
        label = np.ones((SIDE, SIDE), np.uint8)
        label[:, SIDE // 2 :] = 2 + index % 2  # classes 0 and 1, or 0 and 2
        ramp = np.linspace(20 + 10 * index, 200, SIDE)
        image = np.stack(
            [np.broadcast_to(ramp, (SIDE, SIDE)), np.broadcast_to(ramp[:, None], (SIDE, SIDE)), label * 60]
        )
        folder = root / 'potsdam'
        names = dict(hr=f'potsdam/hr/{index}.png', label=f'potsdam/label/{index}.tif', s1=f'potsdam/s1/{index}.npz')
        save(root / names['hr'], np.ascontiguousarray(np.moveaxis(image, 0, -1).astype(np.uint8)))
        save(root / names['label'], label[None])
        dates = [f'potsdam/s2/{index}_2018_{month:02d}_15.tif' for month in (3, 6, 9)]
        for month, path in enumerate(dates):
            pixels = np.full((10, CELLS, CELLS), 1000 * (month + 1), np.int16)
            pixels[:, :, CELLS // 2 :] += 500
            save(root / path, pixels)
        (folder / 's1').mkdir(parents=True, exist_ok=True)
        np.savez(
            root / names['s1'],
            image=np.random.default_rng(index).normal(-15, 5, (4, 2, CELLS, CELLS)).astype(np.float32),
            date=np.array(['20180101', '20180203', '20180401', '20181231']),
        )
        item = dict(hr_path=names['hr'], s2_path=dates, s1_path=names['s1'], target_path=names['label'])
        potsdam.append({**item, 'type': 'potsdam', 'classes': [0, 1 + index % 2]})
        colours = np.zeros((SIDE, SIDE, 3), np.uint8)
        colours[: SIDE // 2] = (0, 0, 255)
        save(root / f'deepglobe/label/{index}.png', colours)
        save(root / f'deepglobe/hr/{index}.jpg', np.ascontiguousarray(np.moveaxis(image, 0, -1).astype(np.uint8)))
        deepglobe.append(dict(
            hr_path=f'deepglobe/hr/{index}.jpg', target_path=f'deepglobe/label/{index}.png', type='deepglobe',
            classes=[1],
        ))  # fmt: skip
    (root / 'potsdam_train.json').write_text(json.dumps(potsdam))
    (root / 'deepglobe_train.json').write_text(json.dumps(deepglobe))
    return root


def rewritten(root: Path, name: str, **changes: object) -> Path:
    """The list of potsdam under another name, its second entry changed."""
    items = json.loads((root / 'potsdam_train.json').read_text())
    items[1] = {key: value for key, value in {**items[1], **changes}.items() if value is not None}
    path = root / name
    path.write_text(json.dumps(items))
    return path
