"""Pictures as files in a folder, named by their hash and kept apart by user. Several hosts may share the
folder.

A file is written under another name, flushed to the disk and renamed before any row names it. A crash leaves
at worst a file without a row, which ``storage.sweep`` moves to the trash. ``storage.objects`` keeps pictures
in S3 under the same keys.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from storage.errors import BlobDamaged, BlobsUnknown, DiskFull

BlobName = tuple[int, str]
"""The id of the user and the SHA-256 of the data in hex."""
OWNER, TRASH = ".database", "trash"
"""The file that names the database, and the folder for what was swept."""


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def key_of(name: BlobName) -> str:
    """The path of a blob in its store: ``USER/FIRST TWO DIGITS/SHA256``."""
    user, sha256 = name
    return f"{user}/{sha256[:2]}/{sha256}"


def name_of(key: str) -> BlobName | None:
    """The name of a blob from its key, None for any other file."""
    user, _, rest = key.partition("/")
    folder, _, sha256 = rest.partition("/")
    return (int(user), sha256) if user.isdecimal() and folder and sha256 and "/" not in sha256 else None


def verified(data: bytes, sha256: str) -> bytes:
    """Return the data if it has that hash. Raises BlobDamaged."""
    if digest(data) != sha256:
        raise BlobDamaged(f"{sha256} was altered")
    return data


@dataclass(frozen=True)
class Access:
    """Credentials for S3-compatible storage; None: from the environment, as with AWS's own tools."""

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None


class Blobs(Protocol):
    """A store of pictures. Calls block, so run them in a thread. Raises BlobsAway if it cannot be reached."""

    @property
    def folder(self) -> Path | None:
        """The folder, None for a store that is not one."""

    def write(self, user: int, data: bytes) -> str:
        """Store data and return its hash. Data that is stored already becomes young again.

        Raises DiskFull.
        """

    def read(self, user: int, sha256: str) -> bytes:
        """Return a blob, verified; a blob in the trash is restored. Raises BlobDamaged."""

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there, and not in the trash."""

    def size(self, names: Iterable[BlobName]) -> int:
        """Sum the bytes of those that are there."""

    def remove(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good, also from the trash; missing ones are ignored."""

    def listed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob outside the trash, and when it was written in seconds since 1970."""

    def trash(self, names: Iterable[BlobName]) -> None:
        """Move blobs to the trash."""

    def trashed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob in the trash, and when it was put there."""

    def restore(self, name: BlobName) -> bool:
        """Move a blob back from the trash; False if it is not there."""

    def empty_trash(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good that are in the trash."""

    def owner(self) -> str | None:
        """The name of the database that these pictures belong to, None if no database claimed them."""

    def claim(self, name: str) -> None:
        """Record the name of the database that these pictures belong to."""

    def check(self) -> None:
        """Raise BlobsAway or OSError if nothing can be written."""


def blobs_at(where: str | Path, access: Access | None = None) -> Blobs:
    """The store of pictures in a folder, or at ``s3://BUCKET/PREFIX``. Raises BlobsUnknown."""
    scheme = str(where).partition("://")[0] if "://" in str(where) else None
    if scheme is None:
        return BlobStore(Path(where))
    if scheme != "s3":
        raise BlobsUnknown(f"{scheme} is not known: name a folder, or s3://bucket/prefix")
    if find_spec("obstore") is None:
        raise BlobsUnknown("S3 needs: pip install 'styleclip-bot[s3]'")
    from storage.objects import ObjectStore  # an extra that few installations need

    return ObjectStore(str(where), access or Access())


class BlobStore:
    """Files in a folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder, self._trash = root, root, root / TRASH
        root.mkdir(parents=True, exist_ok=True)

    def path(self, user: int, sha256: str) -> Path:
        """The file of a blob."""
        return self.root / key_of((user, sha256))

    def write(self, user: int, data: bytes) -> str:
        """Store data and return its hash; a damaged file is replaced.

        Raises DiskFull, and leaves nothing behind then.
        """
        name = digest(data)
        target = self.path(user, name)
        with suppress(FileNotFoundError):
            if target.read_bytes() == data:
                os.utime(target)  # so that a sweep spares it until its row is written
                return name
        try:
            _write_whole(target, data)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull("no space for a picture") from error
            raise
        return name

    def read(self, user: int, sha256: str) -> bytes:
        """Return a blob, verified; a blob in the trash is restored. Raises BlobDamaged."""
        path = self.path(user, sha256)
        try:
            if not path.exists():
                self.restore((user, sha256))
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise BlobDamaged(f"{sha256} is missing") from error
        return verified(data, sha256)

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there, and not in the trash."""
        return self.path(user, sha256).is_file()

    def size(self, names: Iterable[BlobName]) -> int:
        """Sum the bytes of those that are there."""
        return sum(path.stat().st_size for path in (self.path(*name) for name in names) if path.is_file())

    def remove(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good, also from the trash; missing ones are ignored."""
        for key in map(key_of, names):
            _unlink(self.root / key)
            _unlink(self._trash / key)

    def names(self) -> Iterator[tuple[int, str, Path]]:
        """Every blob outside the trash: user, hash, path."""
        for (user, sha256), _ in self.listed():
            yield user, sha256, self.path(user, sha256)

    def listed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob outside the trash, and when it was written in seconds since 1970."""
        return _dated(self.root)

    def trash(self, names: Iterable[BlobName]) -> None:
        """Move blobs to the trash."""
        for key in map(key_of, names):
            _move(self.root / key, self._trash / key)

    def trashed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob in the trash, and when it was put there."""
        return _dated(self._trash)

    def restore(self, name: BlobName) -> bool:
        """Move a blob back from the trash; False if it is not there."""
        return _move(self._trash / key_of(name), self.root / key_of(name))

    def empty_trash(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good that are in the trash."""
        for name in names:
            _unlink(self._trash / key_of(name))

    def owner(self) -> str | None:
        """The name of the database that these pictures belong to, None if no database claimed them."""
        with suppress(FileNotFoundError):
            return (self.root / OWNER).read_text("ascii").strip() or None
        return None

    def claim(self, name: str) -> None:
        """Record the name of the database that these pictures belong to."""
        _write_whole(self.root / OWNER, f"{name}\n".encode())

    def check(self) -> None:
        """Raise OSError if nothing can be written."""
        with tempfile.TemporaryFile(dir=self.root):
            pass


def _dated(folder: Path) -> Iterator[tuple[BlobName, float]]:
    """The blobs in a folder, and when they were written."""
    for path in folder.glob("*/??/*"):
        with suppress(FileNotFoundError):  # removed meanwhile
            name = name_of(path.relative_to(folder).as_posix())
            if name is not None and path.is_file():
                yield name, path.stat().st_mtime


def _move(source: Path, target: Path) -> bool:
    """Move a file, which becomes young by that; False if it is not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.utime(source)
        os.replace(source, target)
    except FileNotFoundError:
        return False
    return True


def _unlink(path: Path) -> None:
    """Remove a file, and its folder and the user's folder if they are empty then."""
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):  # not empty, or gone
            folder.rmdir()


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
