"""Low-rank adaptation of a frozen backbone, in any host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mmengine.logging import print_log
from torch import nn

from mmrs.errors import ConfigError
from mmrs.models.backbones.wrapper import BackboneWrapper
from mmrs.registry import MODELS

if TYPE_CHECKING:
    from mmrs.models.layers.lora import AdaptedLinear

SAVES = ('all', 'adapters')


@MODELS.register_module()
class LoRA(BackboneWrapper):
    """Freezes a backbone and trains low-rank adapters on its linear layers (arXiv 2106.09685).

    The adapter is mmpretrain's. What mmpretrain's own ``LoRAModel`` lacks is here: frozen layers stay in eval mode (no
    dropout, no DropPath, no moving statistics), blocks that do not run or that the backbone freezes get no adapter,
    and checkpoints keep the names of the backbone.

    Args:
        backbone: Config of the backbone, with its weights in ``init_cfg`` and without ``frozen_stages`` (frozen stages
            run without a graph, so they get no adapter).
        rank: Inner width of the adapters.
        alpha: The adapter's output is multiplied by ``alpha / rank``.
        drop_rate: Dropout on the adapters' input.
        targets: Which linear layers: the end of their name or a regular expression for all of it, or a dict such as
            ``dict(type='qkv', rank=16)`` with options of its own; the first that matches counts.
        save: What checkpoints hold of this backbone: ``'all'``, or ``'adapters'`` alone. The latter takes the rest
            from the backbone's ``init_cfg``, also in testing.
        init_cfg: As in mmengine; usually it is in ``backbone``.

    Raises:
        ConfigError: An option is out of range, or nothing matches.
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        rank: int = 8,
        alpha: float = 8.0,
        drop_rate: float = 0.0,
        targets: Sequence[str | Mapping[str, Any]] = ('qkv',),
        save: Literal['all', 'adapters'] = 'all',
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(backbone, init_cfg)
        if save not in SAVES:
            raise ConfigError('save', repr(save), f'one of {SAVES}', 'Correct the backbone entry.')
        if save == 'adapters' and not backbone.get('init_cfg'):
            found, expected = 'no init_cfg in backbone', 'the weights that the adapters were trained for'
            raise ConfigError("save='adapters'", found, expected, "Add them to it, or take save='all'.")
        self.save = save
        if save == 'adapters':  # a checkpoint brings no weights for the rest
            super().init_weights()
        chosen = self._choose([_rule(target, rank, alpha, drop_rate) for target in targets])
        self.requires_grad_(False)
        self.adapted = {name: self._adapt(name, rule) for name, rule in chosen.items()}
        self.train(self.training)
        if save == 'adapters':
            self.register_state_dict_post_hook(_keep_adapters)
        self._tell()

    def _choose(self, rules: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        layers = {name: part for name, part in self.module.named_modules() if isinstance(part, nn.Linear)}
        matched = {name: rule for name in layers for rule in reversed(rules) if _matches(name, rule['type'])}
        chosen = {name: rule for name, rule in matched.items() if layers[name].weight.requires_grad}
        if not chosen:
            frozen = ', and the backbone freezes or does not run all of them' if matched else ''
            raise ConfigError(
                'targets',
                f'{[rule["type"] for rule in rules]}, which match {len(matched)} linear layers{frozen}',
                f'names such as {", ".join(sorted({name.rpartition(".")[2] for name in layers}))}',
                'Correct targets, or set frozen_stages=-1: LoRA freezes by itself.',
            )
        return chosen

    def _adapt(self, name: str, rule: dict[str, Any]) -> AdaptedLinear:
        from mmrs.models.layers.lora import AdaptedLinear  # mmpretrain's models take seconds to import

        layer = self.module.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        adapter = AdaptedLinear(layer, rule['alpha'], rule['rank'], rule['drop_rate'])
        adapter.to(layer.weight.device)
        self._put(name, adapter)
        return adapter

    def _put(self, name: str, layer: nn.Module) -> None:
        parent, _, last = name.rpartition('.')
        setattr(self.module.get_submodule(parent), last, layer)

    def _tell(self) -> None:
        trained = sum(value.numel() for value in self.parameters() if value.requires_grad)
        total = sum(value.numel() for value in self.parameters())
        text = f'LoRA on {len(self.adapted)} layers of {type(self.module).__name__}: '
        print_log(f'{text}{trained:,} of {total:,} parameters train ({trained / total:.2%})', 'current')

    def init_weights(self) -> None:
        """Initialises the backbone as if it were alone; once."""
        if self.save == 'adapters':
            return  # done on construction
        for name, adapter in self.adapted.items():
            self._put(name, adapter.original_layer)
        try:
            super().init_weights()
        finally:
            for name, adapter in self.adapted.items():
                self._put(name, adapter)

    def complete_state(self, state: dict[str, Any], prefix: str) -> None:
        """Adds the backbone's own weights where a checkpoint holds adapters alone."""
        given = [name for name in state if name.startswith(prefix)]
        if given and all('.lora_' in name for name in given):
            own = self.module.state_dict()
            state.update({prefix + name: value for name, value in own.items() if '.lora_' not in name})

    def train(self, mode: bool = True) -> LoRA:
        """Sets the mode of the adapters; all that has parameters or is random in the frozen backbone stays in eval."""
        super().train(mode)
        for part in self.module.modules():
            if not any(True for _ in part.children()) or isinstance(part, nn.MultiheadAttention):
                part.eval()
        for adapter in self.adapted.values() if 'adapted' in vars(self) else ():
            adapter.lora_dropout.train(mode)
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Returns what the backbone returns."""
        return self.module(*args, **kwargs)

    def merge(self) -> nn.Module:
        """Adds the adapters to the weights for good and returns the plain backbone; this wrapper is of no use then."""
        for name, adapter in self.adapted.items():
            self._put(name, adapter.merged())
        self.adapted = {}
        return self.module


def _rule(target: str | Mapping[str, Any], rank: int, alpha: float, drop_rate: float) -> dict[str, Any]:
    given = {'type': target} if isinstance(target, str) else dict(target)
    rule = {'rank': rank, 'alpha': alpha, 'drop_rate': drop_rate, **given}
    if set(rule) != {'type', 'rank', 'alpha', 'drop_rate'}:
        expected = 'a name, or a dict of type, rank, alpha and drop_rate'
        raise ConfigError('targets', repr(target), expected, 'Correct the backbone entry.')
    if not (isinstance(rule['rank'], int) and rule['rank'] > 0 and 0 <= rule['drop_rate'] < 1):
        found = f'rank {rule["rank"]}, drop_rate {rule["drop_rate"]}'
        raise ConfigError('targets', found, 'a rank of 1 or more, a rate from 0 below 1', 'Correct the backbone entry.')
    return rule


def _matches(name: str, target: str) -> bool:
    return re.fullmatch(target, name) is not None or name.endswith(target)


def _keep_adapters(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    for name in [name for name in state if name.startswith(prefix) and '.lora_' not in name]:
        del state[name]
