"""Errors of height maps (MaRS specification, section 5.7: DFC23 track 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from mmengine.evaluator import BaseMetric

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation.samples import check_finite, check_results, check_shapes, name_of, pair_of
from mmrs.registry import METRICS

Protocol = Literal['mars', 'dfc23']
FLOOR = 1e-5
PENALTY = 999.0
KEYS = ('mse', 'rmse', 'mae', 'delta1', 'delta2', 'delta3')


def height_scores(
    prediction: np.ndarray, target: np.ndarray, protocol: Protocol = 'mars', name: str = 'prediction'
) -> dict[str, float]:
    """Errors of one height map, and the shares of pixels whose ratio to the truth is below 1.25, 1.25^2, 1.25^3.

    Args:
        prediction: Heights, any shape.
        target: True heights of the same shape and unit; NaN where unknown, which is left out.
        protocol: What becomes of heights without a ratio, in both arrays. ``'mars'``: zero and below count as 1e-5.
            ``'dfc23'``, the contest's: zero counts as 1e-5, below zero as 999.
        name: Subject of error messages.

    Returns:
        ``mse``, ``rmse`` and ``mae`` in the unit of the heights, and ``delta1`` to ``delta3`` from 0 to 1.

    Raises:
        DataError: Shapes differ, a prediction is no number, or no true height is known.
    """
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    check_shapes(prediction, target, name)
    check_finite(prediction, name)
    known = ~np.isnan(target)
    if not known.any():
        raise DataError(name, 'no known height', 'at least one pixel that is not NaN', 'Leave this sample out.')
    found, true = (_positive(part[known], protocol) for part in (prediction, target))
    error, worst = found - true, np.maximum(found / true, true / found)
    mse = float(np.mean(error**2))
    scores = [mse, mse**0.5, np.abs(error).mean(), *(np.mean(worst < 1.25**power) for power in (1, 2, 3))]
    return dict(zip(KEYS, map(float, scores), strict=True))


def _positive(heights: np.ndarray, protocol: Protocol) -> np.ndarray:
    below = FLOOR if protocol == 'mars' else PENALTY
    return np.where(heights > 0, heights, np.where(heights < 0, below, FLOOR))


@METRICS.register_module()
class HeightMetric(BaseMetric):
    """Height errors of each image, averaged over images. Reads mmsegmentation's ``pred_depth_map``, ``gt_depth_map``.

    Args:
        protocol: See :func:`height_scores`.
        scale: Factor on both maps; 183.17412 gives metres where heights were divided by it for training. The deltas
            depend on it where heights are near 1e-5.
        reduction: ``'mean'`` over images; ``'last'`` reproduces the withdrawn test script of MaRS, which kept the
            scores of the last image alone.
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of mmengine.

    Raises:
        ConfigError: An option has an unknown value.
    """

    default_prefix = 'height'

    def __init__(
        self,
        protocol: Protocol = 'mars',
        scale: float = 1.0,
        reduction: Literal['mean', 'last'] = 'mean',
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for option, value, known in (
            ('protocol', protocol, ('mars', 'dfc23')),
            ('reduction', reduction, ('mean', 'last')),
        ):
            if value not in known:
                raise ConfigError(option, repr(value), ' or '.join(map(repr, known)), 'Correct the evaluator.')
        self.protocol, self.scale, self.reduction = protocol, scale, reduction

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Scores each image of a batch."""
        for sample in data_samples:
            found, true = pair_of(sample, 'pred_depth_map', 'gt_depth_map')
            found, true = (part.astype(np.float64) * self.scale for part in (found, true))
            self.results.append(height_scores(found, true, self.protocol, name_of(sample)))

    def compute_metrics(self, results: Sequence[dict[str, float]]) -> dict[str, float]:
        """Averages over images.

        Raises:
            DataError: There was no image.
        """
        check_results(results, 'HeightMetric')
        used = results if self.reduction == 'mean' else results[-1:]
        return {key: float(np.mean([scores[key] for scores in used])) for key in KEYS}
