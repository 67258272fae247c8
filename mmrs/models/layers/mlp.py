"""Feed-forward layers that timm lacks in the layout of published checkpoints."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


def swiglu_width(nominal: int) -> int:
    """Returns the real hidden width of a SwiGLU layer that replaces an MLP of ``nominal`` hidden units.

    Two thirds keep the parameter count of the MLP; multiples of eight keep matrix products aligned.
    """
    return (int(nominal * 2 / 3) + 7) // 8 * 8


class SwiGLU(nn.Module):
    """Gated feed-forward layer: ``w3(silu(a) * b)`` with ``a, b`` the halves of one fused projection ``w12``.

    The mathematics is that of ``timm.layers.SwiGLUPacked``; the parameter names are those of DINOv2 checkpoints.

    Args:
        in_features: Width of the tokens.
        hidden_features: Nominal hidden width, reduced by :func:`swiglu_width`.
    """

    def __init__(self, in_features: int, hidden_features: int) -> None:
        super().__init__()
        width = swiglu_width(hidden_features)
        self.w12 = nn.Linear(in_features, 2 * width)
        self.w3 = nn.Linear(width, in_features)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (..., C) to (..., C)."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(functional.silu(gate) * value)
