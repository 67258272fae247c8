"""Features of a frozen backbone, computed once and read from disk from then on."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.backbones._feature_keys import (
    batch_of,
    canonical,
    hash_module,
    pick,
    plain_attributes,
    sample_key,
    state_stamp,
    to_cpu,
)
from mmrs.models.backbones._feature_store import FeatureStore
from mmrs.models.backbones.wrapper import BackboneWrapper
from mmrs.registry import MODELS
from mmrs.version import __version__

MAX_THREADS = 8


@MODELS.register_module()
class CachedFeatures(BackboneWrapper):
    """Wraps a frozen backbone of any host, for heads that see no random augmentation.

    Every sample of a batch is looked up by itself, so the order of the samples, the batch size and the number of
    processes do not matter. The key is a hash of all weights and buffers, of the backbone's config and plain
    attributes, of the autocast type, of the version of mmrs, and of the sample's values: what differs in a single bit
    is computed anew. Hence random augmentation is safe, but never finds anything.

    Checkpoints have the names of the backbone alone: a config with and one without this wrapper share them. The
    wrapped backbone always runs in eval mode and without a graph.

    Args:
        backbone: Config of the backbone; all of its parameters must be frozen when it runs.
        cache_dir: Folder of the features; several runs and processes may share it. Delete it whenever you like.
        max_bytes: Bound on the size of that folder. When it is reached, or the disk is full, the log says so once and
            nothing more is stored.
        cache_features: False computes always, as without this wrapper.
        init_cfg: As in mmengine; usually it is in ``backbone``.

    Raises:
        ConfigError: ``backbone`` is no config, or the folder cannot be used.
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        cache_dir: str | os.PathLike[str],
        max_bytes: int = 20 * 2**30,
        cache_features: bool = True,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(backbone, init_cfg)
        # The weights are hashed, so where they come from does not matter.
        described = {name: value for name, value in backbone.items() if name != 'init_cfg'}
        self._description = f'{__version__} {canonical(described)}'
        self.cache_features, self.store = cache_features, FeatureStore(cache_dir, max_bytes)
        self._stamp: tuple[Any, ...] = ()
        self._fingerprint = ''
        self.train(self.training)

    def train(self, mode: bool = True) -> CachedFeatures:
        """Sets the mode of the wrapper; the backbone stays in eval mode."""
        super().train(mode)
        self.module.eval()
        # Averaged weights are exchanged through `.data`, without a trace, but only where training turns to validation.
        self._stamp = ()
        return self

    def forward(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """Returns what the backbone returns for a batch.

        Args:
            *args: Tensors, batch first, nested in dicts and sequences or not, and plain values.
            **kwargs: The same by name.

        Raises:
            ConfigError: The backbone is not frozen, takes something else, or returns no tuple of tensors.
        """
        self._require_frozen()
        with torch.no_grad():
            if not self.cache_features or torch.compiler.is_compiling():
                return self.module(*args, **kwargs)
            return self._look_up((args, kwargs))

    def _look_up(self, arguments: tuple[Any, Any]) -> tuple[Tensor, ...]:
        count, device = batch_of(arguments)
        autocast = torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else None
        prefix = f'{self.fingerprint} {autocast} {plain_attributes(self.module)}'
        values = to_cpu(arguments)
        with ThreadPoolExecutor(min(count, MAX_THREADS)) as pool:  # hashing and reading release the interpreter's lock
            keys = list(pool.map(lambda index: sample_key(prefix, pick(values, index)), range(count)))
            found = list(pool.map(self.store.get, keys))
        missing = [index for index, features in enumerate(found) if features is None]
        self.store.count(count - len(missing), len(missing))
        if missing:
            some = len(missing) < count
            args, kwargs = pick(arguments, torch.tensor(missing, device=device)) if some else arguments
            outputs = self.module(*args, **kwargs)
            self._check(outputs, len(missing))
            for position, index in enumerate(missing):
                found[index] = features = tuple(output[position] for output in outputs)
                self.store.put(keys[index], features)
            if not some:
                return tuple(outputs)
        columns = zip(*(features for features in found if features is not None), strict=True)
        return tuple(torch.stack([item.to(device, non_blocking=True) for item in column]) for column in columns)

    def _require_frozen(self) -> None:
        trained = [name for name, value in self.module.named_parameters() if value.requires_grad]
        if trained:
            shown = ', '.join(trained[:3]) + (', ...' if len(trained) > 3 else '')
            raise ConfigError(
                f'mmrs.CachedFeatures of {type(self.module).__name__}',
                f'{len(trained)} trained parameters ({shown})',
                'a backbone that is frozen as a whole',
                'Freeze it (frozen_stages), or take mmrs.CachedFeatures away: features that change cannot be kept.',
            )

    def _check(self, outputs: Any, count: int) -> None:
        good = isinstance(outputs, (tuple, list)) and len(outputs) > 0
        if not good or not all(isinstance(item, Tensor) and item.ndim and len(item) == count for item in outputs):
            raise ConfigError(
                f'mmrs.CachedFeatures of {type(self.module).__name__}',
                f'an output of {type(outputs).__name__}',
                'a tuple of tensors, batch first',
                'Set cache_features=False.',
            )

    @property
    def fingerprint(self) -> str:
        """Hash of the backbone's config, weights and buffers; computed again when these may have changed."""
        stamp = state_stamp(self.module)
        if stamp != self._stamp:
            self._fingerprint, self._stamp = hash_module(self._description, self.module), stamp
        return self._fingerprint
