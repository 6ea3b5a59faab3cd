"""Pictures by user and hash, in a folder or in S3.

A picture is stored before any row names it. A crash leaves at worst a picture without a row, which
``storage.trash`` moves to the trash.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import BlobDamaged, BlobsUnknown
from storage.folder import Folder

if TYPE_CHECKING:
    from storage.bucket import Bucket  # its library is an extra that few installations need

BlobName = tuple[int, str]
"""The id of the user and the SHA-256 of the data in hex."""
OWNER, TRASH = ".database", "trash/"
"""The key of the database's name, and the prefix of what was swept."""
_AT_ONCE = 8


@dataclass(frozen=True)
class Access:
    """Credentials for S3-compatible storage; None: from the environment, as with AWS's own tools."""

    key: str | None = None
    secret: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None


def digest(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def key_of(name: BlobName) -> str:
    """Return the key of a blob in its store: ``USER/FIRST TWO DIGITS/SHA256``."""
    user, sha256 = name
    return f"{user}/{sha256[:2]}/{sha256}"


class Blobs:
    """A store of pictures. Calls block, so run them in a thread. Raises BlobsAway if it cannot be reached."""

    folder: Path | None = None
    """The folder, None for a store that is not one."""

    def __init__(self, files: Folder | Bucket) -> None:
        self._files = files

    def write(self, user: int, data: bytes) -> str:
        """Store data and return its hash; damaged data is replaced. Raises DiskFull."""
        name = digest(data)
        self._files.put(key_of((user, name)), data)
        return name

    def read(self, user: int, sha256: str) -> bytes:
        """Return a blob, verified; a blob in the trash is restored. Raises BlobDamaged."""
        key = key_of((user, sha256))
        data = self._files.get(key)
        if data is None and self.restore((user, sha256)):
            data = self._files.get(key)
        if data is None:
            raise BlobDamaged(f"{sha256} is missing")
        if digest(data) != sha256:
            raise BlobDamaged(f"{sha256} was altered")
        return data

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there, and not in the trash."""
        return self._files.size(key_of((user, sha256))) is not None

    def size(self, names: Iterable[BlobName]) -> int:
        """Return the bytes of all those that are there."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(size or 0 for size in pool.map(self._files.size, map(key_of, names)))

    def remove(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good, also from the trash; missing ones are ignored."""
        keys = list(map(key_of, names))
        self._files.delete([*keys, *(TRASH + key for key in keys)])

    def listed(self, prefix: str = "") -> Iterator[tuple[BlobName, float]]:
        """Yield every blob outside the trash, and when it was written in seconds since 1970."""
        for key, written in self._files.listed(prefix):
            parts = key.split("/")
            if len(parts) == 3 and parts[0].isdecimal():
                yield (int(parts[0]), parts[2]), written

    def trash(self, names: Iterable[BlobName]) -> None:
        """Move blobs to the trash."""
        for key in map(key_of, names):
            self._files.move(key, TRASH + key)

    def trashed(self) -> Iterator[tuple[BlobName, float]]:
        """Yield every blob in the trash, and when it was put there."""
        return self.listed(TRASH)

    def restore(self, name: BlobName) -> bool:
        """Move a blob back from the trash; False if it is not there."""
        return self._files.move(TRASH + key_of(name), key_of(name))

    def empty_trash(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good that are in the trash."""
        self._files.delete([TRASH + key_of(name) for name in names])

    def owner(self) -> str | None:
        """Return the name of the database that these pictures belong to, None before ``claim``."""
        return (self._files.get(OWNER) or b"").decode("ascii", "replace").strip() or None

    def claim(self, name: str) -> None:
        """Record the name of the database that these pictures belong to."""
        self._files.put(OWNER, f"{name}\n".encode())

    def check(self) -> None:
        """Raise BlobsAway or OSError if nothing can be written."""
        name = self.write(0, b"can this be written?")
        self.remove([(0, name)])


class BlobStore(Blobs):
    """A store of pictures in a folder, which several hosts may share."""

    def __init__(self, root: Path) -> None:
        super().__init__(Folder(root))
        self.root = self.folder = root

    def path(self, user: int, sha256: str) -> Path:
        """Return the file of a blob."""
        return self.root / key_of((user, sha256))

    def check(self) -> None:
        """Raise OSError if nothing can be written; a full disk is no reason not to start."""
        with tempfile.TemporaryFile(dir=self.root):
            pass

    def names(self) -> Iterator[tuple[int, str, Path]]:
        """Yield every blob outside the trash: user, hash, path."""
        for (user, sha256), _ in self.listed():
            yield user, sha256, self.path(user, sha256)


def blobs_at(where: str | Path, access: Access | None = None) -> Blobs:
    """Return the store of pictures in a folder, or at ``s3://BUCKET/PREFIX``. Raises BlobsUnknown."""
    scheme, separator, _ = str(where).partition("://")
    if not separator:
        return BlobStore(Path(where))
    if scheme != "s3":
        raise BlobsUnknown(f"{scheme} is not known: name a folder, or s3://bucket/prefix")
    if find_spec("obstore") is None:
        raise BlobsUnknown("S3 needs: pip install 'styleclip-bot[s3]'")
    from storage.bucket import Bucket

    given = access or Access()
    return Blobs(Bucket(str(where), given.key, given.secret, given.region, given.endpoint))
