"""Keeps freed memory at hand, for networks on a CPU."""

from __future__ import annotations

import ctypes
import os
import platform

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
THRESHOLD = 1 << 30


def keep_freed_memory() -> bool:
    """Tells glibc to keep freed blocks of up to a gigabyte instead of returning them to the system.

    A network asks for the same large blocks again and again. By default glibc gives them back each time, and the system
    maps and clears them anew. Meant for a process of one's own, not for a library call: it holds for the whole process.
    Nothing happens where another allocator is preloaded or ``GLIBC_TUNABLES`` says what is wanted.

    Returns:
        Whether it was done; False on systems without glibc.
    """
    if platform.libc_ver()[0] != 'glibc' or 'glibc.malloc' in os.environ.get('GLIBC_TUNABLES', ''):
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(option, THRESHOLD) == 1 for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD))
