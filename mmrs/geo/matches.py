"""Matched points of two images: transforms fitted to them, and their outliers (MaRS specification, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mmrs.errors import ConfigError, DataError

TransformKind = Literal['similarity', 'affine', 'perspective']
MINIMAL_POINTS = {'similarity': 2, 'affine': 3, 'perspective': 4}
CHUNK = 2**20  # pairs of a sample and a match whose errors are held at once: some tens of MiB


@dataclass(frozen=True)
class Consensus:
    """What is left of matches once outliers are removed.

    Attributes:
        transform: (3, 3) matrix from first to second points, fitted to all that is left; None if that is too little.
        rmse: Root mean square of its errors in pixels; NaN without a transform.
        kept: Indices of the matches that are left, ordered by their second points.
    """

    transform: np.ndarray | None
    rmse: float
    kept: np.ndarray


def check_matches(first: np.ndarray, second: np.ndarray, name: str = 'matches') -> tuple[np.ndarray, np.ndarray]:
    """Matches as two float64 arrays (N, 2).

    Raises:
        DataError: They are no two lists of points of one length, or a coordinate is no finite number.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.ndim != 2 or first.shape[1] != 2 or first.shape != second.shape:
        found = f'points of shapes {first.shape} and {second.shape}'
        raise DataError(name, found, 'twice (N, 2), x before y', 'Pass one second point for each first point.')
    wrong = int(np.count_nonzero(~np.isfinite(first) | ~np.isfinite(second)))
    if wrong:
        raise DataError(name, f'{wrong} coordinates NaN or infinite', 'finite numbers', 'Check the matcher.')
    return first, second


