"""Pictures as files, named by their hash and kept apart per user; in a folder, which several hosts may share.

A file is written beside its place, flushed to the disk and renamed into place before any row names it; a crash leaves at
worst a file without a row, which ``sweep`` removes after a grace period. Elsewhere than in a folder pictures lie in objects
(``storage.objects``), with the same names.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from storage.errors import BlobDamaged, BlobsUnknown, DiskFull


def digest(data: bytes) -> str:
    """The name of a blob: SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def verified(data: bytes, sha256: str) -> bytes:
    """The bytes, if they have that hash. Raises BlobDamaged."""
    if digest(data) != sha256:
        raise BlobDamaged(f"{sha256} was altered")
    return data


@dataclass(frozen=True)
class Access:
    """How S3-compatible storage is reached; what is None comes from the environment, as with AWS's own tools."""

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None


class Blobs(Protocol):
    """A store of pictures. Calls block; run them in a thread. Raises BlobsAway where it cannot be reached."""

    @property
    def folder(self) -> Path | None:
        """Where it lies, if that is a folder."""

    def write(self, user: int, data: bytes) -> str:
        """Store bytes and return their hash. Raises DiskFull."""

    def read(self, user: int, sha256: str) -> bytes:
        """The bytes of a blob, verified. Raises BlobDamaged."""

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there."""

    def size(self, names: Iterable[tuple[int, str]]) -> int:
        """Bytes of all those that are there."""

    def remove(self, names: Iterable[tuple[int, str]]) -> None:
        """Remove blobs; those that are not there are removed already."""

    def sweep(self, kept: set[tuple[int, str]], grace_seconds: float) -> int:
        """Remove blobs that no row names and that are older than the grace period; returns how many."""

    def check(self) -> None:
        """Raise BlobsAway or OSError where nothing can be written."""


def blobs_at(where: str | Path, access: Access | None = None) -> Blobs:
    """The store of pictures in a folder, or at ``s3://BUCKET/PREFIX``. Raises BlobsUnknown."""
    scheme = str(where).partition("://")[0] if "://" in str(where) else None
    if scheme is None:
        return BlobStore(Path(where))
    if scheme != "s3":
        raise BlobsUnknown(f"{scheme} is not known: name a folder, or s3://bucket/prefix")
    if find_spec("obstore") is None:
        raise BlobsUnknown("S3 needs: pip install 'styleclip-bot[s3]'")
    from storage.objects import ObjectStore  # an extra, which most do without

    return ObjectStore(str(where), access or Access())


class BlobStore:
    """Files under ``root/<user>/<first two digits>/<sha256>``. Calls block; run them in a thread."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root
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
        return verified(data, sha256)

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there."""
        return self.path(user, sha256).is_file()

    def size(self, names: Iterable[tuple[int, str]]) -> int:
        """Bytes of all those that are there."""
        return sum(path.stat().st_size for path in (self.path(*name) for name in names) if path.is_file())

    def check(self) -> None:
        """Raise OSError where nothing can be written."""
        with tempfile.TemporaryFile(dir=self.root):
            pass

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
