"""How good frozen features are: nearest neighbours, a linear classifier, and their effective rank."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 4096
# Above this many rows the spectrum hardly changes, and its cost grows with the square.
RANK_ROWS = 4096


def knn_predict(
    train: Tensor, labels: Tensor, queries: Tensor, neighbours: int = 20, temperature: float = 0.07
) -> Tensor:
    """Classes by a vote of the nearest training features, as in the protocol of DINO (arXiv:2104.14294, appendix).

    Args:
        train: (N, C) features.
        labels: (N,) class indices.
        queries: (M, C) features.
        neighbours: Votes a query; less where there are fewer training features.
        temperature: A neighbour at cosine ``s`` weighs ``exp(s / temperature)``.

    Returns:
        (M,) class indices.
    """
    train = functional.normalize(train.float(), dim=1)
    votes = functional.one_hot(labels).float()
    found = []
    for part in functional.normalize(queries.float(), dim=1).split(CHUNK):
        cosine, index = (part @ train.T).topk(min(neighbours, len(train)), dim=1)
        weight = torch.exp((cosine - 1) / temperature)
        found.append((votes[index] * weight.unsqueeze(-1)).sum(1).argmax(1))
    return torch.cat(found)


def linear_predict(
    train: Tensor, labels: Tensor, queries: Tensor, penalty: float = 1e-3, iterations: int = 100
) -> Tensor:
    """Classes by a logistic regression on standardised features: convex, so it starts from zero and draws nothing.

    Args:
        train: (N, C) features.
        labels: (N,) class indices.
        queries: (M, C) features.
        penalty: Of the squared weights, beside the mean loss of a sample.
        iterations: Of L-BFGS, at most.

    Returns:
        (M,) class indices.
    """
    train = train.float()
    mean, deviation = train.mean(0), train.std(0, correction=0).clamp_min(1e-6)
    train = (train - mean) / deviation
    weight = train.new_zeros(int(labels.max()) + 1, train.shape[1], requires_grad=True)
    bias = train.new_zeros(len(weight), requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=iterations, line_search_fn='strong_wolfe')

    def closure() -> Tensor:
        solver.zero_grad()
        loss = functional.cross_entropy(functional.linear(train, weight, bias), labels)
        loss = loss + penalty * weight.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        solver.step(closure)
    with torch.no_grad():
        parts = ((queries.float() - mean) / deviation).split(CHUNK)
        return torch.cat([functional.linear(part, weight, bias).argmax(1) for part in parts])


def effective_rank(features: Tensor) -> float:
    """RankMe (arXiv:2210.02885): the exponential of the entropy of the normalised singular values.

    Args:
        features: (N, C); of more than 4,096 rows, evenly spaced ones are taken.

    Returns:
        From 1 (all features are multiples of one: a collapse) to the smaller of N and C.
    """
    rows = features[:: -(-len(features) // RANK_ROWS)].double()
    values = torch.linalg.svdvals(rows)
    shares = values / values.sum().clamp_min(1e-12)
    return float(torch.exp(-(shares * shares.clamp_min(1e-12).log()).sum()))
