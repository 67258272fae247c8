"""What wrappers around a backbone share: the names of its checkpoints, and its attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.model import BaseModule
from torch import nn

from mmrs.errors import ConfigError
from mmrs.registry import MODELS


class BackboneWrapper(BaseModule):
    """Holds a backbone as ``module``; its checkpoints have the names of the backbone alone.

    Args:
        backbone: Config of the backbone.
        init_cfg: As in mmengine; usually it is in ``backbone``.

    Raises:
        ConfigError: ``backbone`` is no config.
    """

    def __init__(self, backbone: dict[str, Any], init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__(init_cfg)
        if not isinstance(backbone, Mapping) or 'type' not in backbone:
            raise ConfigError('backbone', repr(backbone)[:80], 'a config with a type', 'Correct the entry.')
        self.module: nn.Module = MODELS.build(backbone)
        self.register_state_dict_post_hook(_drop_wrapper_name)
        self.register_load_state_dict_pre_hook(_add_wrapper_name)

    def __getattr__(self, name: str) -> Any:
        """Serves what heads, necks and optimiser constructors ask of a backbone."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == 'module':
                raise
            return getattr(self.module, name)

    def complete_state(self, state: dict[str, Any], prefix: str) -> None:
        """Called before weights are loaded; adds to ``state``, in the names of the backbone, what a subclass knows."""

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Depth of a parameter, as the backbone tells it; for layer-wise learning-rate decay."""
        depth: Any = self.module.get_layer_depth
        return depth(param_name.replace(f'{prefix}module.', prefix, 1), prefix)


def _drop_wrapper_name(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    own = f'{prefix}module.'
    for name in [name for name in state if name.startswith(own)]:
        state[prefix + name[len(own) :]] = state.pop(name)


def _add_wrapper_name(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    assert isinstance(module, BackboneWrapper)
    module.complete_state(state, prefix)
    own = f'{prefix}module.'
    for name in [name for name in state if name.startswith(prefix) and not name.startswith(own)]:
        state[own + name[len(prefix) :]] = state.pop(name)
