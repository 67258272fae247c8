"""Brings detections in tiles back to their images: the files that DOTA's server takes for Task 1."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mmrs.datasets.dota_tiles import place_of
from mmrs.errors import DataError
from mmrs.geo.gdal import replacing
from mmrs.ops.greedy import greedy
from mmrs.ops.quadri import Quadrilaterals

PREFIX = 'Task1_'


@dataclass
class Detections:
    """Detections of one class: n names of images, (n,) scores, (n, 8) corners in pixels."""

    images: list[str]
    scores: NDArray[np.float64]
    quads: NDArray[np.float64]


def read_task1(path: Path) -> Detections:
    """Reads a ``Task1_CLASS.txt``: lines of name, score and eight coordinates.

    Raises:
        DataError: If it cannot be read; names the line.
    """
    images: list[str] = []
    numbers: list[list[float]] = []
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, str(error), 'lines of name, score and eight coordinates', 'Restore the file.') from error
    for number, line in enumerate(lines, 1):
        words = line.split()
        try:
            values = [float(word) for word in words[1:]]
        except ValueError:
            values = []
        if words and len(values) != 9:
            raise DataError(path, f'line {number}: {line[:60]!r}', 'name, score, eight coordinates', 'Mend the line.')
        if words:
            images.append(words[0])
            numbers.append(values)
    table = np.array(numbers).reshape(-1, 9)
    return Detections(images, table[:, 0], table[:, 1:])


def merge_tiles(found: Detections, iou: float = 0.1) -> Detections:
    """Moves detections of tiles to their images and keeps the best of those that overlap there.

    Args:
        found: Of one class, by names of tiles.
        iou: Quadrilaterals of one image whose IoU with a better one reaches this go.

    Returns:
        By names of images, in their order, best score first.

    Raises:
        DataError: If a name is not one of a tile.
    """
    places = [place_of(name) for name in found.images]
    shift = np.array([[left, top] * 4 for _, left, top in places], float).reshape(-1, 8)
    quads, names = found.quads + shift, np.array([image for image, _, _ in places])
    order = np.argsort(-found.scores, kind='stable')
    images, index = np.unique(names, return_inverse=True)
    kept: list[NDArray[np.int64]] = []
    for image in range(len(images)):
        mine = order[index[order] == image]
        keep = greedy(Quadrilaterals(torch.from_numpy(quads[mine])), iou)
        kept.append(mine[keep.numpy()])
    chosen = np.concatenate(kept) if kept else np.empty(0, np.int64)
    return Detections([str(names[one]) for one in chosen], found.scores[chosen], quads[chosen])


def merge_folder(
    folder: Path,
    out: Path,
    iou: float = 0.1,
    overwrite: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, tuple[int, int]]:
    """Merges all classes of a folder into one zip file for the server.

    Args:
        folder: Holds ``Task1_CLASS.txt`` files by names of tiles.
        out: The zip file.
        iou: See :func:`merge_tiles`.
        overwrite: Replace ``out``.
        dry_run: Merge and count, write nothing.
        progress: Called with the number of classes done and in all.

    Returns:
        Detections before and after, by class.

    Raises:
        DataError: If there is no file, one is broken, or ``out`` is there.
    """
    paths = sorted(folder.glob(f'{PREFIX}*.txt'))
    if not paths:
        raise DataError(
            folder, 'no Task1_*.txt', 'detections by class', 'Write them with DOTAMetric(format_only=True).'
        )
    if out.exists() and not overwrite and not dry_run:
        raise DataError(out, 'a file', 'no file of this name', 'Name another, or add --overwrite.')
    texts, counts = {}, {}
    for done, path in enumerate(paths):
        progress(done, len(paths))
        found = read_task1(path)
        merged = merge_tiles(found, iou)
        counts[path.stem[len(PREFIX) :]] = (len(found.images), len(merged.images))
        texts[path.name] = ''.join(
            f'{name} {score:.4f} {" ".join(f"{value:.2f}" for value in quad)}\n'
            for name, score, quad in zip(merged.images, merged.scores, merged.quads, strict=True)
        )
    if not dry_run:
        with replacing(out) as temporary, zipfile.ZipFile(temporary, 'w', zipfile.ZIP_DEFLATED) as file:
            for name, text in texts.items():
                file.writestr(name, text)
    progress(len(paths), len(paths))
    return counts
