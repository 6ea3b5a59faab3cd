"""Bounded caches of one bundle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class Caches:
    """Least-recently-used caches by name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._caches: dict[str, LRUCache[Hashable, Any]] = {}
        self._lock = threading.Lock()

    def get(self, name: str, key: Hashable, make: Callable[[], T], maxsize: int) -> T:
        """Return the value of ``key``, made on the first request. ``maxsize`` bounds the cache ``name``."""
        with self._lock:
            cache = self._caches.setdefault(name, LRUCache(maxsize))
            if key in cache:
                found: T = cache[key]
                return found
        value = make()  # outside the lock: it may take long, and may yield the device to another job
        with self._lock:
            cache[key] = value
        return value
