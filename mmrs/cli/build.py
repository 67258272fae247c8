"""``mmrs data build``: raw optical and SAR scenes to paired patches for pretraining."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.cli.progress import passing_bars

if TYPE_CHECKING:
    from mmrs.datasets.pretraining.build import Report

SHOWN = 20  # bad scenes that a person is shown


def add_action(actions: Any) -> None:
    """Declares ``mmrs data build``."""
    parser = actions.add_parser(
        'build',
        help='cut raw optical and SAR scenes into paired patches for pretraining',
        description='Cuts pairs of scenes, SOURCE/<sensor>/{RGB,SAR}/<name>.tif, into patches on one grid, drops those '
        'that are empty, constant or near-identical to others, splits them by place, and writes them with an index. A '
        'run that was stopped goes on with the same command. Needs: pip install mmrs[data].',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('source', type=Path, metavar='SOURCE', help='folder of sensors, or of one sensor')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write, or to go on in')
    _add_source(parser)
    _add_choice(parser)
    _add_form(parser)
    _add_running(parser)


def _add_source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('scenes')
    group.add_argument('--optical-folder', default='RGB', metavar='NAME', help='of the optical files of a sensor')
    group.add_argument('--sar-folder', default='SAR', metavar='NAME', help='of the SAR files of a sensor')
    text = 'of cloud masks (1: cloud, 0: none), where there are some'
    group.add_argument('--cloud-folder', default='CLOUD', metavar='NAME', help=text)
    group.add_argument('--sensor', metavar='NAME', help="name of the sensor (the folder's)")
    group.add_argument('--optical-bands', type=_numbers, metavar='N,N,...', help='bands to take, from 1 (all)')
    group.add_argument('--sar-bands', type=_numbers, metavar='N,N,...', help='bands to take, from 1 (all)')
    text = 'whose grid patches have; the other one is warped where its grid differs'
    group.add_argument('--grid', choices=('sar', 'optical'), default='sar', help=text)
    group.add_argument('--small', choices=('refuse', 'mirror'), default='refuse', help='scenes smaller than a tile')
    text = 'scenes that may be unusable; with more, nothing is started'
    group.add_argument('--max-bad', type=int, default=0, metavar='N', help=text)


def _add_choice(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('patches')
    group.add_argument('--tile', type=int, default=1024, metavar='PIXELS', help='side of a patch')
    group.add_argument('--max-invalid', type=float, default=0.3, metavar='SHARE', help='missing samples of a patch')
    text = 'of clouds in a patch, by the cloud mask'
    group.add_argument('--max-cloud', type=float, default=1.0, metavar='SHARE', help=text)
    group.add_argument(
        '--judged', choices=('sar', 'optical', 'both'), default='sar', help='whose missing samples count'
    )
    text = 'of 64, in which hashes of near-identical patches may differ; -1 keeps all'
    group.add_argument('--duplicate-bits', type=int, default=3, metavar='BITS', help=text)
    group.add_argument('--val-share', type=float, default=0.1, metavar='SHARE', help='of the ground, for validation')
    text = 'side of the blocks of ground that are split (8 patches)'
    group.add_argument('--block', type=float, metavar='METRES', help=text)
    group.add_argument('--seed', type=int, default=0, help='draws the blocks')


def _add_form(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('files')
    text = 'files of the layout of published MaRS patches, or shards'
    group.add_argument('--form', choices=('geotiff', 'webdataset'), default='geotiff', help=text)
    group.add_argument('--shard-size', type=int, default=500, metavar='N', help='patches in a shard')
    compressions = ('deflate', 'zstd', 'lzw', 'none')
    group.add_argument('--compress', choices=compressions, default='deflate', help='of GeoTIFFs, in shards too')


def _add_running(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('running')
    text = 'processes on this machine, 0 for none beside this one (one a core)'
    group.add_argument('--workers', type=int, metavar='N', help=text)
    text = 'dask scheduler to use instead, such as tcp://10.0.0.1:8786'
    group.add_argument('--scheduler', metavar='ADDRESS', help=text)
    group.add_argument('--dry-run', action='store_true', help='look at the scenes, say what would be done and stop')
    group.add_argument('--json', action='store_true', help='print the report as JSON')


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(','))
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected band numbers such as 4,3,2, found {text!r}') from None


def run(args: argparse.Namespace) -> int:
    """Runs ``mmrs data build``."""
    from dataclasses import fields

    from mmrs.datasets.pretraining.build import Source, build
    from mmrs.datasets.pretraining.options import BuildOptions

    options = BuildOptions(**{field.name: getattr(args, field.name) for field in fields(BuildOptions)})
    source = Source(args.source, args.optical_folder, args.sar_folder, args.sensor, args.cloud_folder)
    with passing_bars() as show:
        where = (args.workers, args.scheduler, args.max_bad, args.dry_run)
        report = build(source, args.out, options, *where, progress=show)
    if args.json:
        print(json.dumps(report.record(), indent=2))
    else:
        _tell(report, args)
    return 0


def _tell(report: Report, args: argparse.Namespace) -> None:
    for item in report.bad[:SHOWN]:
        print(f'skipped {item.scene} ({item.kind}): {item.text}', file=sys.stderr)
    if len(report.bad) > SHOWN:
        print(f'skipped {len(report.bad) - SHOWN} more: --json shows all', file=sys.stderr)
    if report.without_time:
        print(f'{len(report.without_time)} scenes without a date that can be read: --json names them', file=sys.stderr)
    size = f'{report.scenes} pairs of {report.scene_bytes / 1e6:,.1f} MB, {report.tiles:,} tiles'
    warped = f', {report.warped} of them warped to one grid' if report.warped else ''
    if args.dry_run:
        print(f'{args.out}: would be made of {size}{warped}; blocks of ground of {report.block:,.0f} m')
        return
    dropped = ', '.join(f'{number:,} {reason}' for reason, number in report.dropped.items() if number) or 'none'
    print(f'{args.out}: {report.patches["train"]:,} training and {report.patches["val"]:,} validation patches')
    print(f'from {size}{warped}; dropped: {dropped}')
    tasks = f'{report.run["tasks_done"]} tasks done, {report.run["tasks_kept"]} kept from an earlier run'
    share = report.run['bytes_read'] / report.scene_bytes
    print(f"{tasks}, {share:.2f} of the scenes' bytes read, {report.run['seconds']:.1f} s")
