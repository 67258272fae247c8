"""Parameters, gradients and optimiser states shared out over the processes, for models that no GPU holds whole.

mmengine's ``FSDPStrategy`` wraps PyTorch's first FSDP: it needs a GPU, a runner of its own, and cannot be told of
methods beside ``forward``. This is the second one (``fully_shard``): a module stays what it is, names of parameters
too, so that runner, hooks, parameter groups and checkpoints are those of any other run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from mmengine.dist import all_reduce, broadcast, get_world_size, is_distributed, is_main_process
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from mmengine.runner import Runner
from mmengine.utils import apply_to
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor

from mmrs.engine.distributed import without_sync_bn
from mmrs.errors import ConfigError

# Modules that are gathered one after the other, and their methods beside `forward`.
UNITS = ('ViTBlock', 'SwinBlock', 'TransformerEncoderLayer', 'PrototypeHead')
METHODS = ('forward_packed',)
PRECISIONS = ('bfloat16',)  # float16 would need its losses scaled


@MODEL_WRAPPERS.register_module()
class ShardedDataParallel(nn.Module):
    """Data parallelism in which every process keeps its share of each parameter, gradient and optimiser state.

    A unit is gathered when it runs and let go after; what is in no unit is gathered for the whole step. Weights are
    initialised, alike in all processes, before they are shared out. All that is trained or averaged along (a teacher)
    has to be reached through ``forward`` of the model.

    Args:
        module: Model.
        units: Class names of the modules that are gathered one by one.
        precision: ``'bfloat16'`` gathers and computes in that type; parameters, sums of gradients and the optimiser
            stay in float32. None computes in the type of the parameters.
        keep_gathered: Keeps units gathered between the forward and the backward pass: more memory, less traffic
            (DINOv2's SHARD_GRAD_OP).

    Raises:
        ConfigError: There is no such unit, or an option is unknown.
    """

    def __init__(
        self,
        module: nn.Module,
        units: Sequence[str] = UNITS,
        precision: str | None = None,
        keep_gathered: bool = False,
    ) -> None:
        super().__init__()
        if precision not in (None, *PRECISIONS) or not is_distributed():
            found = f'precision {precision!r} in {get_world_size()} processes'
            expected = f'None or one of {PRECISIONS}, and a launcher'
            raise ConfigError('ShardedDataParallel', found, expected, 'Start through tools/dist_train.sh.')
        kind = next(module.parameters()).device.type
        if kind == 'cpu':
            module = without_sync_bn(module)
        _initialise(module)
        mesh = init_device_mesh(kind, (get_world_size(),))
        policy = MixedPrecisionPolicy()
        if precision is not None:
            policy = MixedPrecisionPolicy(getattr(torch, precision), torch.float32, cast_forward_inputs=True)
        options: dict[str, Any] = {'mesh': mesh, 'mp_policy': policy, 'reshard_after_forward': not keep_gathered}
        for unit in _units(module, units):
            fully_shard(unit, **options)
            for method in METHODS:
                if hasattr(unit, method):
                    register_fsdp_forward_method(unit, method)
        scalars = {p for p in module.parameters() if p.ndim == 0}  # have nothing to share out
        for parameter in scalars:
            if parameter.requires_grad:
                parameter.register_post_accumulate_grad_hook(_average_gradient)
        fully_shard(module, **options, ignored_params=scalars)
        for part in module.modules():
            part.register_load_state_dict_pre_hook(_share_out)
        self.module: Any = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the model."""
        return self.module(*args, **kwargs)

    def train_step(self, data: Any, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One step of training; see ``mmengine.model.BaseModel``."""
        return self.module.train_step(data, optim_wrapper)

    def val_step(self, data: Any) -> Any:
        """Predictions in validation; see ``mmengine.model.BaseModel``."""
        return self.module.val_step(data)

    def test_step(self, data: Any) -> Any:
        """Predictions in a test; see ``mmengine.model.BaseModel``."""
        return self.module.test_step(data)


def _initialise(module: Any) -> None:
    if hasattr(module, 'init_weights'):
        module.init_weights()
    for value in module.state_dict().values():
        broadcast(value)


def _units(module: nn.Module, names: Sequence[str]) -> list[nn.Module]:
    """Modules of these classes, outermost only."""
    found: list[nn.Module] = []
    for child in module.children():
        found += [child] if type(child).__name__ in names else _units(child, names)
    return found


def _average_gradient(parameter: Tensor) -> None:
    if parameter.grad is not None:
        all_reduce(parameter.grad, 'mean')


def _like(value: Tensor, shared: Tensor) -> Tensor:
    """The share of this process in a whole tensor that every process has."""
    if not isinstance(shared, DTensor) or isinstance(value, DTensor) or value.shape != shared.shape:
        return value
    value = value.to(shared.device_mesh.device_type)
    return distribute_tensor(value, shared.device_mesh, shared.placements, src_data_rank=None)


def _share_out(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: Any) -> None:
    for name, parameter in module.named_parameters(recurse=False):
        if prefix + name in state:
            state[prefix + name] = _like(state[prefix + name], parameter)


def share_out_optimiser(optimiser: torch.optim.Optimizer) -> None:
    """Gives every process its share of states that were just loaded whole."""
    for parameter, states in optimiser.state.items():
        for name, value in states.items():
            if isinstance(value, Tensor):
                states[name] = _like(value, parameter)


def is_sharded(model: nn.Module) -> bool:
    """Whether the parameters of a model are shared out."""
    return any(isinstance(parameter, DTensor) for parameter in model.parameters())


def whole(states: Any) -> Any:
    """Joins the shares in a state dict of any depth; all processes have to come, the first one gets the values."""

    def join(value: DTensor) -> Tensor:
        joined = value.full_tensor()
        return joined.cpu() if is_main_process() else joined.new_empty(0)

    return apply_to(states, lambda value: isinstance(value, DTensor), join)


@contextmanager
def whole_states(model: nn.Module, optimiser: torch.optim.Optimizer | None) -> Iterator[None]:
    """Within, ``state_dict()`` of both gives in the first process what it gives of a model that is not sharded.

    All processes have to come. Nothing happens to a model that is not sharded.

    Args:
        model: Without wrapper.
        optimiser: None leaves it out.
    """
    with ExitStack() as stack:
        if is_sharded(model):
            joined: Mapping[str, Any] = whole(model.state_dict())
            post = model.register_state_dict_post_hook(lambda _, state, *__: state.update(joined))
            stack.callback(post.remove)
            if optimiser is not None:
                states = whole(optimiser.state_dict())
                stack.callback(optimiser.register_state_dict_post_hook(lambda *_: states).remove)
        yield


class ShardingRunner(Runner):
    """mmengine's runner, for sharded models too: their checkpoints are those of any other run, and read like them."""

    def build_optim_wrapper(self, *args: Any, **kwargs: Any) -> Any:
        """Builds the optimiser; see ``mmengine.runner.Runner.build_optim_wrapper``."""
        wrapper = super().build_optim_wrapper(*args, **kwargs)
        if isinstance(self.model, ShardedDataParallel):
            wrapper.optimizer.register_load_state_dict_post_hook(share_out_optimiser)
        return wrapper

    def save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        """Writes a checkpoint in the first process; see ``mmengine.runner.Runner.save_checkpoint``."""
        if not isinstance(self.model, ShardedDataParallel):
            super().save_checkpoint(*args, **kwargs)
            return
        optimiser = self.optim_wrapper.optimizer if kwargs.get('save_optimizer', True) else None
        with whole_states(self.model.module, optimiser):
            super().save_checkpoint(*args, **kwargs)

    def _init_model_weights(self) -> None:
        if not isinstance(self.model, ShardedDataParallel):  # which was initialised before it was shared out
            super()._init_model_weights()
