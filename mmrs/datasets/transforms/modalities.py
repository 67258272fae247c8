"""Images of one place whose grids and dates differ: they travel as a dict by modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from numpy.typing import NDArray

from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.series import choose_dates
from mmrs.errors import ConfigError, RasterError
from mmrs.registry import TRANSFORMS

AXES = dict(horizontal=-1, vertical=-2)


@TRANSFORMS.register_module()
class LoadModalities(BaseTransform):
    """Loads images of several sensors, each on its own grid.

    Adds ``modalities``: name to (bands, rows, columns), or (dates, bands, rows, columns) for series, in the dtype of
    the file. A file of one date is a series of one date.

    Args:
        files: For each modality ``key``, its path in ``results``, and where wanted ``bands``, 1-based numbers in the
            order that the model has them, and ``dates``, how many dates to take.
        evenly: Take dates evenly spread instead of at random, which makes evaluation repeatable. A series that is
            shorter than asked for gives dates more than once.
    """

    def __init__(self, files: Mapping[str, Mapping[str, Any]], evenly: bool = False) -> None:
        self.files, self.evenly = {name: dict(file) for name, file in files.items()}, evenly
        for name, file in self.files.items():
            if 'key' not in file or set(file) - {'key', 'bands', 'dates'} or file.get('dates', 1) < 1:
                expected = 'key, and perhaps bands and dates (1 or more)'
                raise ConfigError(f'LoadModalities.files.{name}', f'{file}', expected, 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads all modalities.

        Raises:
            RasterError: If one cannot be read, lacks a band, or has dates that nobody asked for.
        """
        results['modalities'] = {name: self._load(results[file['key']], **file) for name, file in self.files.items()}
        return results

    def _load(self, path: str, key: str, bands: Sequence[int] | None = None, dates: int | None = None) -> NDArray[Any]:
        pixels = read_pixels(path, bands)
        if dates is None:
            if pixels.ndim != 3:
                shape = ' x '.join(map(str, pixels.shape))
                raise RasterError(path, f'an array of {shape}', 'one date', 'Say in the pipeline how many dates.')
            return pixels
        series = pixels if pixels.ndim == 4 else pixels[None]
        return series[choose_dates(len(series), dates, self.evenly)]

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.files}, evenly={self.evenly})'


@TRANSFORMS.register_module()
class FlipModalities(BaseTransform):
    """Mirrors all modalities alike.

    Args:
        prob: How often, for each direction.
        directions: Some of ``horizontal`` and ``vertical``.
    """

    def __init__(self, prob: float = 0.5, directions: Sequence[str] = ('horizontal', 'vertical')) -> None:
        if not 0 <= prob <= 1 or set(directions) - set(AXES):
            found = f'prob={prob}, directions={list(directions)}'
            raise ConfigError('FlipModalities', found, f'0 to 1, and some of {list(AXES)}', 'Correct the pipeline.')
        self.prob, self.directions = prob, tuple(directions)

    @cache_randomness
    def _drawn(self) -> list[int]:
        return [AXES[direction] for direction in self.directions if np.random.rand() < self.prob]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mirrors ``modalities``."""
        axes = self._drawn()
        if axes:
            results['modalities'] = {name: np.flip(image, axes) for name, image in results['modalities'].items()}
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, directions={self.directions})'


@TRANSFORMS.register_module()
class PackModalities(BaseTransform):
    """Makes a sample for mmpretrain: ``inputs``, tensors by modality, and a ``DataSample`` with the label.

    Series become (bands, dates, rows, columns), as :class:`mmrs.models.SkySensePP` takes them.

    Args:
        meta_keys: What else the sample carries along.
    """

    def __init__(self, meta_keys: Sequence[str] = ('sample_id', 'img_path')) -> None:
        self.meta_keys = tuple(meta_keys)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Packs the sample."""
        from mmpretrain.structures import DataSample  # only where that host is used

        sample = DataSample()
        if 'gt_label' in results:
            sample.set_gt_label(results['gt_label'])
        for key in self.meta_keys:
            if key in results:
                sample.set_field(results[key], key, field_type='metainfo')
        return dict(inputs={name: _tensor(image) for name, image in results['modalities'].items()}, data_samples=sample)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(meta_keys={self.meta_keys})'


def _tensor(image: NDArray[Any]) -> torch.Tensor:
    if image.ndim == 4:
        image = np.moveaxis(image, 0, 1)
    # torch calculates with few unsigned types; pixels are normalised as floats anyway.
    image = image if image.dtype in (np.uint8, np.int16, np.float32) else image.astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(image))
