"""Pictures as files, named by their hash and kept apart per user.

A file is written beside its place, flushed to the disk and renamed into place before any row names it; a crash leaves at
worst a file without a row, which ``sweep`` removes after a grace period.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from storage.errors import BlobDamaged, DiskFull


def digest(data: bytes) -> str:
    """The name of a blob: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


class BlobStore:
    """Files under ``root/<user>/<first two digits>/<sha256>``. Calls block; run them in a thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, user: int, sha256: str) -> Path:
        """Where a blob lies."""
        return self.root / str(user) / sha256[:2] / sha256

    def write(self, user: int, data: bytes) -> str:
        """Store bytes and return their hash. Raises DiskFull and then leaves nothing behind."""
        name = digest(data)
        target = self.path(user, name)
        if target.exists():
            os.utime(target)  # young again, so that a sweep leaves it until its row is written
            return name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(target, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("no space for a picture") from error
            raise
        return name

    def read(self, user: int, sha256: str) -> bytes:
        """The bytes of a blob, verified. Raises BlobDamaged."""
        try:
            data = self.path(user, sha256).read_bytes()
        except FileNotFoundError as error:
            raise BlobDamaged(f"{sha256} is missing") from error
        if digest(data) != sha256:
            raise BlobDamaged(f"{sha256} was altered")
        return data

    def names(self) -> Iterator[tuple[int, str, Path]]:
        """Every file: user, hash, path."""
        for path in self.root.glob("*/??/*"):
            if path.is_file() and path.parts[-3].isdigit():
                yield int(path.parts[-3]), path.name, path

    def remove(self, names: Iterable[tuple[int, str]]) -> None:
        """Remove files, and the folders that are empty then."""
        for user, name in names:
            path = self.path(user, name)
            path.unlink(missing_ok=True)
            for folder in (path.parent, path.parent.parent):
                with suppress(OSError):  # not empty, or gone
                    folder.rmdir()

    def sweep(self, kept: set[tuple[int, str]], grace_seconds: float) -> int:
        """Remove files that no row names and that are older than the grace period; returns how many."""
        removed, oldest = 0, time.time() - grace_seconds
        for user, name, path in self.names():
            if (user, name) not in kept and path.stat().st_mtime <= oldest:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _write_whole(target: Path, data: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder."""
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
