"""Focal losses in closed form, with the conventions of mmcv's CUDA kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import kernel, working


def _log(probability: Tensor) -> Tensor:
    # The kernels clamp to the smallest normal float32, in every precision.
    return probability.clamp(min=torch.finfo(torch.float32).tiny).log()


def _class_weight(target: Tensor, weight: Tensor, classes: int) -> Tensor | None:
    """Weight of each row's target class, (N, ); background rows weigh 1 (the kernel reads past the end there)."""
    if weight.numel() == 0:
        return None
    known = (target >= 0) & (target < classes)
    return torch.where(known, working(weight)[target.clamp(0, classes - 1)], 1)


def _weigh(values: Tensor, row_weight: Tensor | None) -> Tensor:
    if row_weight is None:
        return values
    return values * row_weight.view(-1, *[1] * (values.dim() - 1))


def _one_hot(target: Tensor, classes: int) -> Tensor:
    return target[:, None] == torch.arange(classes, device=target.device)


@kernel
def sigmoid_focal_loss_forward(
    input: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Focal loss of independent sigmoids.

    Args:
        input: Logits, (N, C).
        target: Class of each row, (N,), int64; C is background, a negative for every class.
        weight: Weight of each class, (C,), or empty; a row is weighted by its target's.
        output: (N, C), written.
        gamma: Focusing exponent.
        alpha: Weight of positives; negatives get ``1 - alpha``.
    """
    p = working(input).sigmoid()
    positive = -alpha * (1 - p).pow(gamma) * _log(p)
    negative = -(1 - alpha) * p.pow(gamma) * _log(1 - p)
    loss = torch.where(_one_hot(target, p.size(1)), positive, negative)
    output.copy_(_weigh(loss, _class_weight(target, weight, p.size(1))))


@kernel
def sigmoid_focal_loss_backward(
    input: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, gamma: float, alpha: float
) -> None:
    """Derivative of :func:`sigmoid_focal_loss_forward` by its logits.

    Args:
        input: As in the forward pass, like the options.
        target: Class of each row.
        weight: Weight of each class or empty.
        grad_input: (N, C), overwritten.
        gamma: Focusing exponent.
        alpha: Weight of positives.
    """
    p = working(input).sigmoid()
    positive = -alpha * (1 - p).pow(gamma) * (1 - p - gamma * p * _log(p))
    negative = -(1 - alpha) * p.pow(gamma) * (gamma * (1 - p) * _log(1 - p) - p)
    slope = torch.where(_one_hot(target, p.size(1)), positive, negative)
    grad_input.copy_(_weigh(slope, _class_weight(target, weight, p.size(1))))


def _target_probability(softmax: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Probability of each row's target and whether the row has one, (N,) each."""
    p = working(softmax)
    known = (target >= 0) & (target < p.size(1))
    return p.gather(1, target.clamp(0, p.size(1) - 1)[:, None])[:, 0], known


@kernel
def softmax_focal_loss_forward(
    softmax: Tensor, target: Tensor, weight: Tensor, output: Tensor, gamma: float, alpha: float
) -> None:
    """Focal loss of a softmax; ``alpha`` scales every class, as in mmcv.

    Args:
        softmax: Probabilities (mmcv applies the softmax), (N, C).
        target: Class of each row, (N,), int64; rows with none of the C classes have no loss.
        weight: Weight of each class, (C,), or empty.
        output: (N,), written.
        gamma: Focusing exponent.
        alpha: Scale.
    """
    p, known = _target_probability(softmax, target)
    loss = _weigh(-alpha * (1 - p).pow(gamma) * _log(p), _class_weight(target, weight, softmax.size(1)))
    output.copy_(loss.masked_fill(~known, 0))


@kernel
def softmax_focal_loss_backward(
    softmax: Tensor,
    target: Tensor,
    weight: Tensor,
    buff: Tensor,
    grad_input: Tensor,
    gamma: float,
    alpha: float,
) -> None:
    """Derivative of :func:`softmax_focal_loss_forward` by the logits before the softmax.

    Args:
        softmax: As in the forward pass, like the options.
        target: Class of each row.
        weight: Weight of each class or empty.
        buff: (N,), overwritten with the factor that a row's classes share.
        grad_input: (N, C), overwritten.
        gamma: Focusing exponent.
        alpha: Scale.
    """
    p, known = _target_probability(softmax, target)
    factor = alpha * (gamma * (1 - p).pow(gamma - 1) * p * _log(p) - (1 - p).pow(gamma))
    factor = _weigh(factor, _class_weight(target, weight, softmax.size(1))).masked_fill(~known, 0)
    buff.copy_(factor)
    grad_input.copy_(factor[:, None] * (_one_hot(target, softmax.size(1)).to(factor.dtype) - working(softmax)))
