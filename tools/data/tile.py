"""Cuts the publishers' large scenes into the tiles that the configs read, colours of masks into class indices.

    python tools/data/tile.py potsdam /raw/potsdam -o /data/potsdam       # 24 + 14 scenes -> 3,456 + 2,016 tiles
    python tools/data/tile.py isaid /raw/iSAID -o /data/iSAID --dry-run   # says what would be written

Unpack the archives first; how they are nested does not matter. A run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmrs.cli.progress import TileProgress
from mmrs.datasets.raw_scenes import RAW, plan_tiles
from mmrs.datasets.tiling import count_tiles, cut_scenes
from mmrs.errors import MmrsError


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', choices=sorted(RAW), help='catalogue name of the dataset')
    parser.add_argument('folder', type=Path, help='folder into which the archives were unpacked')
    parser.add_argument('-o', '--out', type=Path, required=True, help='folder of the tiles')
    parser.add_argument('--tile', type=int, help='side of a tile in pixels (as published)')
    parser.add_argument('--stride', type=int, help='pixels from one tile to the next (as published)')
    parser.add_argument('--threads', type=int, default=4, help='scenes cut at once')
    parser.add_argument('--dry-run', action='store_true', help='say what would be written')
    args = parser.parse_args(argv)
    try:
        return _tile(args)
    except (MmrsError, ValueError) as error:
        print(f'tile: error: {error}', file=sys.stderr)
        return 1


def _tile(args: argparse.Namespace) -> int:
    raw = RAW[args.name]
    tile, stride = args.tile or raw.tile, args.stride or args.tile or raw.stride
    plan = plan_tiles(args.name, args.folder, args.out)
    for path in plan.unused:
        print(f'{path}: in no split, left out')
    for split, scenes in plan.scenes.items():
        rasters = len(scenes[0])
        print(f'{split}: {len(scenes)} scenes, {count_tiles(scenes, tile, stride) // rasters:,} tiles of {tile} px')
    if args.dry_run:
        print('(nothing was written)')
        return 0
    every = [scene for scenes in plan.scenes.values() for scene in scenes]
    with TileProgress(args.name) as progress:
        written, kept = cut_scenes(every, tile, stride, progress, args.threads)
    print(f'{args.out}: {written:,} files written, {kept:,} kept')
    return 0


if __name__ == '__main__':
    sys.exit(main())
