"""Where tasks run: in this process, on the cores of this machine, or on the workers of a dask scheduler."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from mmrs.datasets.pretraining.extra import need
from mmrs.errors import ConfigError, DataError

Item = TypeVar('Item')
Result = TypeVar('Result')
# Runs a function on every item; yields results as they come.
Run = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]
AHEAD, LEAST_AHEAD = 8, 64  # tasks a worker, and in all, that the scheduler knows of: few enough to stop soon


@contextmanager
def workers(count: int | None = None, scheduler: str | None = None, patience: str = '20s') -> Iterator[Run]:
    """Starts or joins workers, and ends those that it started.

    A worker that dies is replaced, and what it was at is done again elsewhere (dask's retries).

    Args:
        count: Processes on this machine; None is one a core, 0 works in this process, without dask.
        scheduler: Address of a running dask scheduler, such as ``tcp://10.0.0.1:8786``, whose workers see the same
            files; goes before ``count``.
        patience: How long to wait for its answer.

    Yields:
        A function that runs tasks.

    Raises:
        ConfigError: If dask is not installed, or nothing answers at the address.
    """
    if count == 0 and scheduler is None:
        yield lambda function, items: map(function, items)
        return
    if count is not None and count < 0:
        raise ConfigError('--workers', str(count), 'a number of processes, or 0', 'Leave it out for one a core.')
    distributed = need('distributed')
    with _client(distributed, count, scheduler, patience) as client:
        yield lambda function, items: _spread(distributed, client, function, items)


@contextmanager
def _client(distributed: Any, count: int | None, scheduler: str | None, patience: str) -> Iterator[Any]:
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout=patience)
        except (OSError, ValueError) as error:
            fix = 'Start one: dask scheduler; and on each machine: dask worker ADDRESS --nthreads 1.'
            found = f'no answer ({" ".join(str(error).split())[:120]})'
            raise ConfigError('--scheduler', f'{scheduler}: {found}', 'a dask scheduler', fix) from error
        with client:
            yield client
        return
    # Workers that end or are lost write pages of log; what matters is told by results.
    options = dict(threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL)
    with distributed.LocalCluster(n_workers=count, **options) as cluster, distributed.Client(cluster) as client:
        yield client


def _spread(
    distributed: Any, client: Any, function: Callable[[Item], Result], items: Sequence[Item]
) -> Iterator[Result]:
    """Keeps a few tasks a worker at the scheduler, however many there are."""
    waiting = iter(items)
    ahead = max(LEAST_AHEAD, AHEAD * len(client.nthreads()))  # further workers may join
    running = distributed.as_completed(with_results=False)
    futures: set[Any] = set()

    def send() -> None:
        for item in waiting:
            future = client.submit(function, item, pure=False)
            futures.add(future)
            running.add(future)
            return

    try:
        for _ in range(ahead):
            send()
        for future in running:
            futures.discard(future)
            try:
                yield future.result()
            except distributed.KilledWorker as error:
                fix = 'It may need more memory than a worker has: use fewer --workers or smaller tiles.'
                raise DataError('mmrs data build', f'a task that ended its workers ({error})', 'none', fix) from error
            send()
    finally:
        client.cancel(list(futures))
