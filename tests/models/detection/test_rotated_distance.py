"""Distances of oriented boxes against matrices, loops and mmrotate."""

import numpy as np
import pytest
import torch
from mmrotate.models.losses import GDLoss
from mmrotate.structures.bbox import rbox2qbox
from scipy.spatial.distance import directed_hausdorff

from mmrs.models.detection.kld_loss import GaussianKLDLoss
from mmrs.models.detection.rotated_distance import corners, hausdorff, kullback_leibler, to_unit_range


def boxes(count, dtype=torch.float64):
    low, high = torch.tensor([0.0, 0, 5, 5, -3]), torch.tensor([100.0, 100, 60, 60, 3])
    return (low + (high - low) * torch.rand(count, 5)).to(dtype)


def test_corners_are_those_of_mmrotate():
    given = boxes(9)
    ours, theirs = (part.view(9, 4, 2).sort(1).values for part in (corners(given), rbox2qbox(given)))
    torch.testing.assert_close(ours, theirs)


def test_hausdorff_is_scipys():
    first, second = boxes(4), boxes(3)
    found = hausdorff(first, second)
    for i, a in enumerate(corners(first).numpy()):
        for j, b in enumerate(corners(second).numpy()):
            expected = max(directed_hausdorff(a, b)[0], directed_hausdorff(b, a)[0])
            assert found[i, j].item() == pytest.approx(expected, rel=1e-12)


def gaussian(box):
    x, y, w, h, angle = box.tolist()
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array([x, y]), turn @ np.diag([w**2 / 4, h**2 / 4]) @ turn.T


def test_divergence_is_that_of_the_matrices():
    first, second = boxes(5), boxes(4)
    found = kullback_leibler(first[:, None], second[None])
    for i, p in enumerate(first):
        for j, t in enumerate(second):
            (mean_p, cov_p), (mean_t, cov_t) = gaussian(p), gaussian(t)
            inverse, d = np.linalg.inv(cov_p), mean_p - mean_t
            expected = 0.5 * (d @ inverse @ d + np.trace(inverse @ cov_t)) - 1
            expected += 0.5 * np.log(np.linalg.det(cov_p) / np.linalg.det(cov_t))
            assert found[i, j].item() == pytest.approx(expected, rel=1e-9)


def test_equal_boxes_in_any_writing_are_at_zero():
    box = torch.tensor([10.0, 20, 30, 8, 0.4])
    same = torch.tensor([10.0, 20, 8, 30, 0.4 - torch.pi / 2])
    assert kullback_leibler(box, same).item() == pytest.approx(0, abs=1e-6)
    assert hausdorff(box[None], same[None]).item() == pytest.approx(0, abs=1e-5)
    assert to_unit_range(torch.tensor([-1e-7, 0.0, 1e30])).tolist() == pytest.approx([0, 0, 1], abs=0.02)


def test_loss_is_mmrotates_with_its_gradient():
    pred, target, weight = boxes(6), boxes(6), torch.tensor([1.0, 1, 0, 1, 0, 1])[:, None].expand(6, 5).double()
    ours, theirs = (pred.clone().requires_grad_() for _ in range(2))
    loss = GaussianKLDLoss(loss_weight=5)(ours, target, weight, avg_factor=3.0)
    reference = GDLoss('kld', fun='log1p', tau=1, sqrt=False, loss_weight=5)(theirs, target, weight, avg_factor=3.0)
    torch.testing.assert_close(loss, reference)
    torch.testing.assert_close(*torch.autograd.grad(loss, ours), *torch.autograd.grad(reference, theirs))


def test_thin_boxes_stay_finite_where_matrices_do_not():
    pred = torch.tensor([[400.0, 400, 900, 0.02, 0.7]])
    target = torch.tensor([[402.0, 400, 880, 0.03, 0.71]])
    exact = kullback_leibler(pred.double(), target.double()).item()
    assert kullback_leibler(pred, target).item() == pytest.approx(exact, rel=1e-3)
    matrices = GDLoss('kld', fun='none', tau=0, sqrt=False)(pred, target).item()
    assert not matrices == pytest.approx(exact, rel=0.1)


def test_nothing_to_count_is_zero_with_a_gradient():
    pred = boxes(2).requires_grad_()
    loss = GaussianKLDLoss()(pred, torch.zeros(2, 5), torch.zeros(2, 5), avg_factor=1.0)
    assert loss.item() == 0 and (torch.autograd.grad(loss, pred)[0] == 0).all()
