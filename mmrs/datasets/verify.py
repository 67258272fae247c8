"""Checks a dataset on disk against its catalogue record."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.boxes import read_boxes, wrong_box
from mmrs.datasets.catalogue.records import MASKS, RASTERS, Dataset, Split
from mmrs.datasets.layout import Problem, Sample, find_samples
from mmrs.datasets.masks import check_values, read_mask, without_zero
from mmrs.datasets.pixels import read_pixels
from mmrs.errors import DataError, RasterError

SAME_GRID = ('image', 'before', 'after', 'sar', 'mask')  # roles whose files have one size


@dataclass
class Checked:
    """Outcome for one split.

    Attributes:
        name: The split.
        samples: Samples found.
        published: Samples that are published; None where none is known.
        problems: What is wrong.
    """

    name: str
    samples: int
    published: int | None
    problems: list[Problem] = field(default_factory=list)


def read_sample_mask(dataset: Dataset, path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Class indices of a mask of a dataset, (H, W), 255 for "ignore".

    Raises:
        DataError: If it cannot be read or holds unknown values.
    """
    coding = dataset.mask_coding
    mask = read_mask(path, *(coding.get(f'mask_{name}') for name in ('values', 'threshold', 'palette')))
    mask = without_zero(mask) if dataset.reduce_zero_label else mask
    if dataset.classes:
        check_values(mask, len(dataset.classes), path)
    return mask


def verify_dataset(
    dataset: Dataset,
    root: str | os.PathLike[str],
    splits: Sequence[str] = (),
    pixels: bool = True,
    partial: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
    threads: int = 4,
) -> list[Checked]:
    """Checks pairs, counts, sizes, values and readability of all files, and looks for pictures that occur twice.

    Args:
        dataset: Its record.
        root: Its folder.
        splits: Names of the splits to check; empty checks all.
        pixels: Read every file; otherwise only names and counts are checked.
        partial: Put up with fewer samples than published, and with splits that are not there.
        progress: Called with the number of samples read and in all.
        threads: Files read at once.

    Returns:
        One outcome a split.

    Raises:
        DataError: If the folder is not there, or a split is unknown.
    """
    chosen = [dataset.split(name) for name in splits] or list(dataset.splits)
    if not Path(root).is_dir():
        find_samples(root, chosen[0])  # raises
    outcomes, work = [], []
    for split in chosen:
        outcome, samples = _check_structure(dataset, root, split, partial)
        outcomes.append(outcome)
        work += [(outcome, sample) for sample in samples]
    if pixels:
        _check_pixels(dataset, work, progress, threads)
    return outcomes


def _check_structure(
    dataset: Dataset, root: str | os.PathLike[str], split: Split, partial: bool
) -> tuple[Checked, list[Sample]]:
    try:
        found = find_samples(root, split, dataset.classes)
    except DataError as error:
        outcome = Checked(split.name, 0, split.samples)
        if not (partial and split.listing is not None and not Path(error.subject).exists()):
            outcome.problems.append(Problem('missing', error.subject, f'{error.found}; expected {error.expected}'))
        return outcome, []
    outcome = Checked(split.name, len(found.samples), split.samples, found.problems)
    if partial and not found.samples:
        outcome.problems.clear()
    if not partial and split.samples not in (None, len(found.samples)):
        text = f'{len(found.samples)} samples, {split.samples} are published'
        outcome.problems.append(Problem('count', os.fspath(root), text))
    if not found.samples and not outcome.problems and not partial:
        outcome.problems.append(Problem('count', os.fspath(root), 'no samples'))
    return outcome, found.samples


def _check_pixels(
    dataset: Dataset, work: list[tuple[Checked, Sample]], progress: Callable[[int, int], None], threads: int
) -> None:
    seen: dict[bytes, tuple[str, Path]] = {}
    with ThreadPoolExecutor(max_workers=threads) as pool:
        results = pool.map(lambda item: _check_sample(dataset, item[1]), work)
        for number, ((outcome, _), (path, digest, problems)) in enumerate(zip(work, results, strict=True), 1):
            outcome.problems += problems
            if digest is not None:
                split, other = seen.setdefault(digest, (outcome.name, path))
                if other != path:
                    outcome.problems.append(Problem('duplicate', str(path), f'the same picture as {other} in {split}'))
            progress(number, len(work))


def _check_sample(dataset: Dataset, sample: Sample) -> tuple[Path, bytes | None, list[Problem]]:
    """Reads one sample; returns its first file, the digest of that file, and the problems."""
    path = next(iter(sample.files.values()))
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).digest() if path.is_file() else None
    problems, shapes = [], {}
    for role, file in sample.files.items():
        if not file.is_file():
            continue  # the layout has said so
        try:
            if role in RASTERS:
                shapes[role] = _size_of(dataset, role, file)
            elif role == 'boxes':
                size = shapes.get('image', (10**9, 10**9))
                problems += [Problem('boxes', str(file), text) for text in _wrong_boxes(dataset, file, size)]
        except (RasterError, DataError) as error:
            kind = 'values' if role in MASKS and 'value' in error.found else 'unreadable'
            problems.append(Problem(kind, str(file), f'found {error.found}; expected {error.expected}'))
    first = next((role for role in shapes if role in SAME_GRID), None)
    for role, shape in shapes.items():
        if first is not None and role in SAME_GRID and shape != shapes[first]:
            text = f'{shape[0]} x {shape[1]} pixels, its {first} {shapes[first][0]} x {shapes[first][1]}'
            problems.append(Problem('size', str(sample.files[role]), text))
    if sample.label is not None and sample.label >= len(dataset.classes):
        problems.append(Problem('label', str(path), f'label {sample.label}, expected below {len(dataset.classes)}'))
    return path, digest, problems


def _size_of(dataset: Dataset, role: str, path: Path) -> tuple[int, int]:
    """Reads a file; returns rows and columns."""
    if role in MASKS:
        height, width = read_sample_mask(dataset, path).shape
        return height, width
    array: NDArray[Any] = read_pixels(path, dataset.bands_of(role))
    if array.dtype.kind == 'f' and not np.isfinite(array).any():
        raise RasterError(path, 'no finite pixel', 'an image', 'Restore the image.')
    return array.shape[-2], array.shape[-1]


def _wrong_boxes(dataset: Dataset, path: Path, size: tuple[int, int]) -> Iterator[str]:
    for box in read_boxes(path):
        if dataset.classes and box.name not in dataset.classes:
            yield f'class {box.name!r} is unknown'
        wrong = wrong_box(box, (size[1], size[0]))
        if wrong:
            yield wrong
