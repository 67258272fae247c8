"""Dice of the foreground: against its definition, and in the direction that learns change."""

import pytest
import torch

from mmrs.models.change import ForegroundDiceLoss


def test_definition_without_ignored_pixels():
    logits, target = torch.randn(2, 1, 6, 5), torch.randint(0, 2, (2, 6, 5))
    target[:, 0] = 255
    found = ForegroundDiceLoss()(logits, target, ignore_index=255)
    score, true = logits[:, 0, 1:].sigmoid().flatten(1), target[:, 1:].float().flatten(1)
    dice = 2 * (score * true).sum(1) / ((score**2).sum(1) + (true**2).sum(1) + 1e-3 * 2)
    assert float(found) == pytest.approx(float(1 - dice.mean()), abs=1e-6)


def test_finding_what_changed_costs_less_than_the_opposite():
    target = torch.tensor([[[1, 1, 0, 0, 255]]])
    right, wrong = torch.tensor([[[[9.0, 9, -9, -9, 9]]]]), torch.tensor([[[[-9.0, -9, 9, 9, -9]]]])
    loss = ForegroundDiceLoss(loss_weight=0.5)
    assert loss.loss_name == 'loss_dice'
    assert float(loss(right, target)) < 0.01 < 0.45 < float(loss(wrong, target))
