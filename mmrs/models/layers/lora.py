"""mmpretrain's low-rank adapter for a linear layer, with the names and attributes of the layer that it adapts."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.peft.lora import LoRALinear
from torch import Tensor, nn


class AdaptedLinear(LoRALinear):
    """``y = W x + b + (alpha / rank) * up(down(dropout(x)))`` (arXiv 2106.09685).

    In checkpoints the frozen layer has its own names, ``weight`` and ``bias``; beside them lie ``lora_down.weight``,
    ``lora_up.weight`` and the factor ``lora_scaling``, so that a file alone says how to merge it.

    Args:
        original_layer: The layer; it should be frozen.
        alpha: Numerator of the factor.
        rank: Inner width.
        drop_rate: Dropout on the adapter's input.
    """

    lora_scaling: Tensor

    def __init__(self, original_layer: nn.Linear, alpha: float, rank: int, drop_rate: float = 0.0) -> None:
        super().__init__(original_layer, alpha, rank, drop_rate)
        self.register_state_dict_post_hook(_drop_layer_name)
        self.register_load_state_dict_pre_hook(_add_layer_name)

    @property
    def scaling(self) -> Tensor:
        """The factor ``alpha / rank``."""
        return self.lora_scaling

    @scaling.setter
    def scaling(self, value: float) -> None:
        self.register_buffer('lora_scaling', torch.tensor(float(value)))

    @property
    def weight(self) -> Tensor:
        """The merged weight, for code that does not call the layer but uses its weight (no adapter dropout then)."""
        change = self.lora_up.weight @ self.lora_down.weight
        return self.original_layer.weight + (change * self.scaling).to(self.original_layer.weight.dtype)

    @property
    def bias(self) -> Tensor | None:
        """Bias of the adapted layer."""
        return self.original_layer.bias

    def merged(self) -> nn.Linear:
        """The adapted layer with the adapter added to its weight, in its type."""
        with torch.no_grad():
            self.original_layer.weight.copy_(self.weight)
        return self.original_layer


def _drop_layer_name(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    for name in ('weight', 'bias'):
        if f'{prefix}original_layer.{name}' in state:
            state[prefix + name] = state.pop(f'{prefix}original_layer.{name}')


def _add_layer_name(_: nn.Module, state: dict[str, Any], prefix: str, *__: Any) -> None:
    for name in ('weight', 'bias'):
        if prefix + name in state:
            state[f'{prefix}original_layer.{name}'] = state.pop(prefix + name)
