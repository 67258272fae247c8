"""Transforms of image pairs. Both dates travel as one stack of channels, the earlier first.

Crops, flips, rotations and resizes of the hosts thereby move both dates and the label alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform, Compose
from mmcv.transforms.utils import cache_random_params, cache_randomness
from numpy.typing import NDArray

from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.transforms.loading import LoadMask
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import TRANSFORMS

HALF = 128  # grey level from which a pixel of a label is changed
LOSSY = ('.jpg', '.jpeg', '.jp2', '.webp')


@TRANSFORMS.register_module()
class LoadChangeLabel(LoadMask):
    """Loads a label of change: 1 where something changed, 0 elsewhere.

    Files hold 0 and 255, grey levels (JPEG), or the indices 0 and 1. A lossless file without a value above 1 holds
    indices; anything else is grey and cut at 128 (CGEarthEye specification, section 4). Grey stored as three equal
    bands is read too.

    Args:
        threshold: Value from which a pixel is changed, in every file; None decides as above.
    """

    def __init__(self, threshold: int | None = None) -> None:
        super().__init__(num_classes=2, threshold=threshold)

    def _indices(self, path: str, results: dict[str, Any]) -> NDArray[np.uint8]:
        try:
            mask = read_pixels(path)
        except RasterError as error:
            raise DataError(path, error.found, 'a readable label', 'Restore the label or drop its pair.') from error
        if mask.shape[0] > 1 and any((band != mask[0]).any() for band in mask[1:3]):
            expected = 'one grey band, 0 and 255 or 0 and 1'
            raise DataError(path, f'{mask.shape[0]} bands that differ', expected, 'Convert colours to grey levels.')
        threshold = self.threshold
        if threshold is None:
            threshold = HALF if mask[0].max() > 1 or Path(path).suffix.lower() in LOSSY else 1
        return (mask[0] >= threshold).astype(np.uint8)


@TRANSFORMS.register_module()
class EachDate(BaseTransform):
    """Applies transforms of images to one date after the other.

    Args:
        transforms: Transforms of ``img``, such as ``PhotoMetricDistortion``.
        same: Draw random numbers once for all dates. By default each date has its own: light, haze and season differ
            between two acquisitions.
        dates: Number of dates in the stack.

    Raises:
        ConfigError: If the channels of an image cannot be shared out.
    """

    def __init__(self, transforms: Sequence[dict[str, Any]], same: bool = False, dates: int = 2) -> None:
        self.transforms, self.same, self.dates = Compose(transforms), same, dates

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Transforms every date; what moves the label moves it once, with the first."""
        images = _dates(results['img'], self.dates)
        later = {**results, 'seg_fields': []}
        with cache_random_params(self.transforms) if self.same else nullcontext():
            done = self.transforms({**results, 'img': images[0]})
            parts = [done['img'], *(self.transforms({**later, 'img': image})['img'] for image in images[1:])]
        done['img'] = np.concatenate(parts, axis=-1)
        return done

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.transforms}, same={self.same}, dates={self.dates})'


@TRANSFORMS.register_module()
class ExchangeTime(BaseTransform):
    """Swaps the two dates: what appears in one order disappears in the other, and the label stays.

    Args:
        prob: How often.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ConfigError('ExchangeTime.prob', str(prob), 'a probability from 0 to 1', 'Correct it.')
        self.prob = prob

    @cache_randomness
    def _drawn(self) -> bool:
        return bool(np.random.rand() < self.prob)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Swaps the halves of the channels, and the paths with them.

        Raises:
            ConfigError: If the image has an odd number of channels.
        """
        before, after = _dates(results['img'], 2)
        results['time_exchanged'] = self._drawn()
        if results['time_exchanged']:
            results['img'] = np.concatenate([after, before], axis=-1)
            if 'img_path2' in results:
                results['img_path'], results['img_path2'] = results['img_path2'], results['img_path']
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'


def _dates(image: NDArray[Any], number: int) -> list[NDArray[Any]]:
    if image.shape[-1] % number:
        expected = f'a multiple of {number}: as many bands for each date'
        raise ConfigError('img', f'{image.shape[-1]} channels', expected, 'Choose the bands in LoadRaster.')
    return [np.ascontiguousarray(part) for part in np.split(image, number, axis=-1)]
