"""Steps of mmcv's synchronised batch normalisation; mmcv reduces over the processes between them."""

from __future__ import annotations

from torch import Tensor

from .bags import kernel


@kernel
def sync_bn_forward_mean(input: Tensor, mean: Tensor) -> None:
    """Mean per channel.

    Args:
        input: (N, C, L).
        mean: (C,), float32, written.
    """
    mean.copy_(input.float().mean((0, 2)))


@kernel
def sync_bn_forward_var(input: Tensor, mean: Tensor, var: Tensor) -> None:
    """Mean square distance from a given mean per channel.

    Args:
        input: (N, C, L).
        mean: (C,).
        var: (C,), float32, written.
    """
    var.copy_((input.float() - mean[:, None]).square().mean((0, 2)))


@kernel
def sync_bn_forward_output(
    input: Tensor,
    mean: Tensor,
    var: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    norm: Tensor,
    std: Tensor,
    output: Tensor,
    eps: float,
    momentum: Tensor | float,
    group_size: int,
) -> None:
    """Normalises, and moves the running statistics.

    Args:
        input: (N, C, L).
        mean: (C,).
        var: (C,), biased.
        weight: (C,).
        bias: (C,).
        running_mean: (C,), updated.
        running_var: (C,), updated with the unbiased variance.
        norm: (N, C, L), float32, written with the normalised input.
        std: (C,), float32, written with the standard deviation.
        output: (N, C, L), written.
        eps: Added to the variance.
        momentum: Share of the new statistics.
        group_size: Processes that share the statistics.
    """
    std.copy_((var + eps).sqrt())
    norm.copy_((input.float() - mean[:, None]) / std[:, None])
    output.copy_(norm * weight.float()[:, None] + bias.float()[:, None])
    count = input.size(0) * input.size(2) * group_size
    unbiased = var * (count / (count - 1)) if count > 1 else var
    for running, new in ((running_mean, mean), (running_var, unbiased)):
        running.copy_(momentum * new + (1 - momentum) * running)


@kernel
def sync_bn_backward_param(grad_output: Tensor, norm: Tensor, grad_weight: Tensor, grad_bias: Tensor) -> None:
    """Gradients of weight and bias on this process.

    Args:
        grad_output: (N, C, L).
        norm: As the forward pass wrote it.
        grad_weight: (C,), written.
        grad_bias: (C,), written.
    """
    grad_weight.copy_((grad_output.float() * norm).sum((0, 2)))
    grad_bias.copy_(grad_output.float().sum((0, 2)))


@kernel
def sync_bn_backward_data(
    grad_output: Tensor,
    weight: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    norm: Tensor,
    std: Tensor,
    grad_input: Tensor,
) -> None:
    """Gradient of the input.

    Args:
        grad_output: (N, C, L).
        weight: (C,).
        grad_weight: (C,), mean over the processes, like ``grad_bias``.
        grad_bias: (C,).
        norm: As the forward pass wrote it.
        std: As the forward pass wrote it.
        grad_input: (N, C, L), written.
    """
    count = norm.size(0) * norm.size(2)
    shared = (grad_weight[:, None] * norm + grad_bias[:, None]) / count
    grad_input.copy_((weight.float() / std)[:, None] * (grad_output.float() - shared))
