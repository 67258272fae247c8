"""Likeness of translated images (MaRS specification, section 5.2: SAR to optical and back)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation.samples import check_finite, check_results, check_shapes, name_of, pair_of
from mmrs.registry import METRICS

WINDOW = 11  # pixels: what a Gaussian of 1.5 px, cut at 3.5 sigma, reaches


def image_scores(
    prediction: np.ndarray, target: np.ndarray, data_range: float = 255.0, name: str = 'prediction'
) -> dict[str, float]:
    """Peak signal-to-noise ratio and structural similarity of one image.

    SSIM is that of Wang et al. 2004 (doi 10.1109/TIP.2003.819861): Gaussian window of 1.5 px, population covariance,
    mean over pixels and channels.

    Args:
        prediction: (C, H, W) or (H, W), H and W of 11 or more.
        target: True image of the same shape.
        data_range: Distance of the darkest from the brightest possible value: 255 or 1.
        name: Subject of error messages.

    Returns:
        ``PSNR`` in dB, infinite if the images are equal, and ``SSIM``, 1 if they are.

    Raises:
        DataError: Shapes differ, images are too small, or a value is no finite number.
    """
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    check_shapes(prediction, target, name)
    if target.ndim not in (2, 3) or min(target.shape[-2:]) < WINDOW:
        expected = f'(C, H, W) or (H, W), H and W of {WINDOW} or more'
        raise DataError(name, f'an image of shape {target.shape}', expected, 'Evaluate larger images.')
    check_finite(prediction, name)
    check_finite(target, f'{name} (target)')
    with np.errstate(divide='ignore'):  # equal images
        psnr = peak_signal_noise_ratio(target, prediction, data_range=data_range)
    ssim = structural_similarity(
        target,
        prediction,
        data_range=data_range,
        channel_axis=0 if target.ndim == 3 else None,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    return {'PSNR': float(psnr), 'SSIM': float(ssim)}


@METRICS.register_module()
class TranslationMetric(BaseMetric):
    """PSNR and SSIM of each image, averaged over images. Reads ``pred_img`` and ``gt_img``, (C, H, W).

    Args:
        data_range: 255 or 1: see :func:`image_scores`. Both images are clipped to 0 and ``data_range``,
            as they would be when an image is written.
        mean: Mean of each channel that both images were normalised with, in units of ``data_range``.
        std: Standard deviations, likewise.
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of mmengine.

    Raises:
        ConfigError: ``data_range`` is not above 0, or ``mean`` and ``std`` are not of one length.
    """

    default_prefix = 'translation'

    def __init__(
        self,
        data_range: float = 255.0,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not data_range > 0:
            raise ConfigError('data_range', f'{data_range}', 'a number above 0, such as 255', 'Correct the evaluator.')
        mean, std = [0.0] if mean is None else mean, [1.0] if std is None else std
        if len(mean) != len(std):
            found = f'{len(mean)} means and {len(std)} standard deviations'
            raise ConfigError('mean, std', found, 'one of each for each channel', 'Correct the evaluator.')
        self.data_range = data_range
        self.mean, self.std = (np.asarray(part, np.float64)[:, None, None] for part in (mean, std))

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Scores each image of a batch."""
        for sample in data_samples:
            found, true = (self._pixels(part, name_of(sample)) for part in pair_of(sample, 'pred_img', 'gt_img'))
            self.results.append(image_scores(found, true, self.data_range, name_of(sample)))

    def _pixels(self, image: np.ndarray, name: str) -> np.ndarray:
        image = image[None] if image.ndim == 2 else image
        if len(self.mean) not in (1, len(image)):
            fix = 'Give one mean and one std for each channel.'
            raise DataError(name, f'{len(image)} channels', f'{len(self.mean)}, as mean and std', fix)
        check_finite(image, name)  # clipping would hide infinity
        return np.clip(image.astype(np.float64) * self.std + self.mean, 0, self.data_range)

    def compute_metrics(self, results: Sequence[dict[str, float]]) -> dict[str, float]:
        """Averages over images.

        Raises:
            DataError: There was no image.
        """
        check_results(results, 'TranslationMetric')
        return {key: float(np.mean([scores[key] for scores in results])) for key in results[0]}
