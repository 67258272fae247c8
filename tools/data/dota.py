"""Cuts DOTA's large images into overlapping tiles, and brings detections in tiles back to the images.

    python tools/data/dota.py split /data/DOTA/train /data/DOTA-tiles/train            # images/ and labelTxt/
    python tools/data/dota.py split /data/DOTA/test /data/DOTA-tiles/test --no-labels
    python tools/data/dota.py split /data/DOTA/train OUT --rates 0.5 1 1.5 --overlap 500    # several scales
    python tools/data/dota.py merge results/ submission.zip                            # Task1_*.txt of tiles

A run that breaks off goes on when the same command is given again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmrs.cli.progress import passing_bar
from mmrs.datasets.dota_merge import merge_folder
from mmrs.datasets.dota_tiles import Tiling, cut_images
from mmrs.errors import MmrsError


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    split = actions.add_parser('split', help='cut images', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    split.add_argument('folder', type=Path, help='folder with images/ and labelTxt/')
    split.add_argument('out', type=Path, help='folder of the tiles: images/ and annfiles/')
    split.add_argument('--size', type=int, default=1024, help='side of a tile in pixels')
    split.add_argument('--overlap', type=int, default=200, help='pixels that neighbours share at least')
    split.add_argument('--rates', type=float, nargs='+', default=[1.0], help='scales: 0.5 cuts tiles of twice the side')
    split.add_argument('--iof', type=float, default=0.7, help='least share of an object in a tile that keeps it')
    split.add_argument('--cut', action='store_true', help='cut boxes at the edge (else they keep their corners)')
    split.add_argument('--drop-empty', action='store_true', help='leave out tiles without an object')
    split.add_argument('--no-labels', action='store_true', help='images alone')
    merge = actions.add_parser('merge', help='merge detections', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    merge.add_argument('folder', type=Path, help='folder with Task1_CLASS.txt of tiles')
    merge.add_argument('out', type=Path, help='zip file of Task1_CLASS.txt of images')
    merge.add_argument('--iou', type=float, default=0.1, help='boxes of one class that overlap by this are one object')
    for action in (split, merge):
        action.add_argument('--overwrite', action='store_true', help='replace what is there')
        action.add_argument('--dry-run', action='store_true', help='say what would be written')
    args = parser.parse_args(argv)
    try:
        with passing_bar() as bar:
            task = bar.add_task({'split': 'cutting', 'merge': 'merging'}[args.action])
            text = (_split if args.action == 'split' else _merge)(
                args, lambda done, total: bar.update(task, completed=done, total=total)
            )
    except MmrsError as error:
        print(f'dota: error: {error}', file=sys.stderr)
        return 1
    print(text + (' (not written)' if args.dry_run else ''))
    return 0


def _split(args: argparse.Namespace, progress) -> str:
    tiling = Tiling(args.size, args.overlap, tuple(args.rates), args.iof, args.cut, not args.drop_empty)
    labels = None if args.no_labels else args.folder / 'labelTxt'
    done = cut_images(args.folder / 'images', labels, args.out, tiling, args.overwrite, args.dry_run, progress)
    text = f'{args.out}: {done.tiles} tiles of {done.images + done.kept} images, {done.objects} objects'
    text += f', {done.empty} tiles without one' if done.empty else ''
    text += f'; {done.kept} images were complete' if done.kept else ''
    return text + (f'; {done.left_out} boxes left out (degenerate or outside)' if done.left_out else '')


def _merge(args: argparse.Namespace, progress) -> str:
    counts = merge_folder(args.folder, args.out, args.iou, args.overwrite, args.dry_run, progress)
    before, after = (sum(pair[index] for pair in counts.values()) for index in (0, 1))
    return f'{args.out}: {after} of {before} detections, {len(counts)} classes'


if __name__ == '__main__':
    sys.exit(main())
