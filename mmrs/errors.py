"""Errors that tell what was found, what was expected and what to do next."""

from __future__ import annotations

import os


class MmrsError(Exception):
    """Base of every error that mmrs raises on bad input.

    Args:
        subject: File, key or option that the error is about.
        found: What was found there.
        expected: What should have been there.
        fix: The next step for the user.
    """

    def __init__(self, subject: str | os.PathLike[str], found: str, expected: str, fix: str) -> None:
        self.subject, self.found, self.expected, self.fix = os.fspath(subject), found, expected, fix
        super().__init__(f'{self.subject}: found {found}; expected {expected}. {fix}')

    def __reduce__(self) -> tuple[type[MmrsError], tuple[str, str, str, str]]:
        """Survive the trip from a worker process."""
        return type(self), (self.subject, self.found, self.expected, self.fix)


class RasterError(MmrsError):
    """A raster cannot be read, written or used as asked."""


class DataError(MmrsError):
    """A dataset or one of its samples is missing or broken."""


class WeightsError(MmrsError):
    """A checkpoint is missing, damaged, unsafe or does not fit the model."""


class ConfigError(MmrsError):
    """A config or command-line option cannot be used."""


class OperatorError(MmrsError, RuntimeError):
    """A compiled mmcv operator is needed that mmrs does not supply."""
