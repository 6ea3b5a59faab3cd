"""Bytes as files in a folder, durable when they are written.

obstore, with which ``storage.bucket`` reaches S3, also stores in folders, but never flushes a file to the
disk, so that a crash could lose a file whose row was committed.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from storage.errors import DiskFull


class Folder:
    """Files below a folder, which is made if it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, key: str, data: bytes) -> None:
        """Write a file, or make it young if it is there. Raises DiskFull, and leaves nothing behind then."""
        path = self._root / key
        with suppress(FileNotFoundError):
            if path.read_bytes() == data:
                os.utime(path)  # so that a sweep spares it until its row is written
                return
        try:
            _write_whole(path, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("no space for a picture") from error
            raise

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes, None if there is no file."""
        with suppress(FileNotFoundError):
            return (self._root / key).read_bytes()
        return None

    def size(self, key: str) -> int | None:
        """Return a file's size, None if there is no file."""
        with suppress(FileNotFoundError):
            return (self._root / key).stat().st_size
        return None

    def move(self, key: str, target: str) -> bool:
        """Move a file, which becomes young by that; False if there is no file."""
        path = self._root / target
        try:
            os.utime(self._root / key)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._root / key, path)
        except FileNotFoundError:
            return False
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete files, and their folders and the users' folders if they are empty then."""
        for path in (self._root / key for key in keys):
            path.unlink(missing_ok=True)
            for folder in (path.parent, path.parent.parent):
                with suppress(OSError):  # not empty, or gone
                    folder.rmdir()

    def listed(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Yield the keys of blobs below a prefix, without it, and when they were written (since 1970)."""
        folder = self._root / prefix
        for path in folder.glob("*/??/*"):
            with suppress(FileNotFoundError):  # deleted meanwhile
                if path.is_file():
                    yield path.relative_to(folder).as_posix(), path.stat().st_mtime


def _write_whole(target: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all: temporary file, fsync, rename, fsync of the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
