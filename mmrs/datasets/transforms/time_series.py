"""Time series of images as channels (SkySense++ specification, section 4.8)."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.series import choose_dates
from mmrs.errors import ConfigError, RasterError
from mmrs.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadTimeSeries(BaseTransform):
    """Loads a stack of dates and gives a fixed number of them as channels, date by date.

    Adds ``img`` (H, W, dates x bands) in the file's dtype, ``img_shape``, ``ori_shape`` and ``dates``, the indices
    that were taken, in their order. A series shorter than ``number`` gives dates more than once.

    Args:
        number: Dates to take.
        evenly: Take them evenly spread instead of at random, which makes evaluation repeatable; the original draws
            them in tests too.
        key: Path to load from ``results``.
    """

    def __init__(self, number: int = 30, evenly: bool = False, key: str = 'img_path') -> None:
        if number < 1:
            raise ConfigError('LoadTimeSeries.number', str(number), 'one or more dates', 'Correct the pipeline.')
        self.number, self.evenly, self.key = number, evenly, key

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the series.

        Raises:
            RasterError: If it cannot be read or has not four axes (dates, bands, rows, columns).
        """
        series = read_pixels(results[self.key])
        if series.ndim != 4 or not len(series):
            shape = ' x '.join(map(str, series.shape))
            expected = 'dates x bands x rows x columns'
            raise RasterError(results[self.key], f'an array of {shape}', expected, 'Load single dates with LoadRaster.')
        chosen = choose_dates(len(series), self.number, self.evenly)
        stack = series[chosen].reshape(-1, *series.shape[2:])
        results['img'] = np.ascontiguousarray(np.moveaxis(stack, 0, -1))
        results['img_shape'] = results['ori_shape'] = stack.shape[1:]
        results['dates'] = chosen.tolist()
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(number={self.number}, evenly={self.evenly}, key={self.key!r})'
