"""Learning rates that fall with depth, for every part of a model that knows the depth of its parameters."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from mmengine.logging import print_log
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from mmrs.errors import ConfigError
from mmrs.registry import OPTIM_WRAPPER_CONSTRUCTORS

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)
OPTIONS = {'layer_decay_rate', 'decay_vit_norms', 'no_decay', 'lr_mults', 'apart'}


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """``lr * rate ** (number of depths - 1 - depth)`` for parameters of backbones; weight decay for matrices alone.

    A part is any module with ``get_layer_depth(name, prefix) -> (depth, number of depths)``: ``SwinV2``, the plain ViTs
    and the fusion transformer of mmrs, and mmpretrain's backbones. Parameters outside of parts have the full rate.
    Biases and the weights of norms are not decayed. Frozen parameters are left out.

    ``paramwise_cfg``:

    * ``layer_decay_rate``: see above; 1 keeps all rates alike. 0.7 in SkySense++ pretraining.
    * ``no_decay``: further names (parts of names) without weight decay, such as ``('pos_embed', 'cls_token')``.
    * ``decay_vit_norms``: reproduces the original's recipe, which finds norms by name and so misses those of ViT
      blocks (``ln1``, ``ln2``): their weights are decayed.
    * ``lr_mults``: factors of the learning rate by a part of a name, such as ``dict(patch_embed=0.2)``; the first
      that fits counts.
    * ``apart``: parts of names whose parameters get groups of their own, for a hook to find.

    Raises:
        ConfigError: An option is unknown, or no parameter is left to train.
    """

    def _validate_cfg(self) -> None:
        super()._validate_cfg()
        unknown = set(self.paramwise_cfg) - OPTIONS
        if unknown or not 0 < self.paramwise_cfg.get('layer_decay_rate', 1.0) <= 1:
            found = ', '.join(sorted(unknown)) or f'layer_decay_rate={self.paramwise_cfg["layer_decay_rate"]}'
            expected = f'{", ".join(sorted(OPTIONS))}, the rate above 0 and at most 1'
            raise ConfigError('paramwise_cfg', found, expected, 'Correct the optim_wrapper of the config.')
        self.paramwise_cfg.setdefault('layer_decay_rate', 1.0)  # an empty dict would skip add_params

    def add_params(self, params: list[dict[str, Any]], module: nn.Module, **_: Any) -> None:
        """Fills ``params`` with one group for every learning rate and weight decay.

        Args:
            params: Receives the groups, each with the names of its parameters.
            module: The whole model.
        """
        rate = self.paramwise_cfg['layer_decay_rate']
        depth_of, undecayed = depths(module), self._undecayed(module)
        mults: dict[str, float] = self.paramwise_cfg.get('lr_mults', {})
        groups: dict[tuple[int, bool, float, str], dict[str, Any]] = {}
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            below, plain = depth_of(name), name in undecayed
            factor = next((value for part, value in mults.items() if part in name), 1.0)
            apart = next((part for part in self.paramwise_cfg.get('apart', ()) if part in name), '')
            group = groups.setdefault((below, plain, factor, apart), self._group(factor * rate**below, plain))
            group['params'].append(parameter)
            group['param_names'].append(name)
        if not groups:
            raise ConfigError('model', 'no trainable parameter', 'at least one', 'Freeze less of the model.')
        params.extend(groups.values())
        trained = sum(p.numel() for group in params for p in group['params'])
        total = sum(p.numel() for p in module.parameters())
        text = f'{trained:,} of {total:,} parameters train ({trained / total:.1%}), in {len(params)} groups'
        print_log(text, 'current', logging.INFO)

    def _group(self, scale: float, plain: bool) -> dict[str, Any]:
        group: dict[str, Any] = {'params': [], 'param_names': [], 'lr_scale': scale}
        if self.base_lr is not None:
            group['lr'] = self.base_lr * scale
        if plain:
            group['weight_decay'] = 0.0
        elif self.base_wd is not None:
            group['weight_decay'] = self.base_wd
        return group

    def _undecayed(self, model: nn.Module) -> set[str]:
        from mmrs.models.layers import ViTBlock

        names: Sequence[str] = self.paramwise_cfg.get('no_decay', ())
        found = {name for name, _ in model.named_parameters() if 'bias' in name or any(part in name for part in names)}
        decayed_norms: set[int] = set()
        if self.paramwise_cfg.get('decay_vit_norms'):
            blocks = [block for block in model.modules() if isinstance(block, ViTBlock)]
            decayed_norms = {id(norm) for block in blocks for norm in (block.norm1, block.norm2)}
        for name, module in model.named_modules():
            if isinstance(module, NORMS) and id(module) not in decayed_norms and module.weight is not None:
                found.add(f'{name}.weight' if name else 'weight')
        return found


def depths(model: nn.Module) -> Callable[[str], int]:
    """Returns a function that tells how many depths lie after a parameter; 0 outside of parts.

    Args:
        model: The whole model.
    """
    parts = [(name, part) for name, part in model.named_modules() if hasattr(part, 'get_layer_depth')]
    parts.sort(key=lambda item: -len(item[0]))  # the innermost part knows best

    def after(name: str) -> int:
        for prefix, part in parts:
            start = f'{prefix}.' if prefix else ''
            if name.startswith(start):
                depth, number = part.get_layer_depth(name, start)
                return number - 1 - depth
        return 0

    return after
