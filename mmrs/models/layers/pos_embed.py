"""Resizing of learned position embeddings."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from mmrs.errors import ConfigError

PosEmbedMode = Literal['size', 'dinov2', 'antialias', 'bilinear']
POS_EMBED_MODES = ('size', 'dinov2', 'antialias', 'bilinear')


def resize_pos_embed(
    pos_embed: Tensor,
    num_prefix_tokens: int,
    old_grid: tuple[int, int],
    new_grid: tuple[int, int],
    mode: PosEmbedMode = 'size',
) -> Tensor:
    """Resamples the grid part of a position embedding, in float32; prefix slots stay as they are.

    All modes but ``'bilinear'`` are bicubic, and they do not give the same numbers: use the one that a
    checkpoint was evaluated with.

    Args:
        pos_embed: (1, num_prefix_tokens + rows * columns, C).
        num_prefix_tokens: Leading slots that belong to no patch (class token).
        old_grid: Rows and columns of ``pos_embed``.
        new_grid: Rows and columns wanted.
        mode: ``'size'`` names the output size (mmpretrain, CGEarthEye). ``'dinov2'`` passes the scale
            ``(new + 0.1) / old`` instead (DINOv2 hub models), which samples at slightly other places.
            ``'antialias'`` is ``'size'`` with a low-pass filter (DINOv2 register models, timm). ``'bilinear'`` is
            ``'size'`` with linear weights (SkySense++ fine-tuning, mmsegmentation).

    Returns:
        (1, num_prefix_tokens + new rows * new columns, C) in the dtype of ``pos_embed``.

    Raises:
        ConfigError: The mode is unknown, or ``pos_embed`` does not have ``old_grid``.
    """
    if mode not in POS_EMBED_MODES:
        raise ConfigError('pos_embed_mode', repr(mode), f'one of {POS_EMBED_MODES}', 'Correct the name.')
    rows, columns = old_grid
    if pos_embed.shape[1] != num_prefix_tokens + rows * columns:
        raise ConfigError(
            'pos_embed',
            f'{pos_embed.shape[1]} positions',
            f'{rows} x {columns} + {num_prefix_tokens}',
            'Check img_size, patch_size and the class token of the model against the weights.',
        )
    if old_grid == new_grid:
        return pos_embed
    how: dict[str, Any] = {'size': new_grid, 'antialias': mode == 'antialias'}
    if mode == 'dinov2':
        how = {'scale_factor': ((new_grid[0] + 0.1) / rows, (new_grid[1] + 0.1) / columns)}
    prefix, grid = pos_embed[:, :num_prefix_tokens], pos_embed[:, num_prefix_tokens:]
    grid = grid.transpose(1, 2).unflatten(2, old_grid).float()
    weights = 'bilinear' if mode == 'bilinear' else 'bicubic'
    grid = functional.interpolate(grid, mode=weights, align_corners=False, **how)
    return torch.cat([prefix, grid.flatten(2).transpose(1, 2).to(prefix.dtype)], dim=1)
