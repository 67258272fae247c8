"""Transforms and consensus against reference values and against one sample at a time."""

import numpy as np
import pytest
from reference import read

from mmrs.errors import ConfigError, DataError
from mmrs.geo import matches
from mmrs.geo.matches import apply_transform, fit_transform, sample_consensus, unique_matches

PERSPECTIVE = np.array([[1.1, 0.1, 5], [-0.05, 0.9, -3], [2e-4, -1e-4, 1]])


@pytest.fixture(scope='module')
def guso(fixtures_dir):
    found = read(fixtures_dir / 'mars' / 'metric_guso_registration.npz')
    return {name: value.numpy() for name, value in {**found.inputs, **found.out}.items()}


def noisy(number=60, wrong=25, seed=0):
    random = np.random.default_rng(seed)
    first = random.uniform(0, 200, (number, 2))
    second = apply_transform(np.array([[1.1, 0.2, 3], [-0.1, 0.9, 8], [0, 0, 1]]), first)
    second += random.normal(0, 1, second.shape)
    second[:wrong] = random.uniform(0, 200, (wrong, 2))
    return first, second


@pytest.mark.parametrize('kind', ['similarity', 'affine', 'perspective'])
def test_least_squares_reference(guso, kind):
    transform, rmse = fit_transform(guso['pts0'][:150], guso['pts1'][:150], kind)
    np.testing.assert_allclose(rmse, guso[f'lsm_rmse_{kind}'], rtol=1e-9)
    if kind != 'perspective':
        a, b, c, d, shift_x, shift_y, *_ = guso[f'lsm_{kind}']
        np.testing.assert_allclose(transform, [[a, b, shift_x], [c, d, shift_y], [0, 0, 1]], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('seed', [0, 1])
def test_consensus_reference(guso, seed):
    """Any seed finds the same consensus here: which random numbers the reference drew does not matter."""
    found = sample_consensus(guso['pts0'], guso['pts1'], seed=seed)
    np.testing.assert_allclose(found.transform, guso['fsc_solution'], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.rmse, guso['fsc_rmse'], rtol=1e-9)
    np.testing.assert_array_equal(guso['pts0'][found.kept], guso['fsc_p0'])
    np.testing.assert_array_equal(guso['pts1'][found.kept], guso['fsc_p1'])


@pytest.mark.parametrize(('kind', 'points'), [('similarity', 2), ('affine', 3), ('perspective', 4)])
def test_exact_transforms(kind, points):
    truth = {'similarity': [[0.8, 0.6, 5], [-0.6, 0.8, -3], [0, 0, 1]], 'affine': [[1, 0.2, 5], [0, 2, -3], [0, 0, 1]]}
    truth = np.array(truth.get(kind, PERSPECTIVE))
    first = np.array([[0.0, 0], [90, 10], [80, 70], [5, 60]])[:points]
    transform, rmse = fit_transform(first, apply_transform(truth, first), kind)
    np.testing.assert_allclose(transform, truth, atol=1e-9)
    assert rmse < 1e-9


def test_perspective_divides():
    x, y = 30.0, 40.0
    u, v, w = PERSPECTIVE @ (x, y, 1)
    np.testing.assert_allclose(apply_transform(PERSPECTIVE, np.array([[x, y]])), [[u / w, v / w]])


@pytest.mark.parametrize('kind', ['similarity', 'affine', 'perspective'])
@pytest.mark.parametrize('chunk', [1, 2**20])
def test_samples_together_decide_as_one_by_one(kind, chunk, monkeypatch):
    monkeypatch.setattr(matches, 'CHUNK', chunk)
    first, second = noisy()
    best = np.zeros(len(first), bool)
    for transform in matches._minimal_transforms(first, second, kind, 50, 0):
        agree = np.linalg.norm(apply_transform(transform, first) - second, axis=1) < 3
        if agree.sum() > best.sum():
            best = agree
    found = sample_consensus(first, second, kind, 3, 50)
    np.testing.assert_array_equal(np.sort(found.kept), np.flatnonzero(best))


def test_samples_have_distinct_points():
    first, second = np.array([[0.0, 0], [9, 0], [0, 9]]), np.array([[1.0, 1], [10, 1], [1, 10]])
    transforms = matches._minimal_transforms(first, second, 'affine', 40, 3)
    np.testing.assert_allclose(transforms, np.broadcast_to([[1, 0, 1], [0, 1, 1], [0, 0, 1]], (40, 3, 3)), atol=1e-12)


def test_duplicates_on_either_side():
    first = np.array([[5.0, 5], [1, 1], [5, 5], [2, 2], [3, 3]])
    second = np.array([[9.0, 9], [4, 4], [7, 7], [4, 4], [8, 8]])
    np.testing.assert_array_equal(unique_matches(first, second), [1, 4, 0])


@pytest.mark.parametrize(
    'points', [np.zeros((0, 2)), np.zeros((2, 2)), np.ones((9, 2)), np.c_[np.arange(9.0), 2 * np.arange(9.0)]]
)
def test_no_consensus(points):
    found = sample_consensus(points, points)
    assert found.transform is None and np.isnan(found.rmse)


@pytest.mark.parametrize(
    ('first', 'second', 'message'),
    [
        (np.zeros((4, 2)), np.zeros((5, 2)), r'\(4, 2\) and \(5, 2\)'),
        (np.zeros((4, 3)), np.zeros((4, 3)), r'expected twice \(N, 2\)'),
        (np.full((4, 2), np.nan), np.zeros((4, 2)), '8 coordinates NaN'),
        (np.zeros((2, 2)), np.zeros((2, 2)), 'found 2; expected 3 or more'),
        (np.ones((4, 2)), np.ones((4, 2)), 'equal or on one line'),
    ],
)
def test_bad_points(first, second, message):
    with pytest.raises(DataError, match=message):
        fit_transform(first, second)


def test_unknown_kind():
    for function in (fit_transform, sample_consensus):
        with pytest.raises(ConfigError, match="'euclidean'"):
            function(*noisy(), 'euclidean')
