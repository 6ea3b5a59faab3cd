"""Users' pictures as pixels: recent ones stay decoded, since every follow-up needs the same one."""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress

import numpy as np
from cachetools import LRUCache, cached
from torch import Tensor

from editor.api.protocol import Geometry
from editor.device.batching import off_device
from editor.imaging.crop import crop
from editor.imaging.decode import STORED_LIMITS, decode

MAX_BYTES = 256 * 1024 * 1024
"""Bytes of the pictures that stay decoded: one of 50 megapixels takes 150 MB."""


class Picture:
    """Pixels, uint8 RGB [H, W, 3], and the squares that were cropped from them. Nothing may change them."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels
        self._squares: dict[tuple[Geometry, int], Tensor] = {}

    def square(self, geometry: Geometry, size: int) -> Tensor:
        """Return a square [3, size, size] in [-1, 1], cropped on the first request."""
        if (geometry, size) not in self._squares:
            self._squares[geometry, size] = crop(self.pixels, geometry, size)
        return self._squares[geometry, size]


class PictureCache:
    """Decoded pictures by the hash of their files, the least recently used dropped first. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._pictures: LRUCache[str, Picture] = LRUCache(max_bytes, lambda one: one.pixels.nbytes)
        self._lock = threading.Lock()
        self._read = cached(self._pictures, _digest, self._lock)(_decode)

    def read(self, data: bytes) -> Picture:
        """Return a stored picture, decoded on the first request. Raises BadPicture, PictureTooLarge."""
        with off_device():
            return self._read(data)

    def keep(self, data: bytes, picture: Picture) -> None:
        """Remember a picture that was encoded as ``data``."""
        with self._lock, suppress(ValueError):  # it is larger than the cache
            self._pictures[_digest(data)] = picture


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _decode(data: bytes) -> Picture:
    return Picture(decode(data, STORED_LIMITS).pixels)
