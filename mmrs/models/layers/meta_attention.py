"""Meta-Modality Attention of MaRS: attention inside each modality, then across all (DOI 10.1609/aaai.v40i14.38153)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from timm.layers import DropPath, Mlp
from torch import Tensor, nn

from mmrs.errors import ConfigError

Residual = Literal['release', 'paper']
BLOCKS = ('modality', 'global')


class MetaAttentionBlock(nn.ModuleList):
    """One attention and one feed-forward layer, under the numbered names of the release.

    ``'release'``: ``x + drop(mlp(attn(norm(x))))``, one residual around both layers. ``'paper'``: the usual pre-norm
    block with a residual and a norm for each. No attention matrix is kept in either.

    Args:
        dim: Width of the tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward layer over ``dim``.
        drop: Dropout rate in the feed-forward layer, and probability to drop the branch.
        residual: ``'release'`` or ``'paper'``.
    """

    def __init__(self, dim: int, num_heads: int, mlp_ratio: float, drop: float, residual: Residual) -> None:
        layers: list[nn.Module] = [
            nn.LayerNorm(dim),
            nn.MultiheadAttention(dim, num_heads, batch_first=True),
            DropPath(drop) if drop else nn.Identity(),
            Mlp(dim, int(dim * mlp_ratio), drop=drop),
        ]
        if residual == 'paper':
            layers.append(nn.LayerNorm(dim))
        super().__init__(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (B, N, C) to (B, N, C)."""
        norm, attention, drop, mlp, *second = self
        normed = norm(x)
        attended = attention(normed, normed, normed, need_weights=False)[0]
        if not second:
            return x + drop(mlp(attended))
        x = x + drop(attended)
        return x + drop(mlp(second[0](x)))


class MetaModalityAttention(nn.Module):
    """Layers of a block inside every modality (shared weights) and a block over the tokens of all modalities.

    Nothing depends on the number of modalities or tokens; there is no position and no modality embedding.

    Args:
        dim: Width of the tokens of every modality.
        num_layers: Number of layers, each with one block of either kind.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward layers over ``dim``.
        drop: Dropout rate, also of whole branches.
        order: Order of the two kinds in a layer, or one kind alone.
        residual: See :class:`MetaAttentionBlock`.

    Raises:
        ConfigError: The order or the residual is unknown, or the heads do not divide the width.
    """

    def __init__(
        self,
        dim: int,
        num_layers: int = 2,
        num_heads: int = 8,
        mlp_ratio: float = 4.0,
        drop: float = 0.0,
        order: Sequence[str] = BLOCKS,
        residual: Residual = 'release',
    ) -> None:
        super().__init__()
        if not order or len(set(order)) != len(order) or set(order) - set(BLOCKS):
            raise ConfigError('order', f'{tuple(order)}', f'some of {BLOCKS}, each once', 'Correct the names.')
        if residual not in ('release', 'paper'):
            raise ConfigError('residual', repr(residual), "'release' or 'paper'", 'Correct the name.')
        if dim % num_heads:
            raise ConfigError('num_heads', f'{num_heads}', f'a divisor of {dim}', 'Change either.')
        self.dim, self.num_layers, self.order = dim, num_layers, tuple(order)
        for kind in self.order:
            blocks = [MetaAttentionBlock(dim, num_heads, mlp_ratio, drop, residual) for _ in range(num_layers)]
            self.add_module(f'{kind}_blocks', nn.ModuleList(blocks))

    def forward(self, tokens: Sequence[Tensor]) -> list[Tensor]:
        """Maps tokens (B, N_m, C) of each modality, one or more, to the same shapes."""
        return self.forward_layers(tokens)[0]

    def forward_maps(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """As :meth:`forward` for feature maps (B, C, H_m, W_m) of each modality.

        Raises:
            ConfigError: There are none, or one has another width.
        """
        found = sorted({feature.shape[1] for feature in maps})
        if found != [self.dim]:
            fix = 'Set the width of the neck to that of the maps of every modality.'
            raise ConfigError('maps', f'widths {found}' if found else 'no map', f'maps of width {self.dim}', fix)
        tokens = self([feature.flatten(2).transpose(1, 2) for feature in maps])
        return [
            part.transpose(1, 2).reshape(feature.shape).contiguous() for part, feature in zip(tokens, maps, strict=True)
        ]

    def forward_layers(self, tokens: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """As :meth:`forward`, and what each layer computed.

        Returns:
            Tokens of each modality, and for every layer the output of both kinds of block, (B, all tokens, 2 C), the
            modality block's first. No layers are given where the order has one kind only.
        """
        lengths = [part.shape[1] for part in tokens]
        joined, layers = torch.cat(list(tokens), dim=1), []
        for index in range(self.num_layers):
            found = {}
            for kind in self.order:
                block = self.get_submodule(f'{kind}_blocks.{index}')
                found[kind] = joined = block(joined) if kind == 'global' else _apart(block, joined, lengths)
            if len(found) == len(BLOCKS):
                layers.append(torch.cat([found[kind] for kind in BLOCKS], dim=-1))
        return list(joined.split(lengths, dim=1)), layers


def _apart(block: nn.Module, joined: Tensor, lengths: Sequence[int]) -> Tensor:
    """Runs a block on the tokens of each modality alone; at equal lengths as one batch."""
    if len(set(lengths)) == 1:
        parts = joined.unflatten(1, (len(lengths), lengths[0])).flatten(0, 1)
        return block(parts).unflatten(0, (-1, len(lengths))).flatten(1, 2)
    return torch.cat([block(part) for part in joined.split(list(lengths), dim=1)], dim=1)
