"""Crops and statistics of co-registered optical and SAR patches (MaRS specification, section 3.4)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch.nn import functional

from mmrs.datasets.rs_semantic.geometry import Box, draw_box
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.geo.sensors import SENSORS
from mmrs.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomResizedPair(BaseTransform):
    """Cuts one box out of all channels of ``img`` (H, W, C), resizes it smoothly, and mirrors it left to right.

    Args:
        size: Side of the result in pixels.
        area: Smallest and greatest share of the image.
        aspect: Smallest and greatest ratio of width to height.
        flip: How often it is mirrored.
    """

    def __init__(
        self,
        size: int = 512,
        area: tuple[float, float] = (0.7, 1.0),
        aspect: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
    ) -> None:
        self.size, self.area, self.aspect, self.flip = size, tuple(area), tuple(aspect), flip
        if size < 1 or not 0 < area[0] <= area[1] <= 1 or not 0 < aspect[0] <= aspect[1] or not 0 <= flip <= 1:
            expected = 'a positive size, shares up to 1, ratios and a probability'
            raise ConfigError('RandomResizedPair', repr(self), expected, 'Correct the pipeline.')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Draws and makes the crop; ``img`` becomes float32."""
        height, width = results['img'].shape[:2]
        box = draw_box((height, width), self.area, self.aspect, np.random)  # type: ignore[arg-type]
        return self.cut(results, box, bool(np.random.rand() < self.flip))

    def cut(self, results: dict[str, Any], box: Box, flip: bool) -> dict[str, Any]:
        """Makes one crop.

        Args:
            results: Of the sample.
            box: Top, left, rows and columns.
            flip: Mirror it.
        """
        top, left, rows, columns = box
        part = np.moveaxis(results['img'][top : top + rows, left : left + columns], -1, 0).astype(np.float32)
        size = (self.size, self.size)
        image = functional.interpolate(
            torch.from_numpy(part)[None], size=size, mode='bilinear', align_corners=False, antialias=True
        )[0].numpy()
        image = np.moveaxis(image[..., ::-1] if flip else image, 0, -1)
        results.update(img=image, img_shape=image.shape[:2])
        return results

    def __repr__(self) -> str:
        settings = f'size={self.size}, area={self.area}, aspect={self.aspect}, flip={self.flip}'
        return f'{type(self).__name__}({settings})'


@TRANSFORMS.register_module()
class RefuseEmptyPair(BaseTransform):
    """Refuses a patch of which a modality holds one value or nothing, as where there are no data.

    Comes after ``LoadRaster``, so that a dataset with ``skip_bad`` counts and skips such patches.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Looks at the channels of each of ``results['sensors']`` in ``img`` (H, W, C).

        Raises:
            DataError: A modality is empty; it names the file.
        """
        first = 0
        for name, key in zip(results['sensors'], ('img_path', 'sar_path'), strict=False):  # or optical alone
            last = first + len(SENSORS[name].bands)
            part = results['img'][..., first:last]
            low, high = (np.fmin.reduce(part, axis=None), np.fmax.reduce(part, axis=None)) if part.size else (0, 0)
            if not low < high:
                found = 'nothing but NaN' if np.isnan(low) else f'the value {low:g} everywhere'
                fix = 'Remove the pair, or allow some with skip_bad.'
                raise DataError(results.get(key, key), found, f'an image of {name}', fix)
            first = last
        return results


@TRANSFORMS.register_module()
class NormalizeBySensor(BaseTransform):
    """Normalises ``img`` (H, W, C) with the statistics of ``results['sensors']``, whose bands it stacks.

    What is missing (NaN) becomes 0, the mean.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Normalises the image.

        Raises:
            RasterError: It has other bands than the sensors.
        """
        sensors = [SENSORS[name] for name in results['sensors']]
        mean, std = (np.asarray([v for s in sensors for v in getattr(s, kind)], np.float32) for kind in ('mean', 'std'))
        if results['img'].shape[-1] != len(mean):
            expected = f'{len(mean)} of {" and ".join(results["sensors"])}'
            fix = 'Choose bands in LoadRaster, or name the right sensor.'
            raise RasterError(results.get('img_path', 'img'), f'{results["img"].shape[-1]} bands', expected, fix)
        image = (results['img'].astype(np.float32) - mean) / std
        results['img'] = np.nan_to_num(image, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        return results


@TRANSFORMS.register_module()
class PackPair(BaseTransform):
    """Makes tensors of ``img`` and ``mask``: ``inputs`` (C, H, W) and ``masks``, as MaRS is pretrained with."""

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Packs the sample."""
        packed = dict(inputs=torch.from_numpy(np.ascontiguousarray(np.moveaxis(results['img'], -1, 0))))
        if 'mask' in results:
            packed['masks'] = torch.from_numpy(results['mask'])
        return packed
