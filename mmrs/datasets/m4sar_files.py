"""M4-SAR as its publisher packs it, arranged for the catalogue: labels of Ultralytics become boxes in DOTA's format."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrs.datasets.box_files import write_dota
from mmrs.datasets.catalogue import get
from mmrs.errors import DataError
from mmrs.geo.gdal import replacing

SPLITS = ('train', 'val', 'test')
SENSORS = ('optical', 'sar')


@dataclass(frozen=True)
class Pair:
    """One pair of the archive.

    Attributes:
        name: Its number.
        split: Split that it belongs to.
        images: Optical and radar image.
        labels: Text file: class index and four corners, each from 0 to 1.
    """

    name: str
    split: str
    images: tuple[Path, Path]
    labels: Path


def find_pairs(folder: Path) -> list[Pair]:
    """Finds the pairs of an unpacked archive.

    Args:
        folder: Holds ``{optical,sar}/images/{train,val,test}`` and, beside ``images``, ``labels`` of one sensor.

    Raises:
        DataError: If there is none, or a pair lacks a file.
    """
    pairs = []
    for split in SPLITS:
        for optical in sorted((folder / 'optical' / 'images' / split).glob('*.jpg')):
            radar = folder / 'sar' / 'images' / split / optical.name
            places = [folder / sensor / 'labels' / split / f'{optical.stem}.txt' for sensor in SENSORS]
            labels = next((path for path in places if path.is_file()), places[0])
            for path in (radar, labels):
                if not path.is_file():
                    raise DataError(path, 'no such file', f'the partner of {optical}', 'Unpack the archives again.')
            pairs.append(Pair(optical.stem, split, (optical, radar), labels))
    if not pairs:
        fix = 'Give the folder that holds optical and sar.'
        raise DataError(folder, 'no pair', 'optical/images/{train,val,test}/*.jpg', fix)
    return pairs


def read_labels(path: Path, size: tuple[int, int]) -> tuple[NDArray[np.float64], list[str]]:
    """Reads a label file of Ultralytics.

    Args:
        path: Lines of a class index and eight coordinates from 0 to 1; empty where there is no object.
        size: Columns and rows of the image.

    Returns:
        (n, 4, 2) corners in pixels, and the names of the classes.

    Raises:
        DataError: Naming the first line that is none.
    """
    classes, quads, names = get('m4-sar').classes, [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            index, corners = int(words[0]), np.array(words[1:], float).reshape(4, 2)
        except ValueError:
            index, corners = -1, np.empty((0, 2))
        # A corner may lie a little beyond the image; pixels in place of shares lie far beyond it.
        if not 0 <= index < len(classes) or np.abs(corners - 0.5).max() > 1.5:
            expected = f'a class from 0 to {len(classes) - 1} and eight shares of the image'
            raise DataError(path, f'line {number}: {line[:60]!r}', expected, 'Restore the labels.')
        quads.append(corners * size)
        names.append(classes[index])
    return np.array(quads).reshape(-1, 4, 2), names


def arrange(
    pairs: list[Pair], target: Path, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[int, int]:
    """Arranges pairs in the layout of the catalogue.

    Images are linked where the file system can, else copied. What is there is kept: a run that was stopped goes on.

    Args:
        pairs: Of :func:`find_pairs`.
        target: Folder of the dataset.
        progress: Called with the number of pairs done and of all.

    Returns:
        Numbers of pairs that were arranged and kept.

    Raises:
        DataError: If labels cannot be read.
    """
    for name in (*SENSORS, 'labelTxt', 'splits'):
        (target / name).mkdir(parents=True, exist_ok=True)
    done = 0
    for number, pair in enumerate(pairs, 1):
        boxes = target / 'labelTxt' / f'{pair.name}.txt'  # the last file of a pair
        if not boxes.is_file():
            for sensor, source in zip(SENSORS, pair.images, strict=True):
                _link(source, target / sensor / source.name)
            with Image.open(pair.images[0]) as image:
                quads, names = read_labels(pair.labels, image.size)
            with replacing(boxes) as temporary:
                write_dota(temporary, quads, names)
            done += 1
        progress(number, len(pairs))
    for split in SPLITS:
        names = [pair.name for pair in pairs if pair.split == split]
        with replacing(target / 'splits' / f'{split}.txt') as temporary:
            temporary.write_text('\n'.join(names) + '\n')
    return done, len(pairs) - done


def _link(source: Path, target: Path) -> None:
    """Links a file, which is done at once or not at all; copies it where that is not possible."""
    if target.is_file():
        return
    try:
        os.link(source, target)
    except OSError:
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
