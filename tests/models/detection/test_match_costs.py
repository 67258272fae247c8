"""Matching costs and denoising matches against independent reference values."""

import pytest
import torch
from mmengine.structures import InstanceData
from reference import read
from scipy.optimize import linear_sum_assignment

from mmrs.models.detection.denoising_match import kept_positives
from mmrs.registry import TASK_UTILS

META = dict(img_shape=(784, 784))
COSTS = {
    'focal': dict(type='mmdet.FocalLossCost', weight=2.0),
    'hausdorff': dict(type='mmrs.HausdorffCost', weight=5.0),
    'kld': dict(type='mmrs.GaussianKLDCost', weight=5.0),
}


@pytest.fixture
def given(fixtures_dir):
    return read(fixtures_dir / 'cgeartheye' / 'rhino_costs.npz').other


@pytest.fixture
def costs():
    return {name: TASK_UTILS.build(dict(cost)) for name, cost in COSTS.items()}


def test_costs_equal_the_reference(given, costs):
    found = InstanceData(scores=given['logits'], bboxes=given['pred'])
    truth = InstanceData(labels=given['labels'], bboxes=given['gt'])
    total = torch.zeros_like(given['cost_total'])
    for name, cost in costs.items():
        value = cost(found, truth, META)
        torch.testing.assert_close(value, given[f'cost_{name}'], atol=1e-8, rtol=0)
        total += value
    torch.testing.assert_close(total, given['cost_total'], atol=1e-8, rtol=0)
    rows, columns = linear_sum_assignment(total)
    assert rows.tolist() == given['match_rows'].tolist() and columns.tolist() == given['match_cols'].tolist()


def test_denoising_queries_keep_the_class_that_the_reference_keeps(given, costs):
    noisy = InstanceData(scores=given['dn_logits'], bboxes=given['dn_boxes'])
    matching = InstanceData(scores=given['logits'], bboxes=given['pred'])
    truth = InstanceData(labels=given['labels'], bboxes=given['gt'])
    kept = kept_positives(list(costs.values()), noisy, matching, truth, META, int(given['dn_groups']))
    assert kept.flatten().tolist() == given['dn_keep'].tolist()
    assert 0 < kept.sum() < kept.numel()


def test_sides_of_the_image_scale_the_hausdorff_cost_but_not_the_angle(costs):
    box = InstanceData(bboxes=torch.tensor([[100.0, 50, 40, 20, 0.0]]))
    moved = InstanceData(bboxes=torch.tensor([[120.0, 50, 40, 20, 0.0]]))
    turned = InstanceData(bboxes=torch.tensor([[100.0, 50, 40, 20, torch.pi / 2]]))
    meta = dict(img_shape=(100, 200))
    assert costs['hausdorff'](moved, box, meta).item() == pytest.approx(5 * 20 / 200)
    # 40 x 20 px become a square of 0.2: turned by a right angle it is the same box.
    assert costs['hausdorff'](turned, box, meta).item() == pytest.approx(0, abs=1e-6)
