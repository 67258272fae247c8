"""How many images a second a training takes, and how long it waits for them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmrs.registry import HOOKS


@HOOKS.register_module()
class ThroughputHook(Hook):
    """Logs ``images_per_second`` and ``data_share`` of the training, to the log, ``scalars.json`` and other backends.

    Images are samples of all processes, which wait for each other at every step, so that the clock of the first one is
    that of all. The clock runs through: hooks (a checkpoint, a probe) count, validation and the first iteration do
    not. ``data_share`` is the part of that time in which the model waited for its loader: above some 10 % more
    ``num_workers`` pay off.

    Args:
        window: Iterations over which both are taken.
    """

    # Last, so that what the other hooks do after a step is not taken for waiting.
    priority = 'LOWEST'

    def __init__(self, window: int = 50) -> None:
        self._steps: deque[tuple[int, float, float]] = deque(maxlen=window)
        self._end: float | None = None
        self._wait = 0.0

    def before_train(self, runner: Runner) -> None:
        """Starts anew."""
        self._steps.clear()
        self._end = None

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Measures how long the batch took to arrive."""
        self._wait = time.perf_counter() - self._end if self._end is not None else 0.0

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Notes the step and updates both scalars."""
        now = time.perf_counter()
        if self._end is not None:
            count = samples_of(data_batch, getattr(runner.train_dataloader, 'batch_size', None) or 0)
            self._steps.append((count, now - self._end, self._wait))
            images, seconds, waited = (sum(column) for column in zip(*self._steps, strict=True))
            if seconds > 0:
                runner.message_hub.update_scalar('train/images_per_second', images * get_world_size() / seconds)
                runner.message_hub.update_scalar('train/data_share', waited / seconds)
        self._end = time.perf_counter()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Leaves the validation out."""
        if self._end is not None:
            self._end = time.perf_counter()


def samples_of(batch: Any, otherwise: int) -> int:
    """Samples in a batch.

    Args:
        batch: As a loader gives it: ``inputs`` as a list or a tensor, one entry a sample; or another.
        otherwise: Answer for another, such as crops by name.
    """
    inputs = batch.get('inputs') if isinstance(batch, Mapping) else None
    return len(inputs) if isinstance(inputs, list | Tensor) else otherwise
