"""Writes the lists of a dataset's splits where its authors publish none: drawn by seed, the same for everyone.

    python tools/data/split.py aid /data/AID                     # meta/train.txt and meta/test.txt, 20 % of every class
    python tools/data/split.py flood3i /data/flood3i --share 0.8 # splits/train.txt and splits/val.txt

Scene classification: folders of the classes, one share of each class for training. Others: the names of all samples.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from mmrs.datasets.catalogue import Dataset, get
from mmrs.datasets.layout import find_samples
from mmrs.errors import DataError, MmrsError

SUFFIXES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff')


def scene_lines(dataset: Dataset, root: Path, share: float, seed: int) -> tuple[list[str], list[str]]:
    """Lines "path label", a share of every class first, the others second.

    Raises:
        DataError: If the folder of a class is missing or holds no image.
    """
    random = np.random.default_rng(seed)
    chosen: tuple[list[str], list[str]] = ([], [])
    for label, name in enumerate(dataset.classes):
        files = sorted(path.name for path in (root / name).glob('*') if path.suffix.lower() in SUFFIXES)
        if not files:
            raise DataError(root / name, 'no image', f'the images of class {name}', 'Restore the folder.')
        first = set(random.permutation(len(files))[: round(share * len(files))].tolist())
        for index, file in enumerate(files):
            chosen[index not in first].append(f'{name}/{file} {label}')
    return chosen


def name_lines(dataset: Dataset, root: Path, share: float, seed: int) -> tuple[list[str], list[str]]:
    """Names of all samples, a share first, the others second.

    Raises:
        DataError: If a file has no partner.
    """
    found = find_samples(root, dataset.split('all'))
    if found.problems or len(found.samples) < 2:
        first = found.problems[0] if found.problems else None
        what = f'{first.path}: {first.text}' if first else f'{len(found.samples)} samples'
        raise DataError(root, what, 'complete samples', f'See `mmrs data verify {dataset.name} --split all`.')
    names = [sample.name for sample in found.samples]
    first_part = set(np.random.default_rng(seed).permutation(len(names))[: round(share * len(names))].tolist())
    return (
        [name for index, name in enumerate(names) if index in first_part],
        [name for index, name in enumerate(names) if index not in first_part],
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', help='catalogue name of the dataset')
    parser.add_argument('folder', type=Path, help='its folder')
    parser.add_argument('--share', type=float, help='share of the samples in train (0.2 for scenes, else 0.8)')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--overwrite', action='store_true', help='replace lists that are there')
    parser.add_argument('--dry-run', action='store_true', help='say what would be written')
    args = parser.parse_args(argv)
    try:
        return _split(args)
    except MmrsError as error:
        print(f'split: error: {error}', file=sys.stderr)
        return 1


def _split(args: argparse.Namespace) -> int:
    dataset = get(args.name)
    listings = [split.listing for split in dataset.splits if split.form in ('labels', 'names')][:2]
    scenes = dataset.splits[0].form == 'labels'
    if len(listings) < 2 or not (scenes or dataset.splits[0].name == 'all'):
        raise DataError(args.name, 'splits of its own', 'a dataset without', 'Use the lists of its authors.')
    share = args.share if args.share is not None else 0.2 if scenes else 0.8
    if not 0 < share < 1:
        raise DataError('--share', str(share), 'above 0 and below 1', 'Choose another share.')
    parts = (scene_lines if scenes else name_lines)(dataset, args.folder, share, args.seed)
    for listing, lines in zip(listings, parts, strict=True):
        path = args.folder / str(listing)
        print(f'{path}: {len(lines)} samples{" (not written)" if args.dry_run else ""}')
        if args.dry_run:
            continue
        if path.exists() and not args.overwrite:
            raise DataError(path, 'a list', 'no file of this name', 'Keep it, or add --overwrite.')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(lines) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
