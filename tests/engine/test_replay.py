"""Random numbers by position: the same whatever the workers, and after a resume."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import InfiniteSampler, pseudo_collate
from torch.utils.data import DataLoader, Dataset

from mmrs.engine import ReplayHook


class Noise(Dataset):
    """Ten samples of what the three generators say."""

    metainfo = {'classes': ('a',)}

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple:
        assert type(index) is int
        return index, random.random(), float(np.random.rand()), float(torch.rand(()))


def draw(workers: int, first: int, count: int, seed: int | None = 3) -> list:
    """Batches ``first`` to ``first + count`` of a run that starts or resumes at ``first``."""
    dataset = Noise()
    sampler = InfiniteSampler(dataset, seed=0)
    loader = DataLoader(dataset, batch_size=2, sampler=sampler, num_workers=workers, collate_fn=pseudo_collate)
    cfg = Config({'randomness': {'seed': seed}})
    runner = SimpleNamespace(train_dataloader=loader, seed=seed, iter=first, cfg=cfg)
    hook = ReplayHook()
    hook.before_train(runner)
    hook.before_train(runner)  # once more changes nothing
    hook.before_train_epoch(runner)
    sampler.skip(first * 2)
    iterator = iter(loader)
    return [next(iterator) for _ in range(count)]


def test_samples_do_not_depend_on_workers_or_history() -> None:
    whole = draw(0, 0, 9)
    np.random.seed(99)
    assert draw(2, 0, 9) == whole
    assert draw(0, 6, 3) == whole[6:]
    assert draw(2, 7, 2) == whole[7:]


def test_samples_differ_from_each_other() -> None:
    batches = draw(0, 0, 15)  # three passes over the data
    values = [value for batch in batches for value in batch[1]]
    assert len(set(values)) == len(values)


def test_steps_depend_on_seed_rank_and_iteration_only() -> None:
    def step(seed: int, iteration: int) -> float:
        runner = SimpleNamespace(seed=seed, iter=iteration, cfg=Config({'randomness': {'seed': seed}}))
        ReplayHook().before_train_iter(runner, 0)
        return float(torch.rand(()))

    assert step(1, 5) == step(1, 5)
    assert len({step(1, 5), step(1, 6), step(2, 5)}) == 3


def test_without_a_seed_nothing_changes() -> None:
    torch.manual_seed(1)
    runner = SimpleNamespace(seed=7, iter=0, cfg=Config({}))
    ReplayHook().before_train_iter(runner, 0)
    drawn = float(torch.rand(()))
    torch.manual_seed(1)
    assert drawn == pytest.approx(float(torch.rand(())))
