"""Skipping of broken samples, when a training run asks for it."""

from __future__ import annotations

import logging
from typing import Any

from mmengine.logging import print_log

from mmrs.errors import DataError, RasterError


class SkipBadMixin:
    """Counts broken samples of a dataset, logs each once, and stops past a limit.

    Mixed into a mmengine dataset, before it. Validation and testing never skip. Every dataloader worker counts
    the samples that it meets.

    Attributes:
        skip_bad: Number of broken samples to put up with; 0 stops at the first.
    """

    skip_bad: int = 0
    test_mode: bool

    def prepare_data(self, idx: int) -> Any:
        """Loads a sample.

        Returns:
            The sample, or None for mmengine to draw another one.

        Raises:
            DataError: If a sample is broken and ``skip_bad`` is used up.
            RasterError: If an image is broken and ``skip_bad`` is used up.
        """
        try:
            return super().prepare_data(idx)  # type: ignore[misc]
        except (DataError, RasterError) as error:
            bad: set[str] = self.__dict__.setdefault('_bad', set())
            if self.test_mode or self.skip_bad <= 0:
                raise
            if error.subject not in bad:
                bad.add(error.subject)
                print_log(f'skipped broken sample {len(bad)} of {self.skip_bad}: {error}', 'current', logging.WARNING)
            if len(bad) > self.skip_bad:
                expected = f'at most {self.skip_bad} (skip_bad)'
                raise DataError(error.subject, f'{len(bad)} broken samples', expected, f'Last: {error}') from error
            return None
