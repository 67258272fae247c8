"""Side-by-side timing: the peer and ours alternate in one process, and only their ratio is judged."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Comparison:
    """Medians over the pairs of one comparison.

    Attributes:
        ratio: Median over pairs of peer time / our time; above 1, ours is faster.
        peer_seconds: Median time of the peer.
        ours_seconds: Median time of ours.
    """

    ratio: float
    peer_seconds: float
    ours_seconds: float

    def row(self, **labels: object) -> dict[str, object]:
        """Labels followed by the three figures, as one row of :func:`markdown_table`."""
        return {
            **labels,
            'peer (ms)': f'{1e3 * self.peer_seconds:.3g}',
            'ours (ms)': f'{1e3 * self.ours_seconds:.3g}',
            'ratio': f'{self.ratio:.2f}',
        }


def compare(peer: Callable[[], Any], ours: Callable[[], Any], pairs: int = 7, warmup: int = 1) -> Comparison:
    """Times two callables in alternation, so that a busy moment of the machine hits both alike.

    Args:
        peer: The published implementation.
        ours: What it is compared to.
        pairs: Number of timed pairs; the order within a pair alternates.
        warmup: Untimed calls of each before the first pair.
    """
    for _ in range(warmup):
        peer()
        ours()
    peer_times, our_times = [], []
    for pair in range(pairs):
        if pair % 2:
            our_times.append(_seconds(ours))
            peer_times.append(_seconds(peer))
        else:
            peer_times.append(_seconds(peer))
            our_times.append(_seconds(ours))
    ratios = [a / b for a, b in zip(peer_times, our_times, strict=True)]
    return Comparison(statistics.median(ratios), statistics.median(peer_times), statistics.median(our_times))


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Rows as a markdown table; the columns are those of the first row, a missing cell stays empty."""
    if not rows:
        return ''
    names = list(rows[0])
    cells = [names, *([str(row.get(name, '')) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        '| ' + ' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + ' |' for line in cells
    ]
    lines.insert(1, '|' + '|'.join('-' * (width + 2) for width in widths) + '|')
    return '\n'.join(lines)


def resident_peak(function: Callable[[], Any]) -> float:
    """MB of memory that a call takes at its peak beyond what was in use before (Linux); call it in :func:`alone`."""
    ctypes.CDLL(None).malloc_trim(0)  # what earlier calls have freed is not in use
    Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew: a child inherits its parent's
    before = _resident('VmRSS')
    function()
    return _resident('VmHWM') - before


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Runs a function in a fresh process, whose allocator keeps no memory of earlier passes."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(function, arguments)


def machine_line() -> str:
    """One line that says what the figures were measured on."""
    import torch

    device = f', {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ''
    return (
        f'torch {torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()} CPUs '
        f'({platform.machine()}{device}), Python {platform.python_version()}'
    )


def _resident(field: str) -> float:
    """MB of ``VmRSS`` (now) or ``VmHWM`` (peak) of this process."""
    line = next(line for line in Path('/proc/self/status').read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def _seconds(function: Callable[[], Any]) -> float:
    import torch

    start = time.perf_counter()
    function()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start
