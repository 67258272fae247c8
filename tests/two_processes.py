"""Work in two processes that talk through gloo."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing

Work = Callable[[int], Any]


def _run(work: Work, rank: int, store: Path, results: Any) -> None:
    torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
    distributed.init_process_group('gloo', init_method=f'file://{store}', rank=rank, world_size=2)
    try:
        results.put((rank, work(rank)))
    except BaseException:
        results.put((rank, RuntimeError(traceback.format_exc())))
        raise
    finally:
        distributed.destroy_process_group()


def in_two_processes(work: Work, folder: Path) -> list[Any]:
    """Calls ``work(rank)`` in two forks of this process.

    Args:
        work: Returns what can be pickled without shared memory: lists and numpy arrays, not tensors.
        folder: Where the processes meet; each call needs an empty one.

    Returns:
        What each returned, in the order of the ranks.

    Raises:
        RuntimeError: One failed; the text is its traceback.
    """
    context = multiprocessing.get_context('fork')
    results = context.Queue()
    processes = [context.Process(target=_run, args=(work, rank, folder / 'store', results)) for rank in range(2)]
    for process in processes:
        process.start()
    found: dict[int, Any] = {}
    try:
        for _ in processes:
            rank, found[rank] = results.get(timeout=120)
            if isinstance(found[rank], RuntimeError):
                raise found[rank]
    finally:
        for process in processes:
            process.join(timeout=None if len(found) == len(processes) else 0)
            process.terminate()
    return [found[0], found[1]]
