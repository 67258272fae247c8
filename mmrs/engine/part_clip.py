"""Clipping of gradients part by part, as DINOv2 does with backbone and heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mmengine.optim import OptimWrapper
from torch import nn

from mmrs.engine.amp import AmpOptimWrapper
from mmrs.errors import ConfigError
from mmrs.registry import OPTIM_WRAPPERS


class _Wrapper(Protocol):
    optimizer: Any
    clip_grad_kwargs: dict[str, Any]
    clip_func: Callable[..., Any]
    message_hub: Any


class PartClip:
    """Mixed into an optimiser wrapper: ``clip_grad`` holds for every part of the model by itself.

    The parts are the first two components of the parameters' names, such as ``student.backbone``. Needs parameter
    groups with ``param_names``, as ``mmrs.LayerDecayOptimWrapperConstructor`` makes them.
    """

    def _clip_grad(self: _Wrapper) -> None:
        parts: dict[str, list[nn.Parameter]] = {}
        for group in self.optimizer.param_groups:  # those of the wrapper hold one more without names
            names: Sequence[str] | None = group.get('param_names')
            if names is None:
                fix = "Set constructor='mmrs.LayerDecayOptimWrapperConstructor'."
                raise ConfigError('optim_wrapper', 'parameter groups without names', 'param_names', fix)
            for name, parameter in zip(names, group['params'], strict=True):
                if parameter.grad is not None:
                    parts.setdefault('.'.join(name.split('.')[:2]), []).append(parameter)
        for part, parameters in parts.items():
            norm = self.clip_func(parameters, **self.clip_grad_kwargs)
            if norm is not None:  # as it is for clip_grad=dict(type='value')
                norm = norm.full_tensor() if hasattr(norm, 'full_tensor') else norm  # of a sharded model
                self.message_hub.update_scalar(f'train/grad_norm_{part.rpartition(".")[2]}', float(norm))


@OPTIM_WRAPPERS.register_module()
class PartClipOptimWrapper(PartClip, OptimWrapper):
    """mmengine's ``OptimWrapper`` with :class:`PartClip`."""


@OPTIM_WRAPPERS.register_module()
class PartClipAmpOptimWrapper(PartClip, AmpOptimWrapper):
    """:class:`mmrs.engine.AmpOptimWrapper` with :class:`PartClip`."""
