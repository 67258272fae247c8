"""``mmrs data``: datasets on disk."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from mmrs.cli import build, datasets, semantic_list, sentinel, stac
from mmrs.cli.progress import passing_bar
from mmrs.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the subcommands of ``mmrs data``."""
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    synth = actions.add_parser(
        'synth',
        help='draw a synthetic dataset',
        description='Draws a synthetic dataset by seed. landcover: georeferenced optical and SAR tiles with land-cover '
        'masks, and one large scene. change: image pairs with a label of change in the layout of LEVIR-CD, and one '
        'large georeferenced pair. scenes: tiles in one folder a class, for classification. detection: tiles with '
        'boxes of ships, vehicles, planes, storage tanks, ... in a published layout, and one large scene with boxes.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    synth.add_argument('out', type=Path, metavar='OUT', help='folder to create')
    synth.add_argument(
        '--task',
        choices=('landcover', 'change', 'scenes', 'detection'),
        default='landcover',
        help='what the labels are for',
    )
    layouts = ('dior', 'dior-r', 'dota', 'm4-sar')
    synth.add_argument('--layout', choices=layouts, default='dior-r', help='layout and class names of --task detection')
    sensors = ('rgb', 'sentinel2-l2a', 'sentinel1-grd')
    synth.add_argument('--sensor', choices=sensors, default='rgb', help='images of --task landcover')
    synth.add_argument('--seed', type=int, default=0, help='the same seed draws the same pixels')
    synth.add_argument('--train', type=int, default=96, metavar='N', help='training tiles')
    synth.add_argument('--val', type=int, default=32, metavar='N', help='validation tiles, from other places')
    synth.add_argument('--tile', type=int, default=256, metavar='PIXELS', help='side of a tile')
    synth.add_argument('--scene-size', type=int, default=2048, metavar='PIXELS', help='side of the large scene')
    synth.add_argument(
        '--gsd', type=float, metavar='METRES', help='ground sampling distance (1; 0.4 for detection, 4 for Sentinel)'
    )
    synth.add_argument('--overwrite', action='store_true', help='replace another synthetic dataset there')
    synth.add_argument('--dry-run', action='store_true', help='say what would be written and stop')
    _add_resample(actions)
    build.add_action(actions)
    sentinel.add_action(actions)
    stac.add_action(actions)
    semantic_list.add_action(actions)
    datasets.add_actions(actions)


def _add_resample(actions: Any) -> None:
    parser = actions.add_parser(
        'resample',
        help='bring a scene to the pixels that a model was trained on',
        description='Copies a scene with another ground sampling distance, choice of bands or value range.',
    )
    parser.add_argument('scene', type=Path, metavar='SCENE', help='any georeferenced raster')
    parser.add_argument('out', type=Path, metavar='OUT', help='GeoTIFF to write')
    parser.add_argument('--gsd', type=float, metavar='METRES', help="ground sampling distance (the scene's)")
    parser.add_argument('--bands', type=_numbers, metavar='N,N,...', help='bands to keep, counted from 1 (all)')
    parser.add_argument('--scale', type=float, default=1.0, metavar='FACTOR', help='factor on the pixel values (1)')
    parser.add_argument('--dtype', choices=('uint8', 'uint16', 'int16', 'float32'), help="type to write (the scene's)")
    parser.add_argument('--nodata', type=float, metavar='VALUE', help='value of missing pixels, if undeclared')


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected band numbers such as 4,3,2, found {text!r}') from None


def run(args: argparse.Namespace) -> int:
    """Runs ``mmrs data``."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        'synth': _synth,
        'resample': _resample,
        'build': build.run,
        'sentinel': sentinel.run,
        'stac': stac.run,
        'annotations': semantic_list.run,
        **datasets.ACTIONS,
    }
    return actions[args.action](args)


def _synth(args: argparse.Namespace) -> int:
    from mmrs.datasets.synthetic import Plan, write_dataset, write_detection, write_pairs, write_scenes
    from mmrs.datasets.synthetic.writer import estimate_bytes

    usual = 0.4 if args.task == 'detection' else 4.0 if args.sensor != 'rgb' else 1.0
    gsd = usual if args.gsd is None else args.gsd
    plan = Plan(args.seed, args.train, args.val, args.tile, args.scene_size, gsd, args.sensor)
    if args.sensor != 'rgb' and args.task != 'landcover':
        raise DataError('--sensor', args.sensor, f'rgb with --task {args.task}', 'Leave it out, or draw land cover.')
    plan.check()
    tests = ', as many test tiles' if args.task == 'change' else ''
    large = '' if args.task == 'scenes' else f'one scene of {plan.scene_size} x {plan.scene_size} px, '
    what = (
        f'{plan.train} training and {plan.val} validation tiles{tests} of {plan.tile} x {plan.tile} px, '
        f'{large}GSD {plan.gsd:g} m'
    )
    if args.dry_run:
        print(f'{args.out}: would hold {what}, about {estimate_bytes(plan) / 1e6:.0f} MB')
        return 0

    with passing_bar() as bar:
        task = bar.add_task('drawing landscapes')
        boxes = partial(write_detection, layout=args.layout)
        writers: dict[str, Callable[..., Path]] = dict(
            landcover=write_dataset, change=write_pairs, scenes=write_scenes, detection=boxes
        )
        write = writers[args.task]
        write(args.out, plan, args.overwrite, lambda done, total: bar.update(task, completed=done, total=total))
    print(f'{args.out}: {what}')
    return 0


def _resample(args: argparse.Namespace) -> int:
    from mmrs.geo.resample import resample

    with passing_bar() as bar:
        task = bar.add_task('resampling')
        options = (args.gsd, args.bands, args.scale, args.dtype, args.nodata)
        resample(args.scene, args.out, *options, lambda done, total: bar.update(task, completed=done, total=total))
    print(args.out)
    return 0
