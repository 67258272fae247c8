"""Reading ahead: order, errors and an early end."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from mmrs.apis.prefetch import prefetch


def test_items_come_in_order() -> None:
    assert list(prefetch(range(100), 3)) == list(range(100))


def test_work_happens_in_another_thread_and_only_so_far_ahead() -> None:
    made = []

    def source():
        for number in range(20):
            made.append(threading.current_thread().name)
            yield number

    with closing(prefetch(source(), 2)) as items:
        assert next(items) == 0
        assert len(made) <= 5
    assert set(made) == {'mmrs-read-ahead'}
    assert all(thread.name != 'mmrs-read-ahead' for thread in threading.enumerate())


def test_errors_reach_the_caller_after_the_items_before_them() -> None:
    def source():
        yield 1
        raise ValueError('broken block')

    items = prefetch(source(), 2)
    assert next(items) == 1
    with pytest.raises(ValueError, match='broken block'):
        next(items)
