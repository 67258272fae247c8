"""Freed memory is kept: a large block that comes back needs no new pages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from mmrs.engine.malloc import keep_freed_memory
print(keep_freed_memory() if sys.argv[1] == 'keep' else None)
def use():
    block = bytearray(200 << 20)
use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str, **environment: str) -> tuple[str, int]:
    run = [sys.executable, '-c', FAULTS, mode]
    output = subprocess.run(run, check=True, capture_output=True, text=True, env={**os.environ, **environment}).stdout
    done, faults = output.split()
    return done, int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='the setting is one of glibc')
def test_no_new_pages_for_the_same_block() -> None:
    assert page_faults('keep') == ('True', pytest.approx(0, abs=100))
    assert page_faults('leave')[1] > 200  # 600 MB, in huge pages of 2 MB at best


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='the setting is one of glibc')
def test_the_users_own_setting_wins() -> None:
    assert page_faults('keep', GLIBC_TUNABLES='glibc.malloc.mmap_threshold=131072')[0] == 'False'
