"""Keys of cached features: hashes of configs, weights and the arguments of a backbone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from mmrs.errors import ConfigError

_FIX = 'Set cache_features=False.'


def canonical(config: Any) -> str:
    """Text that is equal for equal configs, whatever the order of their keys."""
    return json.dumps(config, sort_keys=True, default=repr)


def state_stamp(module: nn.Module) -> tuple[Any, ...]:
    """Changes when a parameter or buffer is exchanged or written to; cheap, but blind to writes through ``.data``."""
    return tuple((value.data_ptr(), value._version) for value in _state(module).values())


def hash_module(description: str, module: nn.Module) -> str:
    """Hash of a description and of all parameters and buffers, those outside the state dict included."""
    digest = hashlib.sha256(description.encode())
    for name, value in _state(module).items():
        digest.update(name.encode())
        _hash_tensor(digest, value)
    return digest.hexdigest()


def plain_attributes(module: nn.Module) -> str:
    """Public attributes of a module that are plain data, such as the modalities that it is told to expect."""
    hidden = ('training', 'init_cfg')
    return canonical({k: v for k, v in vars(module).items() if k[0] != '_' and k not in hidden and _is_plain(v)})


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(item) for item in (*value, *value.values()))
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _state(module: nn.Module) -> dict[str, Tensor]:
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Tensors in nested arguments.

    Raises:
        ConfigError: There is something else than tensors and plain data.
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(item)
    elif not (value is None or isinstance(value, (bool, int, float, str))):
        found = f'an argument of {type(value).__name__}'
        raise ConfigError('mmrs.CachedFeatures', found, 'tensors and plain values', _FIX)


def batch_of(arguments: Any) -> tuple[int, torch.device]:
    """Batch size and device of nested arguments.

    Raises:
        ConfigError: They hold no tensor, or tensors of several batch sizes.
    """
    tensors = list(tensors_in(arguments))
    sizes = {len(value) if value.ndim else 0 for value in tensors}
    if len(sizes) != 1 or 0 in sizes:
        found = f'tensors of shapes {[tuple(value.shape) for value in tensors]}'
        raise ConfigError('mmrs.CachedFeatures', found, 'batches of one size', _FIX)
    return sizes.pop(), tensors[0].device


def pick(value: Any, index: int | Tensor) -> Any:
    """Takes one sample or some samples out of nested batches."""
    if isinstance(value, Tensor):
        return value[index]
    if isinstance(value, Mapping):
        return {name: pick(item, index) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(pick(item, index) for item in value)
    return value


def to_cpu(value: Any) -> Any:
    """The same nested arguments on the CPU: one transfer for each tensor instead of one for each sample."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, Mapping):
        return {name: to_cpu(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(to_cpu(item) for item in value)
    return value


def sample_key(prefix: str, sample: Any) -> str:
    """Hash of one sample's nested arguments."""
    digest = hashlib.sha256(prefix.encode())
    _hash_value(digest, sample)
    return digest.hexdigest()


def _hash_value(digest: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        _hash_tensor(digest, value)
    elif isinstance(value, Mapping):
        digest.update(f'{{{len(value)}'.encode())
        for name in sorted(value, key=str):
            digest.update(f'{name!r}:'.encode())
            _hash_value(digest, value[name])
    elif isinstance(value, (tuple, list)):
        digest.update(f'[{len(value)}'.encode())
        for item in value:
            _hash_value(digest, item)
    else:
        digest.update(f'{value!r},'.encode())


def _hash_tensor(digest: Any, value: Tensor) -> None:
    digest.update(f'{value.dtype}{tuple(value.shape)};'.encode())
    digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
