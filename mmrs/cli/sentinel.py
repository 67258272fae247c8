"""``mmrs data sentinel``: Sentinel-1 and Sentinel-2 products to GeoTIFFs on one grid."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmrs.cli.progress import passing_bars


def add_action(actions: Any) -> None:
    """Declares ``mmrs data sentinel``."""
    parser = actions.add_parser(
        'sentinel',
        help='bring Sentinel-2 L2A and Sentinel-1 GRD products to one grid',
        description='Writes the products of a folder, zips or .SAFE folders, as GeoTIFFs of square map cells: '
        'OUT/sentinel/S2 (ten bands, reflectance x 10,000), S1 (VV and VH, sigma nought in dB) and CLOUD. Files of one '
        'name are one place: mmrs data build OUT PATCHES --optical-folder S2 --sar-folder S1 cuts them into patches.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument('source', type=Path, metavar='SOURCE', help='folder of products, or one product')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write; files that are there are kept')
    parser.add_argument('--crs', choices=('utm', 'web-mercator'), default='utm', help='map projection')
    text = 'side of a pixel; in web mercator that of the nearest level, at the equator'
    parser.add_argument('--gsd', type=float, default=10.0, metavar='METRES', help=text)
    parser.add_argument('--size', type=int, default=4096, metavar='PIXELS', help='side of a cell')
    text = 'between the optical and the radar image of a pair'
    parser.add_argument('--max-days', type=float, default=15.0, metavar='DAYS', help=text)
    text = 'products that may be unusable; with more, nothing is started'
    parser.add_argument('--max-bad', type=int, default=0, metavar='N', help=text)
    text = 'processes on this machine, 0 for none beside this one (one a core)'
    parser.add_argument('--workers', type=int, metavar='N', help=text)
    parser.add_argument('--scheduler', metavar='ADDRESS', help='dask scheduler to use instead')
    parser.add_argument('--dry-run', action='store_true', help='read the metadata, say what would be done and stop')
    parser.add_argument('--json', action='store_true', help='print the report as JSON')


def run(args: argparse.Namespace) -> int:
    """Runs ``mmrs data sentinel``."""
    from mmrs.datasets.sentinel.convert import convert
    from mmrs.datasets.sentinel.plan import Grid

    grid = Grid(args.crs, args.gsd, args.size, args.max_days)
    where = (args.workers, args.scheduler, args.max_bad, args.dry_run)
    with passing_bars() as show:
        report = convert(args.source, args.out, grid, *where, progress=show)
    if args.json:
        print(json.dumps(asdict(report), indent=2))
        return 0
    for problem in report.bad:
        print(f'skipped {problem.path} ({problem.kind}): {problem.text}', file=sys.stderr)
    print(f'{report.optical} Sentinel-2 and {report.sar} Sentinel-1 products touch {report.cells} cells')
    if not args.dry_run:
        counts = ', '.join(f'{number} {what.replace("_", " ")}' for what, number in report.outcomes.items() if number)
        print(f'{args.out}: {counts or "nothing"}')
    return 0
