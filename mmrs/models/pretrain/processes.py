"""Losses over the samples of all training processes: what two processes learn is what one would with both batches.

Data parallelism averages gradients over the processes. A mean over a fixed number of samples needs nothing more; one
over a number that differs, such as masked pixels, needs :func:`mean_count` below the fraction, and one whose terms
couple samples needs :func:`gather`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmengine.dist import all_reduce, is_distributed
from torch import Tensor, distributed

Gather = Callable[[Tensor], tuple[Tensor, int]]


@torch.no_grad()
def mean_count(count: Tensor) -> Tensor:
    """Mean of a number over all processes, without a gradient.

    A sum of one process over this number, averaged over the processes, is the sum of all over the number of all. Every
    process has to come here equally often.

    Args:
        count: Numbers of this process, of any type; one tensor for all numbers that are known at a place.

    Returns:
        float32 of the same shape.
    """
    mean = count.detach().to(torch.float32, copy=True)
    all_reduce(mean, 'mean')
    return mean


def gather(tensor: Tensor) -> tuple[Tensor, int]:
    """Joins the tensors of all processes along the first dimension, with gradients back to each.

    Args:
        tensor: (N, ...), the same N in all processes.

    Returns:
        (N * processes, ...), and the row at which this process's start.
    """
    if not is_distributed():
        return tensor, 0
    from torch.distributed.nn.functional import all_gather

    return torch.cat(all_gather(tensor)), distributed.get_rank() * len(tensor)


def own_share(parameter: Tensor) -> Tensor:
    """What this process holds of a parameter: all of it, unless the model is sharded (FSDP)."""
    share: Tensor = getattr(parameter, '_local_tensor', parameter)
    return share
