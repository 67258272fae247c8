"""From nothing to a georeferenced map: the commands that a user would type, one after the other.

`make demo` runs it on synthetic landscapes; `make demo DATA=/data/amazon_forest` on real imagery.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mmrs.errors import DataError, MmrsError

SYNTHETIC_CONFIG = 'quickstart/cgeartheye-tiny_upernet_600_synthetic-128.py'


@dataclass(frozen=True)
class RealSet:
    """Real labelled set: its config, a scene in the `geo_scenes` beside it, and how the scene is brought to its pixels.

    Attributes:
        config: Name below configs/.
        scene: File name in geo_scenes.
        resample: Options of `mmrs data resample`.
        note: What to bear in mind when looking at the map.
    """

    config: str
    scene: str
    resample: tuple[str, ...]
    note: str


REAL_SETS = {
    'amazon_forest': RealSet(
        'quickstart/cgeartheye-tiny_upernet_600_amazon-forest-128.py',
        'sentinel2_l1c_T60HWB_13band.tif',
        # The set is true colour in 8 bits, about reflectance x 1000; level 1C stores reflectance x 10000.
        ('--bands', '4,3,2', '--scale', '0.1', '--dtype', 'uint8'),
        'Same sensor and GSD (Sentinel-2, 10 m), but New Zealand instead of the Amazon.',
    ),
    'roads_epfl': RealSet(
        'quickstart/cgeartheye-tiny_upernet_600_roads-epfl-128.py',
        'drone_rgb_2048_a.tif',
        ('--gsd', '0.5', '--nodata', '0'),
        'Brought from 0.1 m to the GSD of the training images, about 0.5 m; another city, camera and season.',
    ),
}


@dataclass
class Demo:
    """Runs and times the commands, all of which write below one folder."""

    out: Path
    timings: list[tuple[str, float]] = field(default_factory=list)

    def mmrs(self, *arguments: str | Path) -> None:
        """Prints a command, runs it and lets it speak; ends the demo if it fails."""
        words = [str(argument) for argument in arguments]
        print(f'\n$ mmrs {shlex.join(words)}', flush=True)
        start = time.monotonic()
        # Threads that wait in a loop for each other slow training down threefold beside another busy process.
        environment = {'OMP_WAIT_POLICY': 'PASSIVE', **os.environ}
        code = subprocess.run([sys.executable, '-m', 'mmrs', *words], env=environment, check=False).returncode
        self.timings.append((words[0] if words[0] != 'data' else f'data {words[1]}', time.monotonic() - start))
        if code:
            sys.exit(code)

    def train_and_map(self, config: str, options: Sequence[str], scene: Path) -> dict[str, Path]:
        """Trains, evaluates and maps; returns the outputs by name."""
        overrides = ['--cfg-options', *options]
        self.mmrs('train', config, '--work-dir', self.out / 'train', *overrides)
        checkpoint = Path((self.out / 'train' / 'last_checkpoint').read_text().strip())
        self.mmrs('test', config, checkpoint, '--work-dir', self.out / 'test', *overrides)
        maps = self.out / 'maps'
        self.mmrs('predict', config, checkpoint, scene, '-o', maps, '--polygons', 'gpkg', '--overwrite')
        names = {'map (COG)': 'classes.tif', 'polygons (GeoPackage)': 'polygons.gpkg', 'quicklook': 'quicklook.png'}
        return {label: maps / f'{scene.stem}_{name}' for label, name in names.items()}

    def report(self, config: str, options: Sequence[str], scene: Path, outputs: dict[str, Path]) -> None:
        """Prints the score beside guessing, the outputs and the time of every step."""
        results = max((self.out / 'test').glob('*/*.json'))
        guess, majority, count = guessing(config, options)
        print(f'\nmIoU on held-out images  {json.loads(results.read_text())["mIoU"]:.1f} %  ({count} classes)')
        print(f'guessing by chance       {guess:.1f} %,  always "{majority[0]}": {majority[1]:.1f} %')
        print(f'scene                    {scene} {grid(scene)}')
        for label, path in outputs.items():
            print(f'{label:<24} {path}{" " + grid(path) if path.suffix == ".tif" else ""}')
        total = sum(seconds for _, seconds in self.timings)
        steps = ', '.join(f'{name} {seconds:.0f} s' for name, seconds in self.timings)
        print(f'time                     {total:.0f} s ({steps})')


def guessing(config: str, options: Sequence[str]) -> tuple[float, tuple[str, float], int]:
    """Score of knowing nothing on a config's test masks.

    Returns:
        mIoU in percent of drawing classes at random, the most frequent class and the mIoU of always naming it,
        and the number of classes.
    """
    import numpy as np
    from mmengine.registry import DATASETS

    import mmrs.registry  # noqa: F401  (makes the scope known)
    from mmrs.apis.config import load_config

    loaded = load_config(config, dict(option.split('=', 1) for option in options if option.startswith('data_root')))
    settings = dict(loaded.test_dataloader.dataset)
    with DATASETS.switch_scope_and_registry(loaded.default_scope) as registry:
        dataset = registry.build(dict(settings, pipeline=loaded.test_pipeline[:2]))
    classes = dataset.metainfo['classes']
    counts = sum(np.bincount(dataset[i]['gt_seg_map'].ravel(), minlength=256) for i in range(len(dataset)))
    share = counts[: len(classes)] / counts[: len(classes)].sum()
    number = len(classes)
    # A guess hits class k in share/number of all pixels, and the union is share + 1/number less that.
    guess = float(np.mean(share / number / (share + 1 / number - share / number)))
    return 100 * guess, (classes[int(share.argmax())], 100 * float(share.max()) / number), number


def grid(path: Path) -> str:
    """Size, CRS and upper left corner of a raster."""
    import rasterio

    with rasterio.open(path) as raster:
        corner = f'{raster.transform.c:.10g}, {raster.transform.f:.10g}'
        return f'[{raster.width} x {raster.height}, {raster.crs}, corner {corner}]'


def synthetic(demo: Demo, quick: bool) -> None:
    """Draws landscapes and does everything with them."""
    data = demo.out / 'data'
    size = ['--train', '16', '--val', '4', '--scene-size', '512'] if quick else []
    demo.mmrs('data', 'synth', data, *size, '--overwrite')
    options = [f'data_root={data}', *short(quick)]
    outputs = demo.train_and_map(SYNTHETIC_CONFIG, options, data / 'scene.tif')
    demo.report(SYNTHETIC_CONFIG, options, data / 'scene.tif', outputs)


def real(demo: Demo, folder: Path, scene: Path | None, quick: bool) -> None:
    """Trains and evaluates on a real set, maps a real scene.

    Raises:
        DataError: The set is unknown or the scene is missing.
    """
    known = REAL_SETS.get(folder.resolve().name)
    if not folder.is_dir() or known is None:
        raise DataError(
            folder,
            'no such folder' if not folder.is_dir() else 'a set without a quickstart config',
            f'one of {", ".join(REAL_SETS)}',
            'For a set of your own, with images and masks in img_dir/{train,val} and ann_dir/{train,val}, '
            'see docs/data.md: a config of a few lines, then mmrs train, test and predict.',
        )
    source = scene or folder.resolve().parent / 'geo_scenes' / known.scene
    if not source.is_file():
        raise DataError(source, 'no such file', 'a georeferenced scene to map', 'Name one with --scene PATH.')
    if scene is None:
        target = demo.out / f'{source.stem}_resampled.tif'
        print(f'The scene: {known.note}')
        demo.mmrs('data', 'resample', source, target, *known.resample)
        source = target
    options = [f'data_root={folder}', *short(quick)]
    outputs = demo.train_and_map(known.config, options, source)
    demo.report(known.config, options, source, outputs)
    print(f'note                     {known.note}' if scene is None else '')


def short(quick: bool) -> list[str]:
    """Options that end training after a few iterations."""
    return ['train_cfg.max_iters=20', 'train_cfg.val_interval=20', 'train_dataloader.batch_size=2'] if quick else []


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the demo."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data', type=Path, metavar='PATH', help=f'real set: a folder named {" or ".join(REAL_SETS)}')
    parser.add_argument('--scene', type=Path, metavar='PATH', help='scene to map, as it is, with --data')
    parser.add_argument('--out', type=Path, default=Path('outputs/demo'), help='folder of all outputs')
    parser.add_argument('--quick', action='store_true', help='less data and 20 iterations: checks that all steps work')
    args = parser.parse_args(argv)
    demo = Demo(args.out if args.data is None else args.out / args.data.resolve().name)
    for stale in ('train', 'test'):
        shutil.rmtree(demo.out / stale, ignore_errors=True)
    try:
        real(demo, args.data, args.scene, args.quick) if args.data else synthetic(demo, args.quick)
    except MmrsError as error:
        print(f'demo: error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
