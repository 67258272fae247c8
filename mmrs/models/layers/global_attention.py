"""Attention among all tokens of a map, in a space of fewer channels (SkySense++ specification, section 2.3)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from mmrs.errors import ConfigError


class GlobalAttention(nn.Module):
    """``proj_out(z + attention(z))`` with ``z = proj_in(x)``; the caller adds ``x``.

    Runs through ``scaled_dot_product_attention``: no matrix of tokens x tokens is kept, so that the 65,536 tokens of
    SkySense++'s first stage fit in memory.

    Args:
        dim: Width of the tokens.
        inner_dim: Width of the attention.
        num_heads: Number of attention heads.

    Raises:
        ConfigError: The heads do not divide the inner width.
    """

    def __init__(self, dim: int, inner_dim: int, num_heads: int = 16) -> None:
        super().__init__()
        if inner_dim % num_heads:
            raise ConfigError('attention_heads', f'{num_heads}', f'a divisor of {inner_dim}', 'Change either.')
        self.num_heads = num_heads
        self.proj_in = nn.Linear(dim, inner_dim)
        self.qkv = nn.Linear(inner_dim, 3 * inner_dim)
        self.proj = nn.Linear(inner_dim, inner_dim)
        self.proj_out = nn.Linear(inner_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (B, N, dim) to (B, N, dim)."""
        z = self.proj_in(x)
        query, key, value = self.qkv(z).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.proj_out(z + self.proj(attended.transpose(1, 2).flatten(2)))
