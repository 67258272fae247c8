"""Multi-scale deformable attention: one weighted sum of table rows per query and head, over all levels at once."""

from __future__ import annotations

import torch
from torch import Tensor

from .bags import bag_sum, kernel, working
from .bilinear import zero_padded_corners

#: Points handled at a time. Bounds memory (about 150 bytes a point) on large pyramids.
CHUNK_POINTS = 1 << 21


def _attend(value: Tensor, shapes: Tensor, level_start: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
    """Attention of all given queries, differentiable in value, locations and weights: (N * Q * heads, D)."""
    batch, keys, heads, depth = value.shape
    height, width = (side[:, None].to(torch.int32) for side in shapes.unbind(1))
    x, y = locations.unbind(-1)
    image = torch.arange(batch, device=value.device, dtype=torch.int32).view(-1, 1, 1, 1, 1)
    start = image * keys + level_start.to(torch.int32)[:, None]
    rows, corner_weights = zero_padded_corners(y * height - 0.5, x * width - 0.5, start, (height, width))
    # A key's heads are consecutive rows of the table.
    head = torch.arange(heads, device=value.device, dtype=torch.int32).view(-1, 1, 1, 1)
    index = rows * heads + head
    entries = corner_weights * weights[..., None]
    # (N, Q, heads, L, P, 4) -> (N * Q * heads, L * P * 4)
    return bag_sum(value.reshape(-1, depth), index.flatten(3).flatten(0, 2), entries.flatten(3).flatten(0, 2))


@kernel
def ms_deform_attn_forward(
    value: Tensor,
    value_spatial_shapes: Tensor,
    value_level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    im2col_step: int,
) -> Tensor:
    """Samples every level at points and sums the samples with attention weights.

    Args:
        value: (N, keys, heads, D), the pixels of all levels one after another.
        value_spatial_shapes: Height and width of each level, (L, 2), integer.
        value_level_start_index: First key of each level, (L,), integer.
        sampling_locations: Points as x, y in 0..1 of their level, (N, Q, heads, L, P, 2).
        attention_weights: (N, Q, heads, L, P).
        im2col_step: Images at a time in the compiled kernel; unused.

    Returns:
        (N, Q, heads * D), dtype of ``value``.
    """
    data, points, weights = (working(t) for t in (value, sampling_locations, attention_weights))
    output = data.new_empty(*weights.shape[:3], value.size(-1))
    for part in _parts(attention_weights):
        attended = _attend(data, value_spatial_shapes, value_level_start_index, points[:, part], weights[:, part])
        output[:, part] = attended.view(output[:, part].shape)
    return output.flatten(2).to(value.dtype)


def _parts(weights: Tensor) -> list[slice]:
    """Queries to handle together."""
    batch, queries, heads, levels, points = weights.shape
    step = max(1, CHUNK_POINTS // max(1, batch * heads * levels * points))
    return [slice(first, first + step) for first in range(0, queries, step)]


@kernel
def ms_deform_attn_backward(
    value: Tensor,
    value_spatial_shapes: Tensor,
    value_level_start_index: Tensor,
    sampling_locations: Tensor,
    attention_weights: Tensor,
    grad_output: Tensor,
    grad_value: Tensor,
    grad_sampling_loc: Tensor,
    grad_attn_weight: Tensor,
    im2col_step: int,
) -> None:
    """Gradients of :func:`ms_deform_attn_forward`. The forward pass is repeated: it costs a fraction of the scatter.

    Args:
        value: As in the forward pass, like all inputs.
        value_spatial_shapes: Height and width of each level.
        value_level_start_index: First key of each level.
        sampling_locations: Points.
        attention_weights: Weights of the points.
        grad_output: (N, Q, heads * D).
        grad_value: As ``value``, overwritten, like all gradients.
        grad_sampling_loc: As ``sampling_locations``.
        grad_attn_weight: As ``attention_weights``.
        im2col_step: Unused.
    """
    grad = working(grad_output).unflatten(-1, value.shape[2:])
    levels = value_spatial_shapes, value_level_start_index
    total = torch.zeros_like(working(value))
    for part in _parts(attention_weights):
        leaves = [
            working(t).detach().requires_grad_()
            for t in (value, sampling_locations[:, part], attention_weights[:, part])
        ]
        with torch.enable_grad():
            attended = _attend(leaves[0], *levels, leaves[1], leaves[2])
        grads = torch.autograd.grad(attended, leaves, grad[:, part].reshape(attended.shape))
        total += grads[0]
        grad_sampling_loc[:, part] = grads[1]
        grad_attn_weight[:, part] = grads[2]
    grad_value.copy_(total)
