"""Order of samples that lie in shards: mixed, but from a few shards at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.dataset import InfiniteSampler
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class ShardSampler(InfiniteSampler):
    """Endless order of the samples of a data set with ``shard_sizes``, such as ``mmrs.MaRSShards``.

    In each pass shards are drawn in another order, put together by ``together``, and the samples of each such group
    are mixed. Every process takes one stretch of the pass, so that it reads few shards beside its own. The order
    depends on the seed and on the number of processes alone; workers share a process' samples by batches. ``skip``
    goes to any place in it at once: a run that is resumed goes on with the samples that an unbroken one would take.

    Args:
        dataset: The data set.
        shuffle: Whether to mix; else shards and samples come in their order.
        seed: Of the draws, equal in all processes; None draws one.
        together: Shards whose samples are mixed.

    Raises:
        ConfigError: The data set has no shards, or fewer samples than there are processes.
    """

    def __init__(self, dataset: Any, shuffle: bool = True, seed: int | None = None, together: int = 8) -> None:
        sizes = getattr(dataset, 'shard_sizes', None)
        if not sizes or sum(sizes) != len(dataset):
            found = 'a data set without shards' if not sizes else 'a part of the samples of its shards'
            raise ConfigError('ShardSampler', found, 'all samples of some', 'Use InfiniteSampler for this one.')
        if together < 1:
            raise ConfigError('ShardSampler.together', str(together), 'a number from 1 on', 'Correct the sampler.')
        self.sizes, self.together, self.skipped = torch.tensor(sizes), together, 0
        super().__init__(dataset, shuffle, seed)
        if self.size < self.world_size:
            fix = 'Train with fewer processes.'
            raise ConfigError('ShardSampler', f'{self.size} samples', f'one for each of {self.world_size}', fix)

    def pass_order(self, number: int) -> Tensor:
        """Samples of one pass, of all processes.

        Args:
            number: Of the pass, from 0 on.
        """
        if not self.shuffle:
            return torch.arange(self.size)
        generator = torch.Generator().manual_seed((self.seed + 0x9E3779B97F4A7C15 * (number + 1)) % 2**63)
        starts = torch.cumsum(self.sizes, 0) - self.sizes
        order = []
        for shards in torch.randperm(len(self.sizes), generator=generator).split(self.together):
            samples = torch.cat([torch.arange(int(self.sizes[shard])) + starts[shard] for shard in shards])
            order.append(samples[torch.randperm(len(samples), generator=generator)])
        return torch.cat(order)

    def _indices_of_rank(self) -> Iterator[int]:
        """This process' stretches; a remainder of fewer samples than processes is left out of a pass."""
        length = self.size // self.world_size
        number, first = divmod(self.skipped, length)
        while True:
            stretch = self.pass_order(number)[self.rank * length : (self.rank + 1) * length]
            yield from stretch[first:].tolist()
            number, first = number + 1, 0

    def skip(self, num_samples: int) -> None:
        """Goes to a place in the order.

        Args:
            num_samples: Samples of this process before it, from the start.
        """
        self.skipped = num_samples
        self.indices = self._indices_of_rank()
