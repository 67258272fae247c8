"""Fusion transformer of SkySense++: one vector for a place from its modalities and dates (specification, 2.6)."""

from __future__ import annotations

from typing import Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmrs.errors import ConfigError
from mmrs.models.backbones._vit_parts import drop_path_rates
from mmrs.models.layers import DropPathBranches, ViTBlock
from mmrs.registry import MODELS

# How many leading tokens of the last block an output needs; None needs all.
OUT_TYPES: dict[str, int | None] = {'cls_token': 1, 'first_two': 2, 'tokens': None, 'all': None}


@MODELS.register_module()
class SkySenseFusion(BaseModule):
    """Pre-norm transformer over the few tokens of one place; without positions, so their order does not matter.

    Attention keeps no matrix (``scaled_dot_product_attention``), and the last block computes only what is returned.

    Args:
        input_dims: Width of the given tokens; they are projected to ``embed_dims``.
        embed_dims: Width inside and of the output.
        num_layers: Number of blocks.
        num_heads: Attention heads of a block.
        mlp_ratio: Hidden width of the feed-forward layer over ``embed_dims``.
        with_cls_token: Whether a class token stands before the given tokens.
        out_type: ``'cls_token'`` returns it as (B, C), ``'first_two'`` the first two tokens, ``'tokens'`` the given
            tokens without the class token (SkySense++ fine-tuning), ``'all'`` the whole sequence.
        drop_path_rate: Highest stochastic depth rate; it grows linearly from 0.
        drop_path_branches: See :class:`mmrs.models.layers.ViTBlock`; the original drops in ``'ffn'`` only.
        with_cp: Recomputes blocks in the backward pass instead of storing their activations.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ConfigError: An option is unknown or does not go with another.
    """

    weights_parts = ('fusion',)

    def __init__(
        self,
        input_dims: int = 2816,
        embed_dims: int = 1024,
        num_layers: int = 24,
        num_heads: int = 16,
        mlp_ratio: float = 4.0,
        with_cls_token: bool = True,
        out_type: Literal['cls_token', 'first_two', 'tokens', 'all'] = 'cls_token',
        drop_path_rate: float = 0.0,
        drop_path_branches: DropPathBranches = 'both',
        with_cp: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if out_type not in OUT_TYPES or (out_type == 'cls_token' and not with_cls_token):
            expected = f'one of {list(OUT_TYPES)}, and with_cls_token=True for cls_token'
            raise ConfigError('out_type', repr(out_type), expected, 'Correct the fusion entry of the config.')
        self.out_type, self.num_layers, self.with_cp = out_type, num_layers, with_cp
        self.proj = nn.Linear(input_dims, embed_dims)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dims)) if with_cls_token else None
        self.blocks = nn.ModuleList(
            ViTBlock(embed_dims, num_heads, mlp_ratio, 'mlp', None, rate, drop_path_branches, norm_eps=1e-5)
            for rate in drop_path_rates(drop_path_rate, num_layers, 'linear')
        )
        if self.cls_token is not None:
            nn.init.trunc_normal_(self.cls_token, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        """Fuses the tokens of places.

        Args:
            tokens: (B, N, input_dims): N modalities and dates of B places.

        Returns:
            See ``out_type``.
        """
        x = self._start(tokens)
        needed = OUT_TYPES[self.out_type]
        for index, block in enumerate(self.blocks):
            x = self._block(block, x, needed if index == self.num_layers - 1 else None)
        if self.out_type == 'cls_token':
            return x[:, 0]
        return x[:, 1:] if self.out_type == 'tokens' and self.cls_token is not None else x

    def forward_blocks(self, tokens: Tensor) -> list[Tensor]:
        """The whole sequence after every block."""
        outputs = [self._start(tokens)]
        for block in self.blocks:
            outputs.append(self._block(block, outputs[-1], None))
        return outputs[1:]

    def _start(self, tokens: Tensor) -> Tensor:
        x = self.proj(tokens)
        return x if self.cls_token is None else torch.cat([self.cls_token.to(x.dtype).expand(len(x), -1, -1), x], dim=1)

    def _block(self, block: nn.Module, x: Tensor, needed: int | None) -> Tensor:
        if self.with_cp and self.training and torch.is_grad_enabled():
            return checkpoint(block, x, needed, use_reentrant=False)
        return block(x, needed)

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter for layer-wise learning-rate decay: class token, blocks, all the rest."""
        number = self.num_layers + 2
        name = param_name.removeprefix(prefix)
        if param_name.startswith(prefix) and name.startswith('blocks.'):
            return int(name.split('.')[1]) + 1, number
        return (0 if name == 'cls_token' else number - 1), number
