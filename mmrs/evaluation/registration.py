"""Scores of image registration by matched points (MaRS specification, section 5.1: GUSO)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmrs.errors import DataError
from mmrs.evaluation.samples import array_of, check_results, name_of
from mmrs.geo.matches import TransformKind, apply_transform, check_kind, check_matches, sample_consensus, unique_matches
from mmrs.registry import METRICS

RIGHT = 3.0  # pixels: a match is right below it, and so is a pair's RMSE
CAP = 5.0  # pixels: RMSE of a pair that failed, and the largest there is
LEAST = 3  # matches


def match_scores(first: np.ndarray, second: np.ndarray, truth: np.ndarray, kept: np.ndarray) -> dict[str, float]:
    """The scores of GUSO for one pair of images.

    Of the matches that are left without outliers, those less than 3 px away from where the true transform puts them
    are right.

    Args:
        first: (N, 2) points in the first image in pixels, x before y.
        second: (N, 2) matched points in the second image.
        truth: (3, 3) true transform from the first image to the second.
        kept: Indices of the matches that are left once :func:`mmrs.geo.matches.sample_consensus` removed outliers.

    Returns:
        ``SR``, 1 if the RMSE is below 3 px; ``NCM``, the number of right matches; ``RMSE`` of the right matches in
        pixels, 5 if there are fewer than 3 of them, and at most 5; ``precision``, right ones among those left;
        ``recall``, right ones by number over all matches within 3 px before outliers were removed. With fewer than
        3 matches to begin with, RMSE is 5 and all others are 0.

    Raises:
        DataError: Points or transform are malformed.
    """
    first, second = check_matches(first, second)
    check_transform(truth, 'true transform')
    if len(first) < LEAST:
        return {'SR': 0.0, 'NCM': 0.0, 'RMSE': CAP, 'precision': 0.0, 'recall': 0.0}
    errors = np.linalg.norm(apply_transform(truth, first) - second, axis=1)
    right = kept[errors[kept] < RIGHT]
    right = right[unique_matches(first[right], second[right])]
    rmse = min(CAP, float(np.sqrt(np.mean(errors[right] ** 2)))) if len(right) >= LEAST else CAP
    return {
        'SR': float(rmse < RIGHT),
        'NCM': float(len(right)),
        'RMSE': rmse,
        'precision': len(right) / max(1, len(kept)),
        'recall': len(right) / max(1, int(np.count_nonzero(errors < RIGHT))),
    }


def grid_rmse(estimate: np.ndarray, truth: np.ndarray, shape: Sequence[int], points: int = 32) -> float:
    """Root mean square distance in pixels between a regular grid moved by two transforms.

    Args:
        estimate: (3, 3) estimated transform from the first image to the second.
        truth: (3, 3) true one.
        shape: Height and width of the first image; the grid reaches from its first to its last pixel centre.
        points: Grid points along each side.

    Raises:
        DataError: A transform is malformed, or moves a grid point to infinity.
    """
    check_transform(estimate, 'estimated transform')
    check_transform(truth, 'true transform')
    sides = (np.linspace(0, side - 1, points) for side in reversed(shape[:2]))
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    moved, right = (apply_transform(np.asarray(part, np.float64), grid) for part in (estimate, truth))
    rmse = float(np.sqrt(np.mean(np.sum((moved - right) ** 2, axis=1))))
    if not np.isfinite(rmse):
        expected = 'one that keeps the image finite'
        raise DataError('transform', 'a transform that moves a point to infinity', expected, 'Check the estimate.')
    return rmse


def check_transform(transform: np.ndarray, name: str) -> None:
    """Refuses what is no (3, 3) matrix of finite numbers.

    Raises:
        DataError: It is none.
    """
    transform = np.asarray(transform)
    if transform.shape != (3, 3) or not np.isfinite(transform).all():
        found = f'shape {transform.shape}' if transform.shape != (3, 3) else 'NaN or infinite elements'
        raise DataError(name, found, 'a (3, 3) matrix of finite numbers', 'Check the sample.')


@METRICS.register_module()
class RegistrationMetric(BaseMetric):
    """The scores of GUSO and the grid RMSE, averaged over pairs of images.

    A sample has ``pred_points0`` and ``pred_points1``, (N, 2) in pixels with x before y; ``gt_transform``, (3, 3) from
    the first image to the second; ``img_shape`` of the first image; and ``pred_transform``, (3, 3), where the model
    estimates one itself: without it, the transform of the consensus is the estimate.

    Beside the means of :func:`match_scores` it reports ``below_1px``, ``below_2px`` and ``below_3px``, the shares of
    pairs with such an RMSE; ``grid_RMSE``; and ``estimated``, the share of pairs with a transform. A pair without one
    enters ``grid_RMSE`` as it is, unregistered.

    Args:
        threshold: Consensus distance in pixels; 5 in the published metric, 3 in its zero-shot script.
        kind: Transform of the consensus.
        samples: Random samples of the consensus.
        seed: Seed of the samples.
        grid_points: ``points`` of :func:`grid_rmse`.
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of mmengine.

    Raises:
        ConfigError: ``kind`` is unknown.
    """

    default_prefix = 'registration'

    def __init__(
        self,
        threshold: float = 5.0,
        kind: TransformKind = 'affine',
        samples: int = 2000,
        seed: int = 0,
        grid_points: int = 32,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_kind(kind)
        self.consensus = partial(sample_consensus, kind=kind, threshold=threshold, samples=samples, seed=seed)
        self.grid_points = grid_points

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Scores each pair of a batch."""
        for sample in data_samples:
            truth = array_of(sample, 'gt_transform').astype(np.float64)
            first, second = (array_of(sample, f'pred_points{side}') for side in (0, 1))
            first, second = check_matches(first, second, name_of(sample))
            consensus = self.consensus(first, second)
            scores = match_scores(first, second, truth, consensus.kept)
            given = array_of(sample, 'pred_transform') if 'pred_transform' in sample else consensus.transform
            estimate = np.eye(3) if given is None else given
            scores['grid_RMSE'] = grid_rmse(estimate, truth, array_of(sample, 'img_shape').tolist(), self.grid_points)
            scores['estimated'] = float(given is not None)
            self.results.append(scores)

    def compute_metrics(self, results: Sequence[dict[str, float]]) -> dict[str, float]:
        """Averages over pairs.

        Raises:
            DataError: There was no pair.
        """
        check_results(results, 'RegistrationMetric')
        means = {key: float(np.mean([scores[key] for scores in results])) for key in results[0]}
        errors = np.array([scores['RMSE'] for scores in results])
        return means | {f'below_{pixels}px': float(np.mean(errors < pixels)) for pixels in (1, 2, 3)}
