"""Maxima over runs of rows, with the place of each maximum."""

from __future__ import annotations

import torch
from torch import Tensor


def segment_max(values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Maximum of each column over consecutive runs of rows.

    Args:
        values: (S, C).
        lengths: Rows in each run, (B,), int64, with sum S; 0 is allowed.

    Returns:
        Maxima (B, C), 0 for empty runs, and their rows (B, C), int64: the first of equal ones, S for empty runs.
    """
    rows, channels = values.shape
    run = torch.repeat_interleave(lengths)[:, None].expand(rows, channels)
    best = values.new_full((lengths.numel(), channels), -torch.inf)
    best = best.scatter_reduce(0, run, values, 'amax')
    place = torch.arange(rows, device=values.device)[:, None].expand(rows, channels)
    place = place.masked_fill(values < best.gather(0, run), rows)
    first = torch.full_like(best, rows, dtype=torch.long).scatter_reduce(0, run, place, 'amin')
    return best.masked_fill(lengths[:, None] == 0, 0), first
