"""``mmrs data annotations``: the list of a labelled set of your own, for SkySense++'s second stage."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_action(actions: Any) -> None:
    """Declares ``mmrs data annotations``."""
    parser = actions.add_parser(
        'annotations',
        help='list labelled images for the pretraining of SkySense++',
        description='Writes the list of a labelled set in the form of RS-Semantic. Files of one place have one name; a '
        'folder of that name holds a series, a file for each date.',
    )
    parser.add_argument('out', type=Path, metavar='OUT', help='JSON file to write; its folder is the data_root')
    parser.add_argument('--set', required=True, metavar='NAME', help='name of the set, published or your own')
    parser.add_argument('--labels', type=Path, required=True, metavar='DIR', help='folder of the labels')
    parser.add_argument('--hr', type=Path, metavar='DIR', help='folder of the high-resolution images')
    parser.add_argument('--s2', type=Path, metavar='DIR', help='folder of Sentinel-2')
    parser.add_argument('--s1', type=Path, metavar='DIR', help='folder of Sentinel-1')
    text = "value of each class in the labels, for a set of your own; give them as the dataset's palettes too"
    parser.add_argument('--values', type=_numbers, metavar='N,N,...', help=text)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(',')]
    except ValueError:
        raise argparse.ArgumentTypeError(f'expected values such as 0,1,2, found {text!r}') from None


def run(args: argparse.Namespace) -> int:
    """Runs ``mmrs data annotations``."""
    from mmrs.datasets.rs_semantic.make_list import make_list

    images = {name: folder for name in ('hr', 's2', 's1') if (folder := getattr(args, name)) is not None}
    palettes = {args.set: args.values} if args.values else None
    listed, left = make_list(args.out, args.set, args.labels, images, palettes)
    print(f'{args.out}: {listed} places{f", {left} labels left out (no class, or no image)" if left else ""}')
    return 0
