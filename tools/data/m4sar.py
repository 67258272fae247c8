"""Arranges M4-SAR, as its publisher packs it, in the folders that the configs read.

    python tools/data/m4sar.py /raw/M4-SAR -o /data/m4sar --dry-run

Images are linked, or copied to another disk; labels become boxes in DOTA's format. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmrs.cli.progress import passing_bar
from mmrs.datasets.m4sar_files import SPLITS, arrange, find_pairs
from mmrs.errors import MmrsError


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='folder that holds optical and sar')
    parser.add_argument('-o', '--out', type=Path, required=True, help='folder of the dataset')
    parser.add_argument('--dry-run', action='store_true', help='say what would be arranged')
    args = parser.parse_args(argv)
    try:
        pairs = find_pairs(args.folder)
        counts = ', '.join(f'{split} {sum(pair.split == split for pair in pairs):,}' for split in SPLITS)
        if args.dry_run:
            print(f'{args.out}: {counts} pairs (not written)')
            return 0
        with passing_bar() as bar:
            task = bar.add_task('pairs')
            done, kept = arrange(pairs, args.out, lambda done, total: bar.update(task, completed=done, total=total))
    except MmrsError as error:
        print(f'm4sar: error: {error}', file=sys.stderr)
        return 1
    print(f'{args.out}: {counts} pairs; {done:,} arranged, {kept:,} kept')
    return 0


if __name__ == '__main__':
    sys.exit(main())
