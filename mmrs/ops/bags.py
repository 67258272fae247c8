"""Weighted sums of feature vectors ("bags"), the one primitive behind every sampling operator here.

A feature map is seen as a table with one row of channels per pixel. Sampling it bilinearly, pooling samples over a bin
and attending to points are all sums of table rows with weights, which ``embedding_bag`` does in one fused pass without
storing the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor

Operator = TypeVar('Operator', bound=Callable[..., Any])


def kernel(function: Operator) -> Operator:
    """Runs an operator as a compiled kernel would: no gradient is recorded and autocast changes no dtype.

    Args:
        function: Operator whose first argument is a tensor.

    Returns:
        The operator with the same signature.
    """

    @wraps(function)
    def run(first: Tensor, *args: Any, **kwargs: Any) -> Any:
        with torch.no_grad(), torch.autocast(first.device.type, enabled=False):
            return function(first, *args, **kwargs)

    return cast(Operator, run)


def working(tensor: Tensor) -> Tensor:
    """Casts half precision to float32, in which sums are accurate; other dtypes stay."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor


def to_table(features: Tensor) -> Tensor:
    """Lays a map out with one row per pixel.

    Args:
        features: (N, C, H, W), any float dtype and memory format.

    Returns:
        (N * H * W, C) in float32 or float64, contiguous.
    """
    return working(features).permute(0, 2, 3, 1).contiguous().view(-1, features.size(1))


def from_table(table: Tensor, out: Tensor) -> None:
    """Writes a table of pixel rows into a map, inverse of :func:`to_table`.

    Args:
        table: (N * H * W, C).
        out: (N, C, H, W), overwritten; its dtype is kept.
    """
    batch, channels, height, width = out.shape
    out.copy_(table.view(batch, height, width, channels).permute(0, 3, 1, 2))


def index_dtype(rows: int) -> torch.dtype:
    """Smallest index type for a table; 32 bit indices make ``embedding_bag`` about three times faster on CPU."""
    return torch.int32 if rows < 2**31 else torch.int64


def bag_sum(table: Tensor, index: Tensor, weight: Tensor, starts: Tensor | None = None) -> Tensor:
    """Sums weighted table rows per bag.

    Args:
        table: (R, C), one row per pixel.
        index: Rows to add, integer: (B, K) for bags of equal size, (E,) otherwise.
        weight: As ``index``, dtype of ``table``.
        starts: First entry of each bag, (B,), dtype of ``index``; needed with a flat ``index``.

    Returns:
        (B, C), differentiable in ``table`` and ``weight``.
    """
    if torch.is_grad_enabled() and (table.requires_grad or weight.requires_grad):
        return _BagSum.apply(table, index, weight, starts)
    return F.embedding_bag(index, table, starts, mode='sum', per_sample_weights=weight)


def bag_scatter(grad: Tensor, index: Tensor, weight: Tensor, rows: int, starts: Tensor | None = None) -> Tensor:
    """Adds each bag's gradient to the rows it was summed from: the transpose of :func:`bag_sum`.

    Entries are sorted by row, which turns the scatter into another sum over bags. It needs no atomic additions, is
    deterministic on every device and, on CPU, twice as fast as the backward of ``embedding_bag``.

    Args:
        grad: (B, C).
        index: (B, K) or (E,), as in the forward pass.
        weight: As ``index``, dtype of ``grad``.
        rows: Rows of the table.
        starts: (B,) with a flat ``index``.

    Returns:
        (rows, C).
    """
    flat = index.reshape(-1)
    row, order = flat.sort(stable=True)
    if starts is None:
        bag = torch.div(order, index.size(-1), rounding_mode='floor')
    else:
        bag = torch.searchsorted(starts, order.to(starts.dtype), right=True) - 1
    row_starts = torch.searchsorted(row, torch.arange(rows, device=row.device, dtype=row.dtype))
    return bag_sum(grad, bag.to(flat.dtype), weight.reshape(-1)[order], row_starts.to(flat.dtype))


class _BagSum(torch.autograd.Function):
    """``embedding_bag`` with the sorted scatter as its backward."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, index: Tensor, weight: Tensor, starts: Tensor | None) -> Tensor:
        ctx.save_for_backward(table, index, weight, starts)
        return F.embedding_bag(index, table, starts, mode='sum', per_sample_weights=weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, None, Tensor | None, None]:
        table, index, weight, starts = ctx.saved_tensors
        grad = grad.contiguous()
        grad_table = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_table = bag_scatter(grad, index, weight, table.size(0), starts)
        if ctx.needs_input_grad[2]:
            # torch has this product, without storing the rows, only as the backward of embedding_bag.
            with torch.enable_grad():
                leaf = weight.detach().requires_grad_()
                summed = F.embedding_bag(index, table.detach(), starts, mode='sum', per_sample_weights=leaf)
            (grad_weight,) = torch.autograd.grad(summed, leaf, grad)
        return grad_table, None, grad_weight, None
