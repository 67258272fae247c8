"""A live line for people: iterations, loss, time left, and how long the model waited for data."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mmrs.engine.console import console_handlers
from mmrs.registry import HOOKS

SMOOTHING = 0.9


@HOOKS.register_module()
class ProgressHook(Hook):
    """Shows training, validation and testing as a bar on a terminal; does nothing where stderr is no terminal.

    ``data`` is the share of the time that the model waited for the loader: above some 10 % more workers pay off.

    Args:
        console: Where to draw; None means stderr.
    """

    priority = 'LOWEST'

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._progress: Progress | None = None
        self._task: Any = None
        self._streams: list[tuple[logging.StreamHandler, Any]] = []
        self._end_of_step = 0.0
        self._waited, self._worked = 0.0, 1e-9
        self._loss: float | None = None

    def before_train(self, runner: Runner) -> None:
        """Starts the bar of training."""
        self._start(runner)
        self._add('train', runner.max_iters, runner.iter)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Measures how long the batch took to arrive."""
        self._waited = SMOOTHING * self._waited + time.perf_counter() - self._end_of_step

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict | None = None
    ) -> None:
        """Advances by one iteration."""
        now = time.perf_counter()
        self._worked = SMOOTHING * self._worked + now - self._end_of_step
        self._end_of_step = now
        if self._progress is not None:
            # The message hub has taken the loss off the GPU already, so reading it there never waits.
            scalars = runner.message_hub.log_scalars
            loss = scalars['train/loss'].current() if 'train/loss' in scalars else None
            status = f'loss {float(loss):.4f}  ' if loss is not None else ''
            share = min(self._waited / self._worked, 1.0)
            self._progress.update(self._task, completed=runner.iter + 1, status=f'{status}data {share:.0%}')

    def before_val_epoch(self, runner: Runner) -> None:
        """Starts the bar of a validation."""
        self._begin_evaluation(runner, 'val', len(runner.val_dataloader))

    def before_test_epoch(self, runner: Runner) -> None:
        """Starts the bar of a test."""
        self._begin_evaluation(runner, 'test', len(runner.test_dataloader))

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Advances by one batch."""
        self._advance_evaluation(batch_idx)

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Advances by one batch."""
        self._advance_evaluation(batch_idx)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Removes the bar of the validation; that of training stays."""
        self._end_evaluation()

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Removes the bar of the test."""
        self._end_evaluation()

    def after_run(self, runner: Runner) -> None:
        """Gives the terminal back."""
        self._stop()

    def _start(self, runner: Runner) -> None:
        self._end_of_step = time.perf_counter()
        if self._progress is not None or not self.console.is_terminal or not is_main_process():
            return
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, TextColumn('{task.fields[status]}'), console=self.console, transient=True)
        self._progress.start()
        # rich keeps the bar below what is printed to sys.stderr; the logger's handlers hold the raw stream.
        self._streams = [(handler, handler.stream) for handler in console_handlers(runner.logger)]
        for handler, _ in self._streams:
            handler.setStream(sys.stderr)

    def _stop(self) -> None:
        for handler, stream in self._streams:
            handler.setStream(stream)
        self._streams = []
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _add(self, name: str, total: int, completed: int = 0) -> None:
        if self._progress is not None:
            self._task = self._progress.add_task(name, total=total, completed=completed, status='')

    def _begin_evaluation(self, runner: Runner, name: str, batches: int) -> None:
        self._training_task = self._task
        self._start(runner)
        self._add(name, batches)

    def _advance_evaluation(self, batch_idx: int) -> None:
        if self._progress is not None:
            self._progress.update(self._task, completed=batch_idx + 1)

    def _end_evaluation(self) -> None:
        if self._progress is not None:
            self._progress.remove_task(self._task)
            self._task = self._training_task
        self._end_of_step = time.perf_counter()
