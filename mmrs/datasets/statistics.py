"""Statistics of a dataset in one pass: bands, and shares of the classes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.boxes import read_boxes
from mmrs.datasets.catalogue.records import Dataset
from mmrs.datasets.layout import Sample, find_samples
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.verify import read_sample_mask
from mmrs.errors import DataError

BANDS_OF = ('image', 'before', 'after', 'sar', 's1', 's2')


class Moments:
    """Mean, deviation and extremes of bands, updated picture by picture (Chan et al.'s parallel formula)."""

    def __init__(self) -> None:
        self.count = self.mean = self.squares = np.zeros(0)
        self.low = self.high = np.zeros(0)

    def add(self, image: NDArray) -> None:
        """Adds a picture, (..., bands, rows, columns); pixels that are not finite do not count.

        Raises:
            ValueError: If it has another number of bands than the first.
        """
        bands = image.shape[-3]
        pixels = np.moveaxis(image, -3, 0).reshape(bands, -1).astype(np.float64)
        there = np.isfinite(pixels)
        count = there.sum(1)
        safe = np.maximum(count, 1)
        mean = np.where(there, pixels, 0).sum(1) / safe
        squares = np.where(there, (pixels - mean[:, None]) ** 2, 0).sum(1)
        low, high = np.where(there, pixels, np.inf).min(1), np.where(there, pixels, -np.inf).max(1)
        if not self.count.size:
            self.count, self.mean, self.squares, self.low, self.high = count, mean, squares, low, high
            return
        if bands != self.count.size:
            raise ValueError(f'{bands} bands where the first has {self.count.size}')
        total = np.maximum(self.count + count, 1)
        delta = mean - self.mean
        self.squares = self.squares + squares + delta**2 * self.count * count / total
        self.mean = self.mean + delta * count / total
        self.count = self.count + count
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation of each band over all pixels."""
        return np.sqrt(self.squares / np.maximum(self.count, 1))


@dataclass
class Statistics:
    """Statistics of one split.

    Attributes:
        samples: Samples read.
        bands: Moments of each kind of picture, by role.
        pixels: Pixels of each class index; 255 is "ignore".
        objects: Boxes, or scenes, of each class by name.
    """

    samples: int = 0
    bands: dict[str, Moments] = field(default_factory=dict)
    pixels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    objects: Counter[str] = field(default_factory=Counter)


def dataset_statistics(
    dataset: Dataset,
    root: str | os.PathLike[str],
    split: str,
    limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Statistics:
    """Computes statistics in one pass and bounded memory.

    Args:
        dataset: Its record.
        root: Its folder.
        split: Name of the split.
        limit: Read no more than this many samples, evenly spread; None reads all.
        progress: Called with the number of samples read and in all.

    Raises:
        DataError: If there are no samples, or pictures differ in bands.
        RasterError: If one cannot be read.
    """
    found = find_samples(root, dataset.split(split), dataset.classes)
    samples = found.samples
    if not samples:
        first = found.problems[0] if found.problems else None
        what = f'no sample ({first.path}: {first.text})' if first else 'no sample'
        raise DataError(root, what, f'samples of {dataset.name} {split}', 'See `mmrs data info` for the layout.')
    if limit is not None and limit < len(samples):
        samples = [samples[index] for index in np.linspace(0, len(samples) - 1, limit).round().astype(int)]
    result = Statistics()
    for number, sample in enumerate(samples, 1):
        _add(result, dataset, sample)
        progress(number, len(samples))
    return result


def _add(result: Statistics, dataset: Dataset, sample: Sample) -> None:
    for role, path in sample.files.items():
        if role in BANDS_OF:
            try:
                result.bands.setdefault(role, Moments()).add(read_pixels(path, dataset.bands_of(role)))
            except ValueError as error:
                fix = 'Drop it, or see `mmrs data verify`.'
                raise DataError(path, str(error), 'the same bands everywhere', fix) from error
        elif role == 'mask':
            result.pixels += np.bincount(read_sample_mask(dataset, path).ravel(), minlength=256)
        elif role == 'boxes':
            result.objects.update(box.name for box in read_boxes(path))
    result.objects.update(box.name for box in sample.boxes or ())
    if sample.label is not None:
        known = sample.label < len(dataset.classes)
        result.objects[dataset.classes[sample.label] if known else f'label {sample.label}'] += 1
    result.samples += 1
