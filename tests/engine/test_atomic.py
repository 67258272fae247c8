"""Atomic writes: the old file or the new one, whatever happens."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmrs.engine.atomic import remove_leftovers, write_atomic
from mmrs.errors import WeightsError

WRITER = """
import sys
from mmrs.engine.atomic import write_atomic
print('ready', flush=True)
number = 0
while True:
    number += 1
    write_atomic(sys.argv[1], bytes([number % 256]) * 3_000_000)
"""


def test_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / 'new' / 'file.pth'
    write_atomic(target, b'one')
    write_atomic(target, b'two')
    assert target.read_bytes() == b'two'
    assert list(target.parent.iterdir()) == [target]


def test_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    target = tmp_path / 'file.pth'
    for delay in (0.0, 0.003, 0.011):
        process = subprocess.Popen([sys.executable, '-c', WRITER, str(target)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        while not target.exists():
            time.sleep(0.001)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = target.read_bytes()
        assert len(content) == 3_000_000 and len(set(content)) == 1
    remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture
def small_files():
    """Lets this process write at most 1 MiB into a file, as a full disk does (the system refuses the rest)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_full_disk_keeps_the_old_file(tmp_path: Path, small_files: None) -> None:
    target = tmp_path / 'file.pth'
    write_atomic(target, b'old')
    with pytest.raises(WeightsError, match='Free space') as caught:
        write_atomic(target, b'x' * 2**21)
    assert 'room for 2.0 MiB' in str(caught.value)
    assert target.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [target]


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / 'runs').write_text('')
    with pytest.raises(WeightsError, match='cannot be written'):
        write_atomic(tmp_path / 'runs' / 'file.pth', b'x')
