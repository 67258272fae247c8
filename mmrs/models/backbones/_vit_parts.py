"""Small pure functions behind the plain vision transformer."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.layers import PosEmbedMode, resize_pos_embed


def pair(size: int | Sequence[int]) -> tuple[int, int]:
    """Returns height and width from one number for both or from two."""
    height, width = (size, size) if isinstance(size, int) else size
    return height, width


def resolve_indices(indices: int | Sequence[int], depth: int) -> tuple[int, ...]:
    """Returns ascending, non-negative block indices.

    Raises:
        ConfigError: There are none, one is out of range, or they do not ascend.
    """
    given = (indices,) if isinstance(indices, int) else tuple(indices)
    resolved = tuple(index + depth if index < 0 else index for index in given)
    if not resolved or min(resolved) < 0 or max(resolved) >= depth or list(resolved) != sorted(set(resolved)):
        expected = f'ascending indices from 0 to {depth - 1} (or from -{depth} to -1)'
        raise ConfigError('out_indices', f'{given}', expected, 'Name blocks that this size has.')
    return resolved


def drop_path_rates(rate: float, depth: int, rule: str) -> list[float]:
    """Returns the stochastic depth rate of every block.

    Raises:
        ConfigError: The rate is not in [0, 1), or the rule is unknown.
    """
    if not 0 <= rate < 1:
        raise ConfigError('drop_path_rate', f'{rate}', 'at least 0 and less than 1', 'Correct the rate.')
    if rule not in ('linear', 'uniform'):
        raise ConfigError('drop_path_rule', repr(rule), "'linear' or 'uniform'", 'Correct the name.')
    if rule == 'uniform':
        return [rate] * depth
    return [rate * index / max(depth - 1, 1) for index in range(depth)]


def fit_pos_embed(
    pos_embed: Tensor, embed_dims: int, grid: tuple[int, int], with_cls_token: bool, mode: PosEmbedMode
) -> Tensor:
    """Fits the position embedding of a checkpoint, made for square images, to another model.

    A class-token slot is dropped where the model has no class token, and is zero where only the model has one.

    Args:
        pos_embed: (1, [1 +] n * n, embed_dims). The two cases cannot be confused: no square follows another.
        embed_dims: Width that the model has.
        grid: Rows and columns that the model has.
        with_cls_token: Whether the model has a class token.
        mode: See :func:`mmrs.models.layers.resize_pos_embed`.

    Returns:
        (1, [1 +] rows * columns, embed_dims).

    Raises:
        ConfigError: The positions form no square grid, or have another width.
    """
    number, width = pos_embed.shape[-2:]
    slots = 0 if math.isqrt(number) ** 2 == number else 1
    side = math.isqrt(number - slots)
    if pos_embed.ndim != 3 or side * side + slots != number or width != embed_dims:
        raise ConfigError(
            'pos_embed',
            f'shape {tuple(pos_embed.shape)}',
            f'(1, n * n or n * n + 1, {embed_dims})',
            'Choose the size of the backbone that the weights were trained with.',
        )
    if with_cls_token and not slots:
        pos_embed = torch.cat([torch.zeros_like(pos_embed[:, :1]), pos_embed], dim=1)
    elif slots and not with_cls_token:
        pos_embed = pos_embed[:, 1:]
    return resize_pos_embed(pos_embed, int(with_cls_token), (side, side), grid, mode)
