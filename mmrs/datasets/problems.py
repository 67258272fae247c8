"""Stops a run before training when more is wrong with its files than was allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mmrs.datasets.layout import Problem
from mmrs.errors import DataError


def refuse(problems: Sequence[Problem], skip_bad: int, option: str = 'skip_bad') -> None:
    """Stops if there are too many problems.

    Args:
        problems: What is wrong.
        skip_bad: How much of it is put up with.
        option: What a user calls this limit.

    Raises:
        DataError: Counting the problems by kind, and naming the first.
    """
    if len(problems) <= skip_bad:
        return
    first, kinds = problems[0], Counter(problem.kind for problem in problems)
    counts = ', '.join(f'{count} x {kind}' for kind, count in kinds.most_common())
    found = f'{first.text} ({len(problems)} problems: {counts})'
    raise DataError(first.path, found, f'at most {skip_bad} ({option})', f'Correct the files, or raise {option}.')
