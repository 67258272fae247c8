"""Progress of a long job: a bar for people, a line now and then for log files."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


def passing_bar() -> Progress:
    """A bar on stderr that leaves nothing behind, on terminals only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def passing_bars() -> Iterator[Callable[[str, int, int], None]]:
    """One such bar for each part of a job; yields what is called with the part, what is done of it, and all of it."""
    with passing_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield show


class TileProgress:
    """Shows tiles done, tiles per second and time left on stderr; use it as a context manager.

    Args:
        label: What is worked on.
        interval: Seconds between two lines where stderr is no terminal.
    """

    def __init__(self, label: str, interval: float = 10.0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.label, self.interval = label, interval
        columns = (
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('tiles  {task.fields[rate]}'),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console) if console.is_terminal else None
        self._task = self._bar.add_task(label, total=None, rate='') if self._bar else None
        self._first: tuple[float, int] | None = None
        self._said = time.monotonic()

    def __enter__(self) -> TileProgress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Takes the state of the job.

        Args:
            done: Tiles done, those of an earlier run included.
            total: All tiles.
        """
        now = time.monotonic()
        start, before = self._first = self._first or (now, done)
        rate = (done - before) / (now - start) if now > start else 0.0
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total, rate=f'{rate:.1f}/s')
        elif now - self._said >= self.interval:
            self._said = now
            left = f', {(total - done) / rate:.0f} s left' if rate else ''
            print(f'{self.label}: {done}/{total} tiles, {rate:.1f} tiles/s{left}', file=sys.stderr, flush=True)
