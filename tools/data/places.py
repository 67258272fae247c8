"""Cuts real samples of several dates into places for pre-training CGEarthEye: one folder a date, files of one name.

    python tools/data/places.py SAMPLES data/places

SAMPLES holds any of `levir_cd_sample/{A,B}` (two dates), `spacenet7/images` (dates of one area), `pastis_mini/DATA_S2`
(three dates, enlarged) and `aid_rsicd/train` (one date). Tiles without contrast are left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrs.datasets.pixels import read_pixels

SIDE = 128
FLAT = 3.0  # grey levels of standard deviation
DATES = ('q1', 'q2', 'q3')
REFLECTANCE = 3000.0  # of Sentinel-2, drawn as white
Picture = NDArray[np.uint8]


def read(path: Path) -> Picture:
    """Red, green and blue of a file, (H, W, 3)."""
    return np.moveaxis(read_pixels(path, [1, 2, 3]), 0, -1).astype(np.uint8)


def series(samples: Path) -> Iterator[tuple[str, list[Picture]]]:
    """Name and pictures of every area, of one size."""
    for path in sorted((samples / 'levir_cd_sample/A').glob('*.png')):
        yield f'levir_{path.stem}', [read(path), read(path.parents[1] / 'B' / path.name)]
    images = sorted((samples / 'spacenet7/images').glob('*.tif'))
    if images:
        yield 'spacenet7', [read(path) for path in images][: len(DATES)]
    for path in sorted((samples / 'pastis_mini/DATA_S2').glob('*.npy')):
        bands = np.load(path)[: len(DATES), [2, 1, 0]].transpose(0, 2, 3, 1)
        pictures = np.clip(bands / REFLECTANCE * 255, 0, 255).astype(np.uint8)
        yield f'pastis_{path.stem}', [np.asarray(Image.fromarray(x).resize((SIDE, SIDE), 3)) for x in pictures]


def write(samples: Path, out: Path) -> dict[str, int]:
    """Writes the places; returns how many images every date has."""
    for date in DATES:
        (out / date).mkdir(parents=True, exist_ok=True)
    for name, pictures in series(samples):
        height, width = pictures[0].shape[:2]
        for row in range(0, height - SIDE + 1, SIDE):
            for column in range(0, width - SIDE + 1, SIDE):
                tiles = [picture[row : row + SIDE, column : column + SIDE] for picture in pictures]
                if min(tile.std() for tile in tiles) >= FLAT:
                    for date, tile in zip(DATES, tiles, strict=False):
                        Image.fromarray(tile).save(out / date / f'{name}_{row}_{column}.png')
    for path in sorted((samples / 'aid_rsicd/train').glob('*/*.jpg')):
        Image.open(path).convert('RGB').save(out / DATES[0] / f'aid_{path.stem}.png')
    return {date: len(list((out / date).iterdir())) for date in DATES}


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('samples', type=Path, help='folder of the sample sets')
    parser.add_argument('out', type=Path, help='folder to write')
    args = parser.parse_args(argv)
    counts = write(args.samples, args.out)
    print(f'{args.out}: ' + ', '.join(f'{count:,} images of {date}' for date, count in counts.items()))
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
