"""Random numbers that depend on the position in the training run only, so that a resumed run equals an unbroken one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import BatchSampler, Dataset, Sampler

from mmrs.registry import HOOKS


def seed_all(*key: int) -> None:
    """Seeds Python, NumPy and torch (all devices) from integers such as (seed, rank, iteration)."""
    state = np.random.SeedSequence([abs(part) for part in key]).generate_state(2)
    random.seed(int(state[0]))
    np.random.seed(state[0])
    torch.manual_seed(int(state[1]))


class _PositionedIndex(int):
    """A sample's index that also knows how many samples were drawn before it."""

    position: int


class _PositionedSampler(Sampler):
    """Yields the indices of another sampler with their position in the run."""

    def __init__(self, sampler: Any) -> None:
        self.sampler, self.position = sampler, 0

    def __iter__(self) -> Iterator[int]:
        for index in self.sampler:
            positioned = _PositionedIndex(index)
            positioned.position = self.position
            self.position += 1
            yield positioned

    def __len__(self) -> int:
        return len(self.sampler)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__['sampler'], name)


class _SeededDataset(Dataset):
    """Seeds every sample by its position before another dataset loads and augments it, in whichever worker."""

    def __init__(self, dataset: Dataset, seed: int, rank: int) -> None:
        self.dataset, self.seed, self.rank = dataset, seed, rank

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, _PositionedIndex):
            seed_all(self.seed, self.rank, index.position, 1)
        return self.dataset[int(index)]

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if 'dataset' not in self.__dict__:  # while unpickling in a worker
            raise AttributeError(name)
        return getattr(self.dataset, name)


@HOOKS.register_module()
class ReplayHook(Hook):
    """Makes a run that was killed and resumed equal to one that was not.

    The stock runner restores weights, optimizer and schedules, but random numbers start anew: dropout and
    augmentation differ after a resume. Here the generators are seeded from (seed, rank, iteration) before every
    step and from (seed, rank, position) before every sample. On the CPU the losses are then equal to the last bit.

    Needs ``randomness.seed``; without one the hook does nothing. Loaders without a batch sampler are left alone.
    """

    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Puts the wrappers into the training loader; it has not been iterated yet."""
        loader = runner.train_dataloader
        batches = loader.batch_sampler
        if self._seed(runner) is None or not isinstance(batches, BatchSampler):
            return
        if not isinstance(batches.sampler, _PositionedSampler):
            batches.sampler = _PositionedSampler(batches.sampler)
            # torch guards this attribute against exchange after construction because the sampler may depend on it;
            # here neither its length nor its order changes.
            object.__setattr__(loader, 'dataset', _SeededDataset(loader.dataset, runner.seed, get_rank()))

    def before_train_epoch(self, runner: Runner) -> None:
        """Tells the sampler how many samples came before, also right after a resume."""
        batches = runner.train_dataloader.batch_sampler
        sampler = getattr(batches, 'sampler', None)
        if isinstance(sampler, _PositionedSampler):
            sampler.position = runner.iter * batches.batch_size

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Seeds the step itself: dropout, stochastic depth, samplers of detectors."""
        if self._seed(runner) is not None:
            seed_all(runner.seed, get_rank(), runner.iter, 0)

    @staticmethod
    def _seed(runner: Runner) -> int | None:
        return runner.seed if runner.cfg.get('randomness', {}).get('seed') is not None else None
