"""RHINO's head: shapes, losses and targets against plain computations, predictions."""

import math

import pytest
import torch
from mmdet.models.losses import FocalLoss
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from scipy.optimize import linear_sum_assignment
from tiny_rhino import COSTS, annotations, head

from mmrs.models.detection.rotated_distance import hausdorff, kullback_leibler, to_unit_range
from mmrs.registry import MODELS

SIZE = torch.tensor([64.0, 48, 64, 48, math.pi])
META = dict(img_shape=(48, 64), scale_factor=(2.0, 2.0))


def build(**options):
    train_cfg = dict(assigner=dict(type='mmdet.HungarianAssigner', match_costs=COSTS))
    test_cfg = ConfigDict(max_per_img=500)
    model = MODELS.build(head(num_pred_layer=3, as_two_stage=True, train_cfg=train_cfg, test_cfg=test_cfg) | options)
    model.init_weights()
    return model


def test_refines_five_numbers_in_logit_space():
    model = build()
    for branch in model.reg_branches:
        assert branch[-1].out_features == 5 and (branch[-1].weight == 0).all()
    assert len({id(branch) for branch in model.reg_branches}) == 3
    references = [torch.rand(1, 4, 5) * 0.8 + 0.1 for _ in range(3)]
    torch.nn.init.normal_(model.reg_branches[1][-1].weight)
    states = torch.randn(2, 1, 4, 16)
    scores, boxes = model(states, references)
    assert scores.shape == (2, 1, 4, 3)
    torch.testing.assert_close(boxes[0], references[0])
    expected = (model.reg_branches[1](states[1]) + torch.logit(references[1])).sigmoid()
    torch.testing.assert_close(boxes[1], expected)


def cost(scores, boxes, truth):
    """The summed matching cost, from the formulas."""
    p = scores.sigmoid()
    focal = -0.25 * (1 - p) ** 2 * p.log() + 0.75 * p**2 * (1 - p).log()
    relative = torch.tensor([64.0, 48, 64, 48, 1])
    total = 2 * focal[:, truth.labels] + 5 * hausdorff(boxes / relative, truth.bboxes / relative)
    return total + 5 * to_unit_range(kullback_leibler(boxes[:, None], truth.bboxes[None]))


def losses_of(scores, boxes, labels, targets, positive, factors):
    focal = FocalLoss(reduction='sum')(scores, labels) / max(factors[0], 1)
    l1 = 5 * (boxes[positive] / SIZE - targets / SIZE).abs().sum() / factors[1]
    kld = 5 * to_unit_range(kullback_leibler(boxes[positive], targets)).sum() / factors[1]
    return focal, l1, kld


def test_matching_losses_are_those_of_the_formulas():
    model, truth = build(), annotations()
    scores, relative = torch.randn(9, 3), torch.rand(9, 5)
    boxes = relative * SIZE
    rows, columns = linear_sum_assignment(cost(scores, boxes, truth))
    labels = torch.full((9,), 3)
    labels[rows] = truth.labels[columns]
    expected = losses_of(scores, boxes, labels, truth.bboxes[columns], rows, (3, 3))
    found = model.loss_by_feat_single(scores[None], relative[None], [truth], [META])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def denoising_case(adaptive):
    """Two groups of 2 x 3 queries: positive ones near their annotation, but one that sits on its neighbour."""
    truth = annotations()
    noisy = (truth.bboxes / SIZE).repeat(4, 1)
    noisy[3] = noisy[1]  # first of the second group
    noisy_scores, scores, relative = torch.randn(12, 3), torch.randn(5, 3), torch.rand(5, 5)
    relative[0], scores[0] = truth.bboxes[0] / SIZE, 9.0  # a matching query that does better
    order = torch.cat([torch.arange(3), torch.arange(6, 9)])
    positive = noisy[[0, 1, 2, 3, 1, 2]]
    batch = torch.zeros(12, 5)
    batch[order], batch[order + 3] = positive, torch.rand(6, 5)
    model = build(adaptive_denoising=adaptive)
    found = model._denoising_losses(
        noisy_scores[None], batch[None], scores[None], relative[None],
        dict(num_denoising_groups=2, num_denoising_queries=12), [truth], [META],
    )  # fmt: skip
    return truth, batch, noisy_scores, scores, relative, order, found


def test_adaptive_denoising_moves_the_class_not_the_box():
    truth, boxes, noisy_scores, scores, relative, order, found = denoising_case(True)
    labels, kept = torch.full((12,), 3), 0
    for group in order.view(2, 3):
        both = torch.cat([noisy_scores[group], scores]), torch.cat([boxes[group], relative]) * SIZE
        for row, column in zip(*linear_sum_assignment(cost(*both, truth)), strict=True):
            if row == column:
                labels[group[row]] = truth.labels[column]
                kept += 1
    assert 0 < kept < 6
    expected = losses_of(noisy_scores, boxes * SIZE, labels, truth.bboxes.repeat(2, 1), order, (kept, 6))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_without_it_every_positive_query_has_its_class():
    truth, boxes, noisy_scores, _, _, order, found = denoising_case(False)
    labels = torch.full((12,), 3)
    labels[order] = truth.labels.repeat(2)
    expected = losses_of(noisy_scores, boxes * SIZE, labels, truth.bboxes.repeat(2, 1), order, (6, 6))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_predictions_are_the_best_of_all_queries_and_classes_within_the_image():
    scores = torch.tensor([[3.0, -9, -9], [2, 4, -9]])
    boxes = torch.tensor([[0.5, 0.5, 0.25, 0.5, 0.75], [1.0, 0.0, 1.0, 0.1, 0.0]])
    model = build()
    found = model.predict_by_feat(scores[None, None], boxes[None, None], [META], rescale=True)[0]
    assert isinstance(found, InstanceData) and len(found) == 6
    assert found.labels[:3].tolist() == [1, 0, 0]
    assert found.scores[:3].tolist() == pytest.approx(torch.tensor([4.0, 3, 2]).sigmoid().tolist())
    # Half the size in the file; the angle has no size.
    assert found.bboxes[1].tolist() == pytest.approx([16, 12, 8, 12, 0.75 * math.pi])
    assert found.bboxes[0].tolist() == pytest.approx([32, 0, 32, 2.4, 0])
    model.test_cfg.max_per_img = 2
    assert len(model.predict_by_feat(scores[None, None], boxes[None, None], [META])[0]) == 2
