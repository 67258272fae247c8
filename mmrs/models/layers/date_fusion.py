"""Joining the feature maps of two dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from mmrs.errors import ConfigError

DateFusion = Literal['concat', 'sum', 'diff', 'abs_diff']
DATE_FUSIONS = ('concat', 'sum', 'diff', 'abs_diff')


def split_dates(stack: Tensor, number: int = 2) -> tuple[Tensor, ...]:
    """Shares the channels of a stack of dates out, the earliest first.

    Args:
        stack: (B, number * C, H, W).
        number: Number of dates.

    Returns:
        ``number`` tensors (B, C, H, W).

    Raises:
        ConfigError: If the channels do not divide by the number of dates.
    """
    channels = stack.shape[1]
    if channels % number:
        fix = 'Load all dates: mmrs.LoadRaster(keys=["img_path", "img_path2"]), or mmrs.LoadTimeSeries(number=...).'
        raise ConfigError('inputs', f'{channels} channels', f'a multiple of {number}, as many a date', fix)
    return stack.chunk(number, dim=1)


def fuse_dates(before: Sequence[Tensor], after: Sequence[Tensor], how: DateFusion) -> tuple[Tensor, ...]:
    """Joins two dates' maps level by level (CGEarthEye specification, section 2.3).

    Args:
        before: Maps (B, C, H, W) of the earlier date.
        after: Maps of the later date, of the same shapes.
        how: ``'concat'`` (earlier channels first), ``'sum'``, ``'diff'`` (later minus earlier) or ``'abs_diff'``.

    Returns:
        One map a level, (B, 2 * C, H, W) for ``'concat'``, else (B, C, H, W).
    """
    return tuple(_JOINED[how](x, y) for x, y in zip(before, after, strict=True))


_JOINED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'concat': lambda x, y: torch.cat([x, y], dim=1),
    'sum': lambda x, y: x + y,
    'diff': lambda x, y: y - x,
    'abs_diff': lambda x, y: (y - x).abs(),
}
