"""Settings of glibc's memory allocator.

By default each feature map of a large generator is mapped anew and unmapped after use, and the kernel clears
its pages every time. At 1024 pixels this is a quarter of the CPU time of a synthesis. Memory that the process
keeps is reused by the next layer instead.
"""

from __future__ import annotations

import contextlib
import ctypes

_MMAP_MAX, _TRIM_THRESHOLD, _ARENA_MAX = -4, -1, -8
"""Parameters of ``mallopt`` (malloc.h)."""
_NEVER = 2**31 - 1

_limit_gb = 6.0


def set_memory_limit(gigabytes: float) -> None:
    """Set how much memory this process may have resident on a CPU; 6 GB unless set."""
    global _limit_gb
    _limit_gb = gigabytes


def memory_limit() -> float:
    """Return how many gigabytes this process may have resident on a CPU."""
    return _limit_gb


def keep_memory() -> bool:
    """Keep freed memory in this process, if the C library can. Call it before any thread starts."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, _NEVER))
    return all(mallopt(name, value) for name, value in settings)


def release_memory() -> None:
    """Return unused pages to the system."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
