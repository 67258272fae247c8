"""Runs an iterator ahead in a thread of its own."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Generator, Iterable
from typing import Any, TypeVar

Item = TypeVar('Item')
_END = object()


def prefetch(items: Iterable[Item], depth: int, nice: int = 0) -> Generator[Item, None, None]:
    """Yields items that a thread makes ahead of their use.

    Args:
        items: What to iterate over; its work happens in the thread, its exceptions are raised here.
        depth: Items that may wait; the thread pauses when they do.
        nice: What to lower the thread's priority by (Linux; elsewhere a priority is the process').

    Yields:
        The items in their order. Closing the generator ends the thread.
    """
    waiting: queue.Queue[Any] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: Any) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        if nice and sys.platform == 'linux':
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
        try:
            for item in items:
                if not put((item, None)):
                    return
            put((_END, None))
        except BaseException as error:  # handed over, so that the caller sees it
            put((_END, error))

    thread = threading.Thread(target=work, name='mmrs-read-ahead', daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item
    finally:
        stop.set()
        thread.join()