def apply_transform(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Moves points.

    Args:
        transform: (..., 3, 3) matrices; their last row may be that of a perspective.
        points: (N, 2), x before y.

    Returns:
        (..., N, 2).
    """
    linear, shift = transform[..., :2, :2], transform[..., None, :2, 2]
    moved = points @ linear.swapaxes(-1, -2) + shift
    if (transform[..., 2, :] == (0, 0, 1)).all():
        return moved
    with np.errstate(divide='ignore', invalid='ignore'):
        return moved / (points @ transform[..., 2, :2, None] + transform[..., 2, 2, None, None])


def fit_transform(first: np.ndarray, second: np.ndarray, kind: TransformKind = 'affine') -> tuple[np.ndarray, float]:
    """Least-squares transform from first to second points.

    Similarities and affine transforms minimise the distances in the second image. Perspectives minimise the algebraic
    error, after multiplication with the denominator, without normalising points: the choice of the published metric.

    Args:
        first: (N, 2) points, x before y.
        second: (N, 2) matched points.
        kind: ``'similarity'`` (2 points or more), ``'affine'`` (3) or ``'perspective'`` (4).

    Returns:
        (3, 3) matrix, and the root mean square distance of moved first and second points in pixels.

    Raises:
        ConfigError: ``kind`` is unknown.
        DataError: Points are malformed, too few, or on one line.
    """
    check_kind(kind)
    first, second = check_matches(first, second)
    if len(first) < MINIMAL_POINTS[kind]:
        expected = f'{MINIMAL_POINTS[kind]} or more, for {kind}'
        raise DataError('matches', f'{len(first)}', expected, 'Find more matches or fit a simpler transform.')
    transform, rmse = _fit(first, second, kind)
    if transform is None:
        found = 'first points that are equal or on one line'
        raise DataError('matches', found, f'points that determine a transform ({kind})', 'Find more matches.')
    return transform, rmse


def _fit(first: np.ndarray, second: np.ndarray, kind: TransformKind) -> tuple[np.ndarray | None, float]:
    """The least-squares transform and its error; None where points do not determine one."""
    left, right = _equations(first, second, kind)
    if len(left) < left.shape[1]:
        return None, float('nan')
    parameters, _, rank, _ = np.linalg.lstsq(left, right, rcond=None)
    if rank < len(parameters):
        return None, float('nan')
    transform = _matrix(parameters, kind)
    return transform, float(np.sqrt(np.mean(np.sum((apply_transform(transform, first) - second) ** 2, axis=-1))))


def check_kind(kind: str) -> None:
    """Refuses an unknown kind of transform.

    Raises:
        ConfigError: It is unknown.
    """
    if kind not in MINIMAL_POINTS:
        raise ConfigError('transform', repr(kind), ', '.join(map(repr, MINIMAL_POINTS)), 'Choose one of them.')


def _equations(first: np.ndarray, second: np.ndarray, kind: TransformKind) -> tuple[np.ndarray, np.ndarray]:
    """(..., 2N, parameters) and (..., 2N): the linear equations of points (..., N, 2)."""
    x, y = first[..., 0], first[..., 1]
    u, v = second[..., 0], second[..., 1]
    one, zero = np.ones_like(x), np.zeros_like(x)
    if kind == 'similarity':
        rows = [[x, y, one, zero], [y, -x, zero, one]]
    else:
        rows = [[x, y, one, zero, zero, zero], [zero, zero, zero, x, y, one]]
    if kind == 'perspective':
        rows = [rows[0] + [-u * x, -u * y], rows[1] + [-v * x, -v * y]]
    left = np.concatenate([np.stack(row, axis=-1) for row in rows], axis=-2)
    return left, np.concatenate([u, v], axis=-1)


def _matrix(parameters: np.ndarray, kind: TransformKind) -> np.ndarray:
    """(..., 3, 3) from (..., parameters)."""
    if kind == 'similarity':
        a, b, shift_x, shift_y = np.moveaxis(parameters, -1, 0)
        parameters = np.stack([a, b, shift_x, -b, a, shift_y], axis=-1)
    rest = np.zeros((*parameters.shape[:-1], 9))
    rest[..., : parameters.shape[-1]] = parameters
    rest[..., 8] = 1
    return rest.reshape(*parameters.shape[:-1], 3, 3)


def unique_matches(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Indices of matches of which no two share a first or a second point, ordered by second points.

    The earliest match of a first point stays; then, in the order of first points, the first match of a second point.
    """
    kept = np.unique(first, axis=0, return_index=True)[1]
    return kept[np.unique(second[kept], axis=0, return_index=True)[1]]


def sample_consensus(
    first: np.ndarray,
    second: np.ndarray,
    kind: TransformKind = 'affine',
    threshold: float = 3.0,
    samples: int = 2000,
    seed: int = 0,
) -> Consensus:
    """Removes outliers by fast sample consensus (FSC, Wu et al. 2015, doi 10.1109/LGRS.2014.2325970).

    Transforms of random minimal samples are compared by the number of matches that they move to within the threshold;
    the first best one decides. What it keeps is made unique on both sides and fitted again by least squares.

    Args:
        first: (N, 2) points in pixels, x before y.
        second: (N, 2) matched points.
        kind: See :func:`fit_transform`.
        threshold: Distance in pixels below which a match agrees.
        samples: Number of random samples.
        seed: Seed of the samples.

    Returns:
        Transform, its error and the matches left: none, without a transform, if points are too few or on one line.

    Raises:
        ConfigError: ``kind`` is unknown.
        DataError: Points are malformed.
    """
    check_kind(kind)
    first, second = check_matches(first, second)
    kept: np.ndarray = np.zeros(0, np.int64)
    if len(first) >= MINIMAL_POINTS[kind]:
        transforms = _minimal_transforms(first, second, kind, samples, seed)
        kept = np.flatnonzero(_largest_consensus(transforms, first, second, threshold))
        kept = kept[unique_matches(first[kept], second[kept])]
    return Consensus(*_fit(first[kept], second[kept], kind), kept)


def _minimal_transforms(
    first: np.ndarray, second: np.ndarray, kind: TransformKind, samples: int, seed: int
) -> np.ndarray:
    """(S, 3, 3) exact transforms of random samples, without those whose points do not determine one."""
    size = (samples, MINIMAL_POINTS[kind])
    random = np.random.RandomState(seed)  # the generator that the published metric names
    chosen = random.randint(len(first), size=size)
    while len(again := np.flatnonzero((np.diff(np.sort(chosen, axis=1), axis=1) == 0).any(axis=1))):
        chosen[again] = random.randint(len(first), size=(len(again), size[1]))
    left, right = _equations(first[chosen], second[chosen], kind)
    usable = np.linalg.det(left) != 0
    return _matrix(np.linalg.solve(left[usable], right[usable, :, None])[..., 0], kind)


def _largest_consensus(transforms: np.ndarray, first: np.ndarray, second: np.ndarray, threshold: float) -> np.ndarray:
    """(N,) mask of the matches that agree with the first of the best transforms."""
    best = np.zeros(len(first), bool)
    for part in _chunks(transforms, max(1, CHUNK // len(first))):
        agree = np.sum((apply_transform(part, first) - second) ** 2, axis=-1) < threshold**2
        winner = agree[np.argmax(agree.sum(axis=1))]
        if winner.sum() > best.sum():
            best = winner
    return best


def _chunks(array: np.ndarray, length: int) -> Iterator[np.ndarray]:
    for start in range(0, len(array), length):
        yield array[start : start + length]
