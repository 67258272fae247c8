"""Registration scores against reference values and cases worked out by hand."""

import numpy as np
import pytest
import torch
from reference import read

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation import RegistrationMetric
from mmrs.evaluation.registration import grid_rmse, match_scores
from mmrs.geo.matches import sample_consensus
from mmrs.registry import METRICS

NAMES = {'SR': 'i_Success', 'NCM': 'i_NCM', 'RMSE': 'i_RMSE', 'precision': 'i_Precision', 'recall': 'i_Recall'}
GRID = np.stack(np.meshgrid(np.arange(0.0, 100, 20), np.arange(0.0, 100, 20)), -1).reshape(-1, 2)


def sample(first, second, truth=None, **fields):
    truth = np.eye(3) if truth is None else truth
    points = {'pred_points0': torch.tensor(first), 'pred_points1': torch.tensor(second)}
    return {**points, 'gt_transform': truth, 'img_shape': (100, 100), **fields}


def evaluate(*samples, **options):
    metric = METRICS.build({'type': 'mmrs.RegistrationMetric', **options})
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_reference(fixtures_dir):
    found = read(fixtures_dir / 'mars' / 'metric_guso_registration.npz')
    first, second, truth = (found.inputs[name].numpy() for name in ('pts0', 'pts1', 'H'))
    kept = sample_consensus(first, second, threshold=5).kept
    scores = match_scores(first, second, truth, kept)
    expected = {ours: found.meta['meta']['metrics'][theirs] for ours, theirs in NAMES.items()}
    assert scores == pytest.approx(expected, rel=1e-9)
    assert scores['RMSE'] == pytest.approx(float(found.out['gt_rmse']), rel=1e-9)
    np.testing.assert_array_equal(first[kept], found.out['gt_inliers0'])
    np.testing.assert_array_equal(second[kept], found.out['gt_inliers1'])
    few = match_scores(first[:2], second[:2], truth, np.arange(2))
    assert few == {ours: found.meta['meta']['metrics_lt3pts'][theirs] for ours, theirs in NAMES.items()}
    pooled = evaluate(sample(first, second, truth))
    for name, value in expected.items():
        assert pooled[f'registration/{name}'] == pytest.approx(value, rel=1e-9)


def test_right_matches_are_those_below_three_pixels():
    first = GRID[:6]
    second = first + np.array([[0.0, 2], [2, 0], [0, -2], [-2, 0], [3, 0], [0, 4]])
    scores = match_scores(first, second, np.eye(3), np.array([0, 1, 2, 4, 5]))
    assert scores == {'SR': 1, 'NCM': 3, 'RMSE': 2, 'precision': 3 / 5, 'recall': 3 / 4}


def test_fewer_than_three_right_matches_fail():
    second = GRID[:4] + np.array([[0.0, 0], [0, 0], [0, 9], [9, 0]])
    scores = match_scores(GRID[:4], second, np.eye(3), np.arange(4))
    assert scores == {'SR': 0, 'NCM': 2, 'RMSE': 5, 'precision': 1 / 2, 'recall': 1}


def test_means_over_pairs():
    scores = evaluate(
        sample(GRID, GRID + (0.5, 0)),
        sample(GRID, GRID + (0, 1.5)),
        sample(GRID, GRID + (30, 40)),
        sample(GRID[:2], GRID[:2]),
    )
    expected = {'RMSE': (0.5 + 1.5 + 5 + 5) / 4, 'SR': 0.5, 'NCM': 12.5, 'precision': 0.5, 'recall': 0.5}
    expected |= {'below_1px': 0.25, 'below_2px': 0.5, 'below_3px': 0.5}
    expected |= {'grid_RMSE': (0.5 + 1.5 + 50 + 0) / 4, 'estimated': 0.75}
    assert scores == pytest.approx({f'registration/{name}': value for name, value in expected.items()}, abs=1e-9)


def test_transform_of_the_model_and_its_absence():
    shifted = np.array([[1.0, 0, 6], [0, 1, 8], [0, 0, 1]])
    given = evaluate(sample(GRID, GRID, pred_transform=torch.tensor(shifted)))
    assert given['registration/grid_RMSE'] == pytest.approx(10) and given['registration/RMSE'] < 1e-9
    unregistered = evaluate(sample(GRID[:0], GRID[:0], shifted))
    assert unregistered['registration/grid_RMSE'] == pytest.approx(10)
    assert unregistered['registration/estimated'] == 0


def test_grid_covers_width_and_height():
    stretched = np.diag([1.1, 1.0, 1.0])
    x = np.linspace(0, 199, 5)
    assert grid_rmse(stretched, np.eye(3), (50, 200), points=5) == pytest.approx(np.sqrt(np.mean((0.1 * x) ** 2)))


@pytest.mark.parametrize(
    ('fields', 'message'),
    [
        ({'gt_transform': np.eye(2)}, r'true transform: found shape \(2, 2\)'),
        ({'gt_transform': np.full((3, 3), np.nan)}, 'true transform: found NaN'),
        ({'pred_transform': np.full((3, 3), np.inf)}, 'estimated transform: found NaN or infinite'),
        ({'pred_transform': np.zeros((3, 3))}, 'to infinity'),
        ({'pred_points1': np.zeros((3, 2))}, r'\(25, 2\) and \(3, 2\)'),
        ({'pred_points1': np.full((25, 2), np.nan)}, 'a.png: found 50 coordinates NaN'),
    ],
)
def test_bad_samples(fields, message):
    with pytest.raises(DataError, match=message):
        RegistrationMetric().process({}, [{**sample(GRID, GRID), 'img_path': 'a.png', **fields}])


def test_nothing_to_evaluate_and_unknown_transform():
    with pytest.raises(DataError, match='no samples'):
        RegistrationMetric().evaluate(0)
    with pytest.raises(DataError, match="no 'gt_transform'"):
        RegistrationMetric().process({}, [{}])
    with pytest.raises(ConfigError, match="'rigid'"):
        RegistrationMetric(kind='rigid')
