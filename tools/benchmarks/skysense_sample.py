"""A training sample of SkySense++: our direct mosaic beside the original's, tile by tile.

Both read the same files with the same readers: high resolution in the format that is asked for, labels in PNG or,
beside GeoTIFF, in that; Sentinel-2 and Sentinel-1 as archives of dates. The peer resamples, mirrors and normalises
every tile, lays the mosaic out, and cuts the sample out of it; colours go to the model. Ours reads what is seen and
resamples it once; ids go to the model. Pixels are synthetic landscapes; the system has the files in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
import torch
from _harness import compare, machine_line, markdown_table

from mmrs.datasets.synthetic.scene import draw_scene
from mmrs.geo.scene_cache import SCENES
from mmrs.registry import DATASETS, TRANSFORMS

GATE = 3.0
CELLS, SCALE, TILES = 16, 32, 8


def write_archive(folder: Path, side: int, suffix: str, number: int = TILES) -> None:
    """Landscapes as a set of one list, ``fbp`` by its label values.

    Args:
        folder: Where to write.
        side: Pixels of an image; more than 512 makes scenes of which a tile is a window.
        suffix: ``.png``, ``.jpg`` or ``.tif`` (tiled, not compressed).
        number: Images.
    """
    items, cells, random = [], side // SCALE, np.random.default_rng(0)
    labels = '.tif' if suffix == '.tif' else '.png'  # a window of a PNG costs as much as all of it
    for index in range(number):
        world = draw_scene(index, min(side, 512), min(side, 512), 1.0)
        repeats = side // min(side, 512)
        image = np.tile(world.optical[..., :3], (repeats, repeats, 1))
        label = np.tile(world.land_cover + 1, (repeats, repeats)).astype(np.uint8)
        names = dict(hr_path=f'{index}{suffix}', target_path=f'{index}-label{labels}')
        for name, pixels in zip(names.values(), (image, label[..., None]), strict=True):
            if name.endswith('.tif'):
                profile = dict(driver='GTiff', tiled=True, blockxsize=512, blockysize=512, interleave='pixel')
                size = dict(count=pixels.shape[2], height=side, width=side, dtype=pixels.dtype)
                with rasterio.open(folder / name, 'w', **profile, **size) as file:
                    file.write(np.moveaxis(pixels, -1, 0))
            else:
                cv2.imwrite(str(folder / name), pixels[..., ::-1])
        for name, bands, kind in (('s2', 10, np.int16), ('s1', 2, np.float32)):
            names[f'{name}_path'] = f'{index}-{name}.npz'
            series = random.normal(1000, 300, (20, bands, cells, cells)).astype(kind)
            np.savez(folder / names[f'{name}_path'], image=series)
        items.append({**names, 'type': 'fbp', 'classes': (np.unique(label) - 1).tolist()})
    (folder / 'fbp_train.json').write_text(json.dumps(items))


def sampler(folder: Path, dates: int, output: str, resampling: str) -> Callable[[], Any]:
    """Makes samples of one item, as a config would."""
    data = dict(type='mmrs.SemanticMosaics', ann_files=['fbp_train.json'], data_root=str(folder), pipeline=[])
    dataset = DATASETS.build(data)
    steps = [
        dict(type='mmrs.LoadMosaic', dates=dict(s2=dates, s1=dates), resampling=resampling),
        dict(type='mmrs.PaintAnnotation', output=output),
        dict(type='mmrs.MaskAnnotation'),
        dict(type='mmrs.PackMosaic'),
    ]
    transforms = [TRANSFORMS.build(step) for step in steps]

    def make() -> Any:
        results = dataset[0]
        for transform in transforms:
            results = transform(results)
        return results

    return make


def main() -> int:
    """Returns 1 if a ratio is below its gate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pairs', type=int, default=15, help='timed pairs of a case')
    parser.add_argument('--scene', type=int, default=4096, help='side of large scenes in pixels; 0 leaves them out')
    parser.add_argument('--formats', nargs='+', default=['.png', '.jpg', '.tif'])
    parser.add_argument('--dates', type=int, nargs='+', default=[1, 4])
    parser.add_argument('--threads', type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads if args.threads > 1 else 0)
    rows: list[dict[str, object]] = []
    failed = []
    cases = [(512, suffix) for suffix in args.formats] + ([(args.scene, '.tif')] if args.scene else [])
    for side, suffix in cases:
        with tempfile.TemporaryDirectory() as temporary:
            write_archive(Path(temporary), side, suffix)
            for dates in args.dates:
                peer = sampler(Path(temporary), dates, 'colours', 'published')
                ours = sampler(Path(temporary), dates, 'ids', 'direct')
                found = compare(peer, ours, args.pairs)
                rows.append(found.row(images=f'{side} px {suffix[1:]}', dates=dates, gate=f'{GATE:g}'))
                if found.ratio < GATE:
                    failed.append(f'{side} px {suffix[1:]}, {dates} dates: {found.ratio:.2f}')
            SCENES.close()
    print(machine_line(), f'8 tiles, three modalities, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}', sep='\n')
    print(markdown_table(rows))
    for name in failed:
        print(f'below its gate: {name}')
    return int(bool(failed))


if __name__ == '__main__':
    raise SystemExit(main())
