"""The pre-norm transformer block that every plain ViT of mmrs is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from timm.layers import Attention, DropPath, LayerScale, Mlp
from torch import Tensor, nn
from torch.nn import functional

from mmrs.models.layers.mlp import SwiGLU

DropPathBranches = Literal['both', 'attention', 'ffn']


class ViTBlock(nn.Module):
    """``x += ls1(attn(norm1(x)))``, then ``x += ls2(mlp(norm2(x)))``.

    Attention runs through ``scaled_dot_product_attention``. Parameter names are those of DINOv2 and timm.

    Args:
        dim: Width of the tokens.
        num_heads: Number of attention heads.
        mlp_ratio: Hidden width of the feed-forward layer over ``dim`` (nominal for SwiGLU).
        ffn: ``'mlp'`` (exact GELU) or ``'swiglu'``.
        layer_scale_init: Initial LayerScale value; None leaves LayerScale out.
        drop_path: Probability to drop a branch for one sample in training.
        drop_path_branches: Branches that are dropped. mmpretrain drops only ``'attention'`` beside a SwiGLU layer,
            mmseg 0.x only ``'ffn'``.
        norm_eps: Epsilon of both LayerNorms.
        drop_rate: Dropout after the attention projection and inside the feed-forward layer (MLP only).
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        mlp_ratio: float = 4.0,
        ffn: Literal['mlp', 'swiglu'] = 'mlp',
        layer_scale_init: float | None = 1e-5,
        drop_path: float = 0.0,
        drop_path_branches: DropPathBranches = 'both',
        norm_eps: float = 1e-6,
        drop_rate: float = 0.0,
    ) -> None:
        super().__init__()

        def scale() -> nn.Module:
            return nn.Identity() if layer_scale_init is None else LayerScale(dim, layer_scale_init)

        def drop(branch: str) -> nn.Module:
            return DropPath(drop_path) if drop_path and drop_path_branches in ('both', branch) else nn.Identity()

        self.norm1 = nn.LayerNorm(dim, eps=norm_eps)
        self.attn = Attention(dim, num_heads, qkv_bias=True, proj_drop=drop_rate)
        self.ls1 = scale()
        self.drop_path1 = drop('attention')
        self.norm2 = nn.LayerNorm(dim, eps=norm_eps)
        hidden = int(dim * mlp_ratio)
        self.mlp = SwiGLU(dim, hidden) if ffn == 'swiglu' else Mlp(dim, hidden, drop=drop_rate)
        self.ls2 = scale()
        self.drop_path2 = drop('ffn')

    def forward(self, x: Tensor, queries: int | None = None) -> Tensor:
        """Maps tokens (B, N, C) to (B, N, C), or only the first ``queries`` of them to (B, queries, C)."""
        if queries is not None and queries < x.shape[1]:
            attended = self._attend_first(self.norm1(x), queries)
            x = x[:, :queries]
        else:
            attended = self.attn(self.norm1(x))
        x = x + self.drop_path1(self.ls1(attended))
        return x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))

    def forward_packed(self, x: Tensor, groups: Sequence[tuple[int, int]]) -> Tensor:
        """Runs sequences of several lengths at once: every linear layer sees all tokens, attention each length.

        Stochastic depth draws a fixed share of the sequences of each length and computes these alone, where
        :meth:`forward` computes all and drops some: a rate of 0.4 saves two fifths of the work.

        Args:
            x: (T, C), the tokens of all sequences one after the other.
            groups: Number and length of the sequences of each length, in their order in ``x``.

        Returns:
            (T, C).
        """

        def attend(tokens: Tensor, parts: Sequence[tuple[int, int]]) -> Tensor:
            return self.ls1(self._attend_packed(self.norm1(tokens), parts))

        def feed(tokens: Tensor, parts: Sequence[tuple[int, int]]) -> Tensor:
            return self.ls2(self.mlp(self.norm2(tokens)))

        return _add(_add(x, groups, self.drop_path1, attend), groups, self.drop_path2, feed)

    def _attend_packed(self, x: Tensor, groups: Sequence[tuple[int, int]]) -> Tensor:
        attn = self.attn
        parts = []
        for part, (_, length) in zip(attn.qkv(x).split([n * k for n, k in groups]), groups, strict=True):
            qkv = part.view(-1, length, 3, attn.num_heads, x.shape[-1] // attn.num_heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
            parts.append(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2).flatten(0, 1))
        return attn.proj_drop(attn.proj(torch.cat(parts)))

    def _attend_first(self, x: Tensor, queries: int) -> Tensor:
        attn, dim = self.attn, x.shape[-1]
        if type(attn.qkv) is not nn.Linear:  # an adapter has taken its place: it knows only the whole projection
            return attn(x)[:, :queries]
        q = functional.linear(x[:, :queries], attn.qkv.weight[:dim], attn.qkv.bias[:dim])
        kv = functional.linear(x, attn.qkv.weight[dim:], attn.qkv.bias[dim:])
        k, v = kv.unflatten(2, (2, attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
        q = q.unflatten(2, (attn.num_heads, -1)).transpose(1, 2)
        out = functional.scaled_dot_product_attention(q, k, v)
        return attn.proj_drop(attn.proj(out.transpose(1, 2).flatten(2)))


def _add(
    x: Tensor,
    groups: Sequence[tuple[int, int]],
    drop: nn.Module,
    branch: Callable[[Tensor, Sequence[tuple[int, int]]], Tensor],
) -> Tensor:
    """Adds a branch to the sequences of which stochastic depth leaves it, scaled so that the mean stays."""
    rate = (drop.drop_prob or 0.0) if isinstance(drop, DropPath) and drop.training else 0.0
    if not rate:
        return x + branch(x, groups)
    rows, kept, scales, start = [], [], [], 0
    for count, length in groups:
        number = max(1, round(count * (1 - rate)))
        chosen = torch.randperm(count, device=x.device)[:number].sort().values
        tokens = torch.arange(length, device=x.device)
        rows.append((start + chosen.unsqueeze(1) * length + tokens).flatten())
        kept.append((number, length))
        scales.append(x.new_full((number * length, 1), count / number))
        start += count * length
    index = torch.cat(rows)
    return x.index_add(0, index, (branch(x[index], kept) * torch.cat(scales)).to(x.dtype))
