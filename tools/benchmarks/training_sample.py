"""Training samples beside mmsegmentation: whole samples, photometric distortion, and crops along the blocks of a file.

Pixels are a synthetic landscape, repeated: as GeoTIFF in blocks of 512 for us, as PNG for mmsegmentation, which
reads all of a picture: of the same tile, of the same large scene, or of a tile where we draw from the large scene.
The last is not the same picture and has a gate for aligned windows only. Files are closed before every timed call, so
that no decoded block is left over, as in a set that is larger than GDAL's cache; the system has the files in memory.
"""

from __future__ import annotations

import argparse
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
from mmengine.registry import init_default_scope
from mmseg.datasets.transforms import PhotoMetricDistortion as HostDistortion
from mmseg.registry import TRANSFORMS

from mmrs.datasets.synthetic.scene import draw_scene
from mmrs.datasets.transforms import PhotoMetricDistortion
from mmrs.geo.scene_cache import SCENES

TILE, BLOCK, CLASSES = 1024, 512, 7
GATES = dict(sample=3.0, photometric=5.0, aligned=2.0)


def write_scene(folder: Path, size: int, compress: str) -> dict[str, str]:
    """One landscape of ``TILE`` pixels, repeated to ``size``, and its mask; also as PNG."""
    world = draw_scene(0, TILE, TILE, 1.0)
    layers = dict(img_path=np.moveaxis(world.optical, -1, 0), seg_map_path=world.land_cover[None])
    profile = dict(
        driver='GTiff', tiled=True, blockxsize=BLOCK, blockysize=BLOCK, interleave='pixel', compress=compress
    )
    if compress == 'deflate':
        profile['predictor'] = 2
    paths = {}
    for key, layer in layers.items():
        whole = np.tile(layer, (1, size // TILE, size // TILE))
        paths[key] = str(folder / f'{key}-{compress}-{size}.tif')
        bands = dict(count=len(whole), height=size, width=size, dtype=whole.dtype)
        with rasterio.open(paths[key], 'w', **profile, **bands) as file:
            file.write(whole)
        picture = np.moveaxis(whole[::-1], 0, -1)  # OpenCV writes BGR
        cv2.imwrite(png_of(paths[key]), np.ascontiguousarray(picture))
    return paths


def png_of(path: str) -> str:
    """The same pixels in PNG."""
    return str(Path(path).with_suffix('.png'))


def sampler(steps: list[dict[str, Any]], paths: dict[str, str], number: int) -> Callable[[], None]:
    """Makes some samples from files that were just opened."""
    transforms = [TRANSFORMS.build(step) for step in steps]

    def make() -> None:
        SCENES.close()
        for _ in range(number):
            results: dict[str, Any] = dict(
                paths, seg_fields=[], reduce_zero_label=False, label_map=None, num_classes=CLASSES
            )
            for transform in transforms:
                results = transform(results)

    return make


def host_steps(crop: int, ratios: tuple[float, float], side: int = TILE) -> list[dict[str, Any]]:
    """mmsegmentation's default training pipeline."""
    return [
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations'),
        dict(type='RandomResize', scale=(side, side), ratio_range=ratios, keep_ratio=True),
        dict(type='RandomCrop', crop_size=(crop, crop), cat_max_ratio=0.75),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PhotoMetricDistortion'),
        dict(type='PackSegInputs'),
    ]


def our_steps(crop: int, ratios: tuple[float, float], aligned: bool) -> list[dict[str, Any]]:
    """The same sample in our transforms."""
    window = dict(crop_size=(crop, crop), ratio_range=ratios, cat_max_ratio=0.75, flip=('horizontal',), mask=dict())
    return [
        dict(type='mmrs.RandomWindow', aligned=aligned, **window),
        dict(type='mmrs.PhotoMetricDistortion'),
        dict(type='PackSegInputs'),
    ]


def photometric(size: int, number: int = 40) -> tuple[Callable[[], None], Callable[[], None]]:
    """mmsegmentation's distortion and ours, with as many draws in a call that their luck evens out."""
    image = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)

    def repeated(transform: HostDistortion | PhotoMetricDistortion) -> Callable[[], None]:
        return lambda: [transform.transform({'img': image}) for _ in range(number)] and None

    return repeated(HostDistortion()), repeated(PhotoMetricDistortion())


def windows(paths: dict[str, str], number: int, aligned: bool) -> Callable[[], None]:
    """Reads crops of one block's size, and nothing else."""
    step = dict(type='mmrs.RandomWindow', crop_size=(BLOCK, BLOCK), aligned=aligned, flip=())
    return sampler([step], paths, number)


def main() -> int:
    """Returns 1 if a ratio is below its gate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', type=int, default=4096, help='side of the large scene in pixels (docs: 8192)')
    parser.add_argument('--crop', type=int, default=512, help='side of a sample')
    parser.add_argument('--pairs', type=int, default=7, help='timed pairs of a case')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--folder', type=Path, help='where to write the scenes (default: a temporary folder)')
    args = parser.parse_args()
    if args.size % TILE:
        parser.error(f'--size: found {args.size}; expected a multiple of {TILE}')
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(args.threads if args.threads > 1 else 0)
    init_default_scope('mmseg')
    number = max(4, (args.size // BLOCK) ** 2 // 16)  # few enough that unaligned windows seldom share a block
    rows: list[dict[str, object]] = []
    failed: list[str] = []

    def case(gate: str | None, name: str, peer: Callable[[], None], ours: Callable[[], None], calls: int) -> None:
        found = compare(peer, ours, args.pairs)
        row = found.row(case=name, **{'samples a call': calls})
        rows.append({**row, 'gate': '' if gate is None else f'{GATES[gate]:g}'})
        if gate is not None and found.ratio < GATES[gate]:
            failed.append(name)

    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        stored = {name: write_scene(folder, size, kind) for name, size, kind in (
            ('the same tile, deflate', TILE, 'deflate'), ('the same tile, zstd', TILE, 'zstd'),
            ('the same tile, not compressed', TILE, 'none'), ('large scene, deflate', args.size, 'deflate'),
        )}  # fmt: skip
        tiles, whole = (
            {key: png_of(path) for key, path in stored[name].items()}
            for name in ('the same tile, deflate', 'large scene, deflate')
        )
        for label, ratios in (('0.5 to 2', (0.5, 2.0)), ('1', (1.0, 1.0))):
            for name, paths in stored.items():
                calls = number if 'large' in name else 4
                host = sampler(host_steps(args.crop, ratios), tiles, calls)
                for aligned in (False, True):
                    text = f'sample, resized by {label}; {name}{", aligned" if aligned else ""}'
                    ours = sampler(our_steps(args.crop, ratios, aligned), paths, calls)
                    case('sample' if aligned or 'large' not in name else None, text, host, ours, calls)
        host = sampler(host_steps(args.crop, (1.0, 1.0), args.size), whole, 1)
        ours = sampler(our_steps(args.crop, (1.0, 1.0), False), stored['large scene, deflate'], 1)
        case('sample', 'sample, resized by 1; large scene, all of it for mmsegmentation', host, ours, 1)
        for size in (512, 1024):
            case('photometric', f'photometric distortion, {size} px', *photometric(size), calls=40)
        large = stored['large scene, deflate']
        both = (windows(large, number, aligned) for aligned in (False, True))
        case('aligned', f'crops of {BLOCK} in blocks of {BLOCK}, deflate: unaligned / aligned', *both, calls=number)
        SCENES.close()
    print(machine_line(), f'scene of {args.size} px, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}', sep='\n')
    print(markdown_table(rows))
    for name in failed:
        print(f'below its gate: {name}')
    return int(bool(failed))


if __name__ == '__main__':
    raise SystemExit(main())
