"""Head that compares tokens with learned prototypes (CGEarthEye specification, section 5.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class UnitPrototypes(nn.Module):
    """Scalar products with directions: a bias-free linear layer whose rows are normalised.

    Args:
        in_features: Width of a row.
        prototypes: Number of rows.
        learn_length: Whether the length of a row is trained; else it stays 1.
    """

    def __init__(self, in_features: int, prototypes: int, learn_length: bool = False) -> None:
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(prototypes, 1), requires_grad=learn_length)
        self.weight_v = nn.Parameter(torch.empty(prototypes, in_features))
        nn.init.trunc_normal_(self.weight_v, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Maps (..., in_features) to (..., prototypes)."""
        directions = self.weight_g * functional.normalize(self.weight_v.float(), dim=-1)
        return functional.linear(x, directions.to(x.dtype))


class PrototypeHead(nn.Module):
    """Three linear layers with GELU between, then the cosine of the result with every prototype.

    Parameter names are those of DINOv2's heads.

    Args:
        in_features: Width of the tokens.
        prototypes: Number of prototypes.
        hidden_features: Width of the hidden layers.
        bottleneck: Width in which tokens and prototypes are compared.
        learn_length: See :class:`UnitPrototypes`.
    """

    def __init__(
        self,
        in_features: int,
        prototypes: int = 65536,
        hidden_features: int = 2048,
        bottleneck: int = 256,
        learn_length: bool = False,
    ) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(in_features, hidden_features),
            nn.GELU(),
            nn.Linear(hidden_features, hidden_features),
            nn.GELU(),
            nn.Linear(hidden_features, bottleneck),
        )
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)
        self.last_layer = UnitPrototypes(bottleneck, prototypes, learn_length)

    def forward(self, x: Tensor) -> Tensor:
        """Maps tokens (..., in_features) to logits (..., prototypes), cosines if lengths stay 1."""
        x = self.mlp(x)
        # the smallest length of float16 that is no zero
        epsilon = 1e-6 if x.dtype == torch.float16 else 1e-12
        return self.last_layer(functional.normalize(x, dim=-1, eps=epsilon))
