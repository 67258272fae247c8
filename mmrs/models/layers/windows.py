"""Cutting a feature map into (shifted) windows, for maps of any size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from mmrs.errors import ConfigError

Size = tuple[int, int]
WindowRule = Literal['clip', 'timm', 'pad', 'mmpretrain']
WINDOW_RULES = ('clip', 'timm', 'pad', 'mmpretrain')
# What keeps two tokens apart that the cyclic shift made neighbours. A finite value, as in every published Swin.
MASKED = -100.0


@dataclass(frozen=True)
class WindowPlan:
    """How one map is cut.

    Attributes:
        size: Rows and columns of the map.
        window: Rows and columns of a window.
        shift: Rows and columns that the map is rolled by.
        padded: Rows and columns after padding on the right and at the bottom.
        roll_first: Whether it is rolled before it is padded.
    """

    size: Size
    window: Size
    shift: Size
    padded: Size
    roll_first: bool


def plan_windows(size: Size, window: Size, shifted: bool, rule: WindowRule) -> WindowPlan:
    """Decides on the windows of a map.

    Args:
        size: Rows and columns of the map.
        window: Rows and columns of a window where the map has room for it.
        shifted: Whether the windows are shifted by half a window.
        rule: What happens where the map does not fit. ``'clip'``: the window shrinks to the map, an axis with one
            window is not shifted, a map that is no multiple is padded. ``'timm'``: the same, but the map is rolled
            before it is padded, as timm does; the mask then misses the seam by the padding, and opposite borders of
            the image see each other. ``'pad'``: the window stays and small maps are padded to it (mmpretrain's
            ``pad_small_map=True``). ``'mmpretrain'``: as ``'pad'``, but a map whose shorter side is one window is not
            shifted, and a smaller one is an error (mmpretrain's ``pad_small_map=False``).

    Raises:
        ConfigError: The rule is unknown, or it does not allow a map as small as this.
    """
    if rule not in WINDOW_RULES:
        raise ConfigError('window_rule', repr(rule), f'one of {WINDOW_RULES}', 'Correct the name.')
    if rule == 'mmpretrain' and min(size) < min(window):
        fix = "Use larger images, or window_rule='pad' or 'clip'."
        raise ConfigError(
            'image', f'a map of {size[0]} x {size[1]} cells', f'{min(window)} or more each way, one window', fix
        )
    clipped = (min(window[0], size[0]), min(window[1], size[1])) if rule in ('clip', 'timm') else window
    shift = (clipped[0] // 2, clipped[1] // 2) if shifted else (0, 0)
    if rule in ('clip', 'timm'):
        shift = (shift[0] * (size[0] > clipped[0]), shift[1] * (size[1] > clipped[1]))
    elif rule == 'mmpretrain' and min(size) == min(window):
        shift = (0, 0)
    padded = (-(-size[0] // clipped[0]) * clipped[0], -(-size[1] // clipped[1]) * clipped[1])
    return WindowPlan(size, clipped, shift, padded, roll_first=rule == 'timm')


def to_windows(x: Tensor, plan: WindowPlan) -> Tensor:
    """Cuts maps (B, H, W, C) into windows (B * windows, cells, C)."""
    if plan.roll_first:
        x = _pad(_roll(x, plan, -1), plan)
    else:
        x = _roll(_pad(x, plan), plan, -1)
    batch, height, width, channels = x.shape
    rows, columns = plan.window
    x = x.view(batch, height // rows, rows, width // columns, columns, channels)
    return x.transpose(2, 3).reshape(-1, rows * columns, channels)


def from_windows(windows: Tensor, plan: WindowPlan) -> Tensor:
    """Puts windows (B * windows, cells, C) back into maps (B, H, W, C)."""
    rows, columns = plan.window
    height, width = plan.padded
    x = windows.view(-1, height // rows, width // columns, rows, columns, windows.shape[-1])
    x = x.transpose(2, 3).reshape(-1, height, width, windows.shape[-1])
    if plan.roll_first:
        return _roll(_crop(x, plan), plan, 1)
    return _crop(_roll(x, plan, 1), plan)


def shift_mask(plan: WindowPlan, device: torch.device, dtype: torch.dtype) -> Tensor | None:
    """Values that are added to the attention logits of shifted windows; kept for maps of the same size.

    Returns:
        (windows, cells, cells), 0 or -100; None where nothing is shifted.
    """
    if not any(plan.shift):
        return None
    build: Callable[..., Tensor] = _shift_mask if torch.compiler.is_compiling() else _kept_shift_mask
    return build(plan, device, dtype)


def _shift_mask(plan: WindowPlan, device: torch.device, dtype: torch.dtype) -> Tensor:
    rows = _regions(plan.padded[0], plan.window[0], plan.shift[0], device)
    columns = _regions(plan.padded[1], plan.window[1], plan.shift[1], device)
    regions = (3 * rows[:, None] + columns)[None, :, :, None]
    unshifted = WindowPlan(plan.padded, plan.window, (0, 0), plan.padded, roll_first=False)
    region = to_windows(regions, unshifted).squeeze(-1)
    apart = region[:, :, None] != region[:, None, :]
    return torch.zeros(apart.shape, device=device, dtype=dtype).masked_fill(apart, MASKED)


@lru_cache(maxsize=32)
def _kept_shift_mask(plan: WindowPlan, device: torch.device, dtype: torch.dtype) -> Tensor:
    # A tensor made in inference mode could not be used in training later.
    with torch.inference_mode(False):
        return _shift_mask(plan, device, dtype)


def _regions(length: int, window: int, shift: int, device: torch.device) -> Tensor:
    """Region of each cell along one axis after the shift: before the last window, before the seam, after it."""
    cells = torch.arange(length, device=device)
    if not shift:
        return torch.zeros_like(cells)
    return (cells >= length - window).long() + (cells >= length - shift).long()


def _pad(x: Tensor, plan: WindowPlan) -> Tensor:
    below, right = plan.padded[0] - plan.size[0], plan.padded[1] - plan.size[1]
    return functional.pad(x, (0, 0, 0, right, 0, below)) if below or right else x


def _crop(x: Tensor, plan: WindowPlan) -> Tensor:
    return x if plan.padded == plan.size else x[:, : plan.size[0], : plan.size[1]]


def _roll(x: Tensor, plan: WindowPlan, direction: int) -> Tensor:
    if not any(plan.shift):
        return x
    return torch.roll(x, (direction * plan.shift[0], direction * plan.shift[1]), (1, 2))
