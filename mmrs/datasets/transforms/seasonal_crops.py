"""Crops of one place for self-distillation, some of them of other seasons (CGEarthEye specification, section 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from mmcv.transforms import BaseTransform, Compose
from numpy.typing import NDArray
from torch import Tensor

from mmrs.datasets.pixels import read_pixels
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.registry import TRANSFORMS

Image = NDArray[Any]
Steps = Sequence[dict[str, Any]]


@TRANSFORMS.register_module()
class LoadSeasons(BaseTransform):
    """Loads the images of one place, ``results['img_paths']``, as ``imgs``: arrays (H, W, C) in the files' dtype.

    Args:
        bands: 1-based numbers of the bands to load; None takes all.
    """

    def __init__(self, bands: Sequence[int] | None = None) -> None:
        self.bands = None if bands is None else list(bands)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Loads the images.

        Raises:
            RasterError: One cannot be read, or has another size or band count than the first.
            DataError: One holds a single value, as where there are no data.
        """
        paths = results['img_paths']
        images = [np.moveaxis(read_pixels(path, self.bands), 0, -1) for path in paths]
        for path, image in zip(paths, images, strict=True):
            if image.shape != images[0].shape:
                found, expected = ' x '.join(map(str, image.shape)), ' x '.join(map(str, images[0].shape))
                fix = 'Warp the seasons of a place to one grid first.'
                raise RasterError(path, found, f'{expected} like {paths[0]}', fix)
            if image.min() == image.max():
                found = f'the value {image.flat[0]} everywhere'
                raise DataError(path, found, 'an image', 'Remove it, or allow some with skip_bad.')
        results['imgs'] = images
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(bands={self.bands})'


@TRANSFORMS.register_module()
class SeasonalCrops(BaseTransform):
    """Cuts global, local and seasonal crops from aligned images of one place.

    Global and local crops are of one image, the anchor. A place with more images gives one crop of each of some others
    too, each in the place of a local crop. The result is ``globals`` and ``locals``, and ``seasonal`` if asked for:
    tensors (crops, C, h, w), uint8 if the image is, else float32. Nothing else of the sample is kept.

    Args:
        global_pipelines: Transforms of each global crop, one list a crop.
        local_pipeline: Transforms of a local crop.
        seasonal_pipeline: Transforms of a crop of another season; the report has geometric ones only. Its crops have
            the size of local ones unless they are ``apart``. None: other seasons are not used.
        num_local: Local crops, those that are replaced included.
        num_seasonal: Crops of other seasons, each of another one; fewer where a place has fewer.
        anchor: Which image is the anchor: drawn, or its number in ``imgs``.
        apart: Give seasonal crops as ``seasonal``, for another size than the local ones'. There are always
            ``num_seasonal`` of them, of the anchor where other seasons are lacking.

    Raises:
        ConfigError: The numbers do not fit.
    """

    def __init__(
        self,
        global_pipelines: Sequence[Steps],
        local_pipeline: Steps,
        seasonal_pipeline: Steps | None = None,
        num_local: int = 8,
        num_seasonal: int = 3,
        anchor: Literal['random'] | int = 'random',
        apart: bool = False,
    ) -> None:
        if not 0 <= num_seasonal <= num_local or len(global_pipelines) < 2 or (apart and seasonal_pipeline is None):
            found = f'{len(global_pipelines)} global, {num_local} local and {num_seasonal} seasonal crops'
            expected = 'two global crops or more, no more seasonal than local ones, a pipeline for those'
            raise ConfigError('SeasonalCrops', found, expected, 'Correct the pipeline.')
        if isinstance(anchor, str) and anchor != 'random':
            raise ConfigError('SeasonalCrops.anchor', repr(anchor), "'random' or a number", 'Correct the pipeline.')
        self.global_pipelines = [Compose(list(steps)) for steps in global_pipelines]
        self.local_pipeline = Compose(list(local_pipeline))
        self.seasonal_pipeline = None if seasonal_pipeline is None else Compose(list(seasonal_pipeline))
        self.num_local, self.num_seasonal, self.anchor, self.apart = num_local, num_seasonal, anchor, apart

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Cuts the crops of ``results['imgs']``, or of ``results['img']`` alone.

        Raises:
            ConfigError: The anchor is not there, or crops differ in size.
        """
        images: Sequence[Image] = results['imgs'] if 'imgs' in results else [results['img']]
        index = self._anchor(len(images))
        anchor, others = images[index], self._others(images, index)
        if self.apart:
            missing = self.num_seasonal - len(others)
            seasonal, number = others + [anchor] * missing, self.num_local - self.num_seasonal
        else:
            seasonal, number = others, self.num_local - len(others)
        crops = {
            'globals': [_cut(pipeline, anchor) for pipeline in self.global_pipelines],
            'locals': [_cut(self.local_pipeline, anchor) for _ in range(number)],
        }
        if self.seasonal_pipeline is not None:
            name = 'seasonal' if self.apart else 'locals'
            crops[name] = [*crops.get(name, []), *(_cut(self.seasonal_pipeline, image) for image in seasonal)]
        return {name: _stack(name, arrays) for name, arrays in crops.items() if arrays}

    def _anchor(self, count: int) -> int:
        if not isinstance(self.anchor, int):
            return int(np.random.randint(count))
        if count == 1:
            return 0
        if not 0 <= self.anchor < count:
            found = f'{self.anchor} for a place of {count} images'
            raise ConfigError('SeasonalCrops.anchor', found, f'from 0 to {count - 1}', "Take anchor='random'.")
        return self.anchor

    def _others(self, images: Sequence[Image], anchor: int) -> list[Image]:
        if self.seasonal_pipeline is None:
            return []
        others = [index for index in range(len(images)) if index != anchor]
        return [images[index] for index in np.random.permutation(others)[: self.num_seasonal]]

    def __repr__(self) -> str:
        counts = f'num_local={self.num_local}, num_seasonal={self.num_seasonal}'
        return f'{type(self).__name__}({counts}, anchor={self.anchor!r}, apart={self.apart})'


def _cut(pipeline: Compose, image: Image) -> Image:
    crop: Any = pipeline({'img': image, 'img_shape': image.shape[:2], 'ori_shape': image.shape[:2]})
    return crop['img']


def _stack(name: str, crops: Sequence[Image]) -> Tensor:
    shapes = sorted({crop.shape for crop in crops})
    if len(shapes) > 1:
        fix = 'Let the pipelines end at one size, or set apart=True for seasonal crops of another.'
        raise ConfigError(f'SeasonalCrops {name}', f'crops of {shapes}', 'crops of one size', fix)
    stacked = np.stack([np.moveaxis(crop, -1, 0) for crop in crops])
    return torch.from_numpy(stacked if stacked.dtype == np.uint8 else stacked.astype(np.float32))
