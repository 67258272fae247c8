"""The live line appears on terminals only and shows iterations, loss and the share of waiting for data."""

from __future__ import annotations

import io
import logging
from types import SimpleNamespace

from mmengine.logging import HistoryBuffer
from rich.console import Console

from mmrs.engine import ProgressHook


def run(terminal: bool) -> str:
    output = io.StringIO()
    hook = ProgressHook(Console(file=output, force_terminal=terminal, width=100))
    history = HistoryBuffer([0.5], [1])
    logger = logging.getLogger('progress-test')
    runner = SimpleNamespace(
        max_iters=4,
        iter=0,
        logger=logger,
        message_hub=SimpleNamespace(log_scalars={'train/loss': history}),
        val_dataloader=range(2),
    )
    hook.before_train(runner)
    for runner.iter in range(4):
        hook.before_train_iter(runner, runner.iter)
        hook.after_train_iter(runner, runner.iter)
        if runner.iter == 1:
            hook.before_val_epoch(runner)
            hook.after_val_iter(runner, 0)
            hook.after_val_epoch(runner)
    hook.after_run(runner)
    return output.getvalue()


def test_terminal() -> None:
    text = run(terminal=True)
    assert 'train' in text and '4/4' in text
    assert 'loss 0.5000' in text and 'data' in text


def test_pipe_stays_clean() -> None:
    assert run(terminal=False) == ''
