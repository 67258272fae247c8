"""Merging of 100,000 oriented boxes across the tiles of a scene, against the time of the model that found them.

The model's time is that of one tile, times the tiles of the scene::

    python tools/benchmarks/merge_boxes.py                      # 100,000 boxes, Oriented R-CNN on CGEarthEye small
    python tools/benchmarks/merge_boxes.py --boxes 1000 --tile 112

Exit code 1 if merging takes a tenth of the model's time or more.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import torch
from mmengine.registry import MODELS

from mmrs.apis.config import load_config
from mmrs.apis.detector import DetectorBoxes
from mmrs.apis.merge_boxes import Boxes, BoxMerger
from mmrs.engine.console import import_host
from mmrs.geo.grid import TileGrid

OBJECTS_A_TILE = 60


def collected(boxes: int, tile: int) -> BoxMerger:
    """A merger that holds boxes of 12 to 40 by 6 to 12 px all over a square scene, 60 a tile."""
    random = np.random.default_rng(0)
    across = max(2, round((boxes / OBJECTS_A_TILE) ** 0.5))
    grid = TileGrid(*[across * (tile - tile // 4) + tile // 4] * 2, tile, tile // 4)
    merger = BoxMerger(grid, 0.1)
    rows, columns = grid.shape
    for index in range(rows * columns):
        count = boxes // (rows * columns)
        sides = random.uniform((12, 6), (40, 12), (count, 2))
        array = np.column_stack([random.uniform(0, tile, (count, 2)), sides, random.uniform(-1.5, 1.5, count)])
        found = Boxes(array.astype(np.float32), random.random(count, np.float32), random.integers(0, 15, count))
        merger.add(*divmod(index, columns), found)
    return merger


def seconds_a_tile(tile: int) -> float:
    """Time of the detector on one tile, the better of two."""
    config = load_config('cgeartheye/cgeartheye-small_orcnn_12e_dior-r-784')
    import_host(config.default_scope)
    with MODELS.switch_scope_and_registry(config.default_scope) as registry:
        network = DetectorBoxes(registry.build(config.model).eval())
    pixels, times = torch.rand(1, 3, tile, tile), []
    with torch.inference_mode():
        for _ in range(2):
            began = time.perf_counter()
            network(pixels)
            times.append(time.perf_counter() - began)
    return min(times)


def main() -> int:
    """Measures both and prints them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--boxes', type=int, default=100_000)
    parser.add_argument('--tile', type=int, default=784)
    options = parser.parse_args()
    merger = collected(options.boxes, options.tile)
    began = time.perf_counter()
    kept = len(merger.finish(oriented=True))
    merging = time.perf_counter() - began
    model = seconds_a_tile(options.tile) * len(merger.grid)
    print(f'{options.boxes} boxes of {len(merger.grid)} tiles: {kept} kept in {merging:.2f} s; model {model:.1f} s')
    print(f'share of the model: {merging / model:.4f} (gate: below 0.1)')
    return int(merging >= 0.1 * model)


if __name__ == '__main__':
    sys.exit(main())
