"""Photometric distortion in one pass: a lookup table, or one matrix of colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness
from numpy.typing import NDArray

from mmrs.errors import ConfigError
from mmrs.registry import TRANSFORMS


class Distortion(NamedTuple):
    """What is done to one image.

    Attributes:
        brightness: Added to every band, in the unit of the file, before the contrast.
        contrast: Factor of every band.
        saturation: Factor of what differs from grey.
        hue: Rotation of the colours about grey, in radians.
    """

    brightness: float = 0.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0

    @property
    def grey(self) -> bool:
        """Whether every band is changed by itself."""
        return self.saturation == 1.0 and self.hue == 0.0


@TRANSFORMS.register_module()
class PhotoMetricDistortion(BaseTransform):
    """Random brightness, contrast, saturation and hue, each with probability 0.5, in one pass over the image.

    Takes the place of ``mmseg.PhotoMetricDistortion`` with its arguments and ranges. Images of uint8 of which only
    brightness and contrast change, a quarter of all, equal mmseg's to the bit. Otherwise the distribution differs:

    * mmseg scales saturation and turns hue in HSV, which keeps the largest of red, green and blue. Here both act on
      what differs from the mean of the three, which stays: less saturation darkens no picture and brightens none.
    * mmseg clips and cuts off decimals after each of up to four steps, and converts to HSV of 180 hues and back.
      Here values are clipped and rounded once at the end, so a dark pixel that brightness pushes below zero and
      contrast lifts again keeps its detail. What is clipped at the end differs too: a turned colour keeps its mean
      and may leave the range where one of HSV keeps its largest and smallest value.
    * Hue is drawn from real numbers, not whole steps of two degrees.
    * Whether contrast comes before or after the colours makes no difference to a matrix, and is not drawn.

    Red, green and blue play the same part, so RGB and BGR images are treated alike. Images that have not three bands
    get brightness and contrast only, the same for all bands. Other integers than uint8 are rounded and clipped to
    their range, floats are not clipped; the default ``brightness_delta`` is for 8 bits.

    Args:
        brightness_delta: Largest brightness added or taken, in the unit of the file.
        contrast_range: Smallest and largest factor.
        saturation_range: Smallest and largest factor.
        hue_delta: Largest turn, in steps of 2 degrees as in mmseg.

    Raises:
        ConfigError: If a range is reversed or negative.
    """

    def __init__(
        self,
        brightness_delta: float = 32,
        contrast_range: Sequence[float] = (0.5, 1.5),
        saturation_range: Sequence[float] = (0.5, 1.5),
        hue_delta: float = 18,
    ) -> None:
        self.brightness_delta, self.hue_delta = brightness_delta, hue_delta
        self.contrast_range, self.saturation_range = tuple(contrast_range), tuple(saturation_range)
        for name in ('contrast_range', 'saturation_range'):
            ends = getattr(self, name)
            if len(ends) != 2 or not 0 <= ends[0] <= ends[1]:
                expected = 'the smallest and the largest factor, neither negative'
                raise ConfigError(f'PhotoMetricDistortion.{name}', str(ends), expected, 'Correct the pipeline.')

    @cache_randomness
    def _drawn(self) -> Distortion:
        turn = math.radians(2 * self.hue_delta)
        ranges = ((-self.brightness_delta, self.brightness_delta), self.contrast_range, self.saturation_range)
        neutral = Distortion()
        values = [np.random.uniform(low, high) for low, high in (*ranges, (-turn, turn))]
        chosen = np.random.randint(0, 2, 4)
        return Distortion(*np.where(chosen, values, neutral).tolist())

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Distorts ``results['img']`` (H, W, C); the array that was there stays as it is."""
        results['img'] = distort(results['img'], self._drawn())
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(brightness_delta={self.brightness_delta}, contrast_range={self.contrast_range}, '
            f'saturation_range={self.saturation_range}, hue_delta={self.hue_delta})'
        )


def distort(image: NDArray[Any], distortion: Distortion) -> NDArray[Any]:
    """Changes brightness, contrast and colours of one image.

    Args:
        image: (H, W, C) or (H, W) of any real dtype.
        distortion: What to do; saturation and hue count for three bands only.

    Returns:
        An array of the same shape and dtype.
    """
    colours = image.ndim == 3 and image.shape[2] == 3 and not distortion.grey
    if not colours and distortion[:2] == (0.0, 1.0):
        return image
    if not colours and image.dtype == np.uint8:
        return cv2.LUT(image, _table(distortion)).reshape(image.shape)
    if colours and image.dtype in (np.uint8, np.uint16, np.int16, np.float32, np.float64):
        return cv2.transform(image, colour_matrix(distortion))
    exact: NDArray[Any] = image.astype(np.float64 if image.dtype.itemsize > 2 else np.float32)
    values: NDArray[Any] = exact * distortion.contrast + distortion.contrast * distortion.brightness
    if colours:
        values = cv2.transform(exact, colour_matrix(distortion))
    if image.dtype.kind in 'iu':
        limits = np.iinfo(image.dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    return values.astype(image.dtype)


def colour_matrix(distortion: Distortion) -> NDArray[np.float64]:
    """The four changes as one affine map of (red, green, blue).

    Colours turn about the grey axis: cos + (1 - cos) / 3 on the diagonal, beside it (1 - cos) / 3 -+ sin / sqrt 3
    (Rodrigues' formula for the axis (1, 1, 1)); saturation scales what is orthogonal to that axis.

    Args:
        distortion: What to do.

    Returns:
        (3, 4), to be applied to (red, green, blue, 1). Every row sums to the contrast, so grey stays grey.
    """
    mean = np.full((3, 3), 1 / 3)
    cross = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turned = math.cos(distortion.hue) * (np.eye(3) - mean) + math.sin(distortion.hue) * cross
    matrix = distortion.contrast * (mean + distortion.saturation * turned)
    offset = np.full((3, 1), distortion.contrast * distortion.brightness)
    return np.concatenate([matrix, offset], axis=1)


def _table(distortion: Distortion) -> NDArray[np.uint8]:
    """Brightness, then contrast of every value; clipped and cut off after each as mmseg does it."""
    values: NDArray[Any] = np.arange(256, dtype=np.float32)
    if distortion.brightness:
        values = np.floor(np.clip(values + np.float32(distortion.brightness), 0, 255))
    if distortion.contrast != 1:
        values = np.floor(np.clip(values * np.float32(distortion.contrast), 0, 255))
    return values.astype(np.uint8)
