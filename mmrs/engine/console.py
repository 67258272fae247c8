"""What a run says on the screen: what a person follows. The log file keeps everything."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from mmengine.logging import MMLogger

from mmrs.engine.sharding import ShardingRunner

# How mmengine's records about the set-up begin, and those of its warnings that concern its own code.
CHATTER = (
    '\n' + '-' * 60 + '\nSystem environment:',
    'Config:\n',
    'Hooks will be executed in the following order',
    'Distributed training is not used, all SyncBatchNorm',
    'paramwise_options -- ',
    'Exp name: ',
    'The prefix is not set in metric class',
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
)
WARNINGS = 'py.warnings'  # the logger that the standard library captures warnings for


def console_handlers(logger: logging.Logger) -> list[logging.StreamHandler]:
    """Handlers of a logger that write to the screen."""
    return [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler)
    ]


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a record belongs on the screen; errors always do."""
    return record.levelno >= logging.ERROR or not record.getMessage().startswith(CHATTER)


def _give_up_on_closed_pipe(handler: logging.StreamHandler, record: logging.LogRecord) -> None:
    """Falls silent when nobody reads on, as in ``mmrs train | head``; the run and its log file go on."""
    if isinstance(sys.exc_info()[1], BrokenPipeError):
        handler.setLevel(logging.CRITICAL + 1)
    else:
        logging.StreamHandler.handleError(handler, record)


class QuietRunner(ShardingRunner):
    """mmengine's runner, whose screen shows iterations, time left, scores and warnings that a user can act upon.

    System, config, hooks and per-parameter options go to the log file alone, whose path is the first line. A config
    with ``log_level = 'DEBUG'`` shows everything.
    """

    def build_logger(self, log_level: int | str = 'INFO', log_file: str | None = None, **kwargs: Any) -> MMLogger:
        """Builds the logger; see ``mmengine.runner.Runner.build_logger``."""
        logger = super().build_logger(log_level, log_file, **kwargs)
        for handler in console_handlers(logger):
            handler.handleError = partial(_give_up_on_closed_pipe, handler)  # type: ignore[method-assign]
            if handler.level > logging.DEBUG:
                handler.addFilter(is_worth_a_line)
        logging.getLogger(WARNINGS).handlers = [h for h in logger.handlers if isinstance(h, logging.FileHandler)]
        logger.info(f'Settings, versions and all messages: {logger.log_file}')
        return logger


@contextlib.contextmanager
def warnings_to_log() -> Iterator[None]:
    """Sends Python warnings, which are libraries' talk among themselves, to the log file of the run alone."""
    logger = logging.getLogger(WARNINGS)
    propagate, logger.propagate = logger.propagate, False
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logger.handlers.clear()
        logger.propagate = propagate


def import_host(scope: str | None) -> None:
    """Imports the datasets of a host; some print a line about a dataset library that hardly anyone has.

    Args:
        scope: ``mmseg``, ``mmdet``, ...; None and what cannot be imported are left to whoever needs it.
    """
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(ImportError):
        importlib.import_module(f'{scope}.datasets')
