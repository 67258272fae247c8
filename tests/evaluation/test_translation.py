"""PSNR and SSIM against their definitions."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation import TranslationMetric
from mmrs.evaluation.translation import image_scores
from mmrs.registry import METRICS


def pair(channels=3, seed=0):
    random = np.random.default_rng(seed)
    target = random.integers(0, 256, (channels, 24, 20)).astype(np.float32)
    return np.clip(target + random.normal(0, 20, target.shape), 0, 255).astype(np.float32), target


def ssim(found, true, data_range):
    """Wang's definition, for one channel, without the border that the window does not fit into."""

    def blur(image):
        return gaussian_filter(image, 1.5, truncate=3.5)

    small, large = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    means = blur(found), blur(true)
    spread = blur(found**2) - means[0] ** 2 + blur(true**2) - means[1] ** 2
    common = blur(found * true) - means[0] * means[1]
    light = (2 * means[0] * means[1] + small) / (means[0] ** 2 + means[1] ** 2 + small)
    return (light * (2 * common + large) / (spread + large))[5:-5, 5:-5].mean()


def test_definitions():
    found, true = (part.astype(np.float64) for part in pair())
    scores = image_scores(found, true)
    assert scores['PSNR'] == pytest.approx(10 * math.log10(255**2 / np.mean((found - true) ** 2)))
    channels = zip(found, true, strict=True)
    assert scores['SSIM'] == pytest.approx(np.mean([ssim(*channel, 255) for channel in channels]))
    assert image_scores(found / 255, true / 255, 1) == pytest.approx(scores)


def test_equal_images():
    assert image_scores(pair()[0], pair()[0]) == {'PSNR': math.inf, 'SSIM': 1}


def test_mean_over_images_after_undoing_the_normalisation():
    mean, std = np.array([87.0, 91, 83]), np.array([62.0, 54, 53])
    pairs = [pair(seed=0), pair(seed=1)]
    images = []
    for found, true in pairs:
        parts = (torch.tensor((part - mean[:, None, None]) / std[:, None, None]) for part in (found, true))
        images.append(dict(zip(('pred_img', 'gt_img'), parts, strict=True)))
    metric = METRICS.build({'type': 'mmrs.TranslationMetric', 'mean': mean.tolist(), 'std': std.tolist()})
    metric.process({}, images)
    each = [image_scores(*part) for part in pairs]
    expected = {f'translation/{name}': np.mean([scores[name] for scores in each]) for name in ('PSNR', 'SSIM')}
    assert metric.evaluate(2) == pytest.approx(expected)


def test_values_outside_of_the_range_are_clipped():
    found, true = pair(channels=1)
    metric = TranslationMetric()
    beyond = np.where(found > 250, 900, found)
    metric.process(
        {}, [{'pred_img': beyond, 'gt_img': true}, {'pred_img': np.where(found > 250, 255, found), 'gt_img': true}]
    )
    assert metric.results[0] == metric.results[1]


@pytest.mark.parametrize(
    ('found', 'true', 'message'),
    [
        (np.zeros((3, 16, 16)), np.zeros((3, 16, 17)), 'shape'),
        (np.zeros((3, 16, 10)), np.zeros((3, 16, 10)), r'c.png: found an image of shape \(3, 16, 10\)'),
        (np.full((3, 16, 16), np.nan), np.zeros((3, 16, 16)), 'c.png: found 768 of 768 values NaN'),
        (np.full((3, 16, 16), np.inf), np.zeros((3, 16, 16)), 'c.png: found 768 of 768 values NaN or infinite'),
        (np.zeros((3, 16, 16)), np.full((3, 16, 16), np.nan), 'c.png: found 768 of 768 values NaN'),
        (np.zeros((2, 16, 16)), np.zeros((2, 16, 16)), 'found 2 channels; expected 3'),
    ],
)
def test_bad_images(found, true, message):
    metric = TranslationMetric(mean=[0] * 3, std=[1] * 3)
    with pytest.raises(DataError, match=message):
        metric.process({}, [{'pred_img': found, 'gt_img': true, 'img_path': 'c.png'}])


def test_functions_name_the_image_that_is_not_finite():
    with pytest.raises(DataError, match=r'prediction \(target\): found 1 of 256'):
        image_scores(np.zeros((16, 16)), np.where(np.eye(16, 16, 15), np.nan, 0))


def test_nothing_to_evaluate_and_bad_options():
    with pytest.raises(DataError, match='no samples'):
        TranslationMetric().evaluate(0)
    with pytest.raises(ConfigError, match='data_range'):
        TranslationMetric(data_range=0)
    with pytest.raises(ConfigError, match='3 means and 1 standard'):
        TranslationMetric(mean=[1, 2, 3], std=[1])
