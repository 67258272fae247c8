"""Height errors against the reference values of both protocols."""

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import BaseDataElement, PixelData
from reference import read

from mmrs.errors import ConfigError, DataError
from mmrs.evaluation import HeightMetric
from mmrs.evaluation.height import KEYS, height_scores
from mmrs.registry import METRICS


def sample(prediction, target):
    return BaseDataElement(
        pred_depth_map=PixelData(data=torch.as_tensor(prediction)[None]),
        gt_depth_map=PixelData(data=torch.as_tensor(target)[None]),
    )


def evaluate(metric, *pairs):
    evaluator = Evaluator(metric)
    evaluator.process([sample(*pair) for pair in pairs])
    return evaluator.evaluate(len(pairs))


@pytest.mark.parametrize('protocol', ['mars', 'dfc23'])
def test_reference(fixtures_dir, protocol):
    found = read(fixtures_dir / 'mars' / 'metric_height.npz')
    scores = height_scores(found.inputs['pred'].numpy(), found.inputs['target'].numpy(), protocol)
    assert list(scores) == found.meta['meta']['keys']
    np.testing.assert_allclose(list(scores.values()), found.out[protocol].numpy(), rtol=1e-6)


def test_heights_without_a_ratio():
    prediction, target = np.array([[-2.0, 0.0]]), np.array([[0.0, 0.0]])
    mars, contest = (height_scores(prediction, target, protocol) for protocol in ('mars', 'dfc23'))
    assert mars['mae'] == 0 and mars['delta1'] == 1
    assert contest['mae'] == pytest.approx(999 / 2) and contest['delta1'] == 0.5


def test_ratios_count_both_ways():
    scores = height_scores(np.array([1.0, 1.3, 1.0, 1.6]), np.array([1.0, 1.0, 1.3, 1.0]))
    assert [scores[f'delta{power}'] for power in (1, 2, 3)] == [0.25, 0.75, 1]


def test_mean_over_images_or_the_last_alone():
    pairs = [(torch.full((2, 2), 2.0), torch.ones(2, 2)), (torch.full((2, 2), 4.0), torch.ones(2, 2))]
    mean = evaluate(METRICS.build({'type': 'mmrs.HeightMetric'}), *pairs)
    assert mean['height/rmse'] == pytest.approx(2) and mean['height/mse'] == pytest.approx(5)
    assert set(mean) == {f'height/{key}' for key in KEYS}
    assert evaluate(HeightMetric(reduction='last'), *pairs)['height/rmse'] == pytest.approx(3)
    assert evaluate(HeightMetric(scale=10), *pairs)['height/mae'] == pytest.approx(20)


def test_unknown_heights_are_left_out():
    target = torch.tensor([[1.0, float('nan')]])
    assert evaluate(HeightMetric(), (torch.tensor([[2.0, 7.0]]), target))['height/mae'] == 1


@pytest.mark.parametrize(
    ('prediction', 'target', 'message'),
    [
        (torch.ones(2, 2), torch.ones(2, 3), r'shape \(2, 2\); expected \(2, 3\)'),
        (torch.tensor([[1.0, float('nan')]]), torch.ones(1, 2), '1 of 2 values NaN'),
        (torch.ones(1, 2), torch.full((1, 2), float('nan')), 'no known height'),
        (torch.ones(0, 2), torch.ones(0, 2), 'at least one value'),
    ],
)
def test_bad_maps(prediction, target, message):
    element = {'pred_depth_map': {'data': prediction}, 'gt_depth_map': {'data': target}, 'img_path': 'a.tif'}
    with pytest.raises(DataError, match=message) as caught:
        HeightMetric().process({}, [element])
    assert caught.value.subject == 'a.tif'


def test_nothing_to_evaluate():
    with pytest.raises(DataError, match='no samples'):
        HeightMetric().evaluate(0)
    with pytest.raises(DataError, match="no 'pred_depth_map'"):
        HeightMetric().process({}, [{'gt_depth_map': {'data': torch.ones(1, 1)}}])


@pytest.mark.parametrize('option', [{'protocol': 'nyu'}, {'reduction': 'sum'}])
def test_unknown_options(option):
    with pytest.raises(ConfigError, match=next(iter(option))):
        HeightMetric(**option)
