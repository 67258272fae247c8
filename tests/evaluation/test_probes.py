"""Classifiers and rank of frozen features, on features whose answers are known."""

import pytest
import torch

from mmrs.evaluation.probes import effective_rank, knn_predict, linear_predict


def clouds(spread, count=60):
    """Three clouds around unit vectors of eight dimensions, and their labels."""
    torch.manual_seed(0)
    labels = torch.arange(count) % 3
    return torch.eye(8)[labels] + spread * torch.randn(count, 8), labels


@pytest.mark.parametrize('predict', [knn_predict, linear_predict])
def test_clouds_apart_are_told_apart_and_noise_is_not(predict):
    values, labels = clouds(0.1)
    assert torch.equal(predict(values[:30], labels[:30], values[30:]), labels[30:])
    noise = torch.randn(600, 8)
    found = predict(noise[:300], torch.arange(300) % 3, noise[300:])
    assert (found == torch.arange(300) % 3).float().mean() < 0.45


def test_neighbours_vote_by_their_likeness():
    train, labels = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), torch.tensor([1, 0, 0])
    query = torch.tensor([[5.0, 0.1]])  # its length does not count
    assert knn_predict(train, labels, query, neighbours=3).tolist() == [1]
    assert knn_predict(train, labels, query, neighbours=3, temperature=1e6).tolist() == [0]  # then it is the majority


def test_linear_classifier_does_not_mind_scales_and_offsets():
    values, labels = clouds(0.1)
    values = values * torch.tensor([1e-3, 1e3, 1.0, 1, 1, 1, 1, 1]) + 50
    values[:, 7] = 3.0  # constant
    assert torch.equal(linear_predict(values[:30], labels[:30], values[30:]), labels[30:])


def test_effective_rank():
    assert effective_rank(torch.eye(5).repeat(4, 1)) == pytest.approx(5)
    assert effective_rank(torch.ones(20, 5)) == pytest.approx(1, abs=1e-4)
    assert effective_rank(torch.diag(torch.tensor([2.0, 1.0, 1.0]))) == pytest.approx(2 * 2**0.5)
    assert effective_rank(torch.eye(5).repeat(2000, 1)) == pytest.approx(5, abs=1e-3)
