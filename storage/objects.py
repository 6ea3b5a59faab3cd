"""Pictures as objects in S3-compatible storage, under the keys of ``storage.blobs``.

It uses ``obstore``, a library without dependencies that signs, retries and deletes in bulk. The folder has a
class of its own (``BlobStore``) because obstore's store for folders never flushes a file to the disk, so that
a crash could lose it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.blobs import OWNER, TRASH, Access, BlobName, digest, key_of, name_of, verified
from storage.errors import BlobDamaged, BlobsAway, BlobsUnknown

_AT_ONCE = 8


class ObjectStore:
    """Objects in a bucket, given as ``s3://BUCKET`` or ``s3://BUCKET/PREFIX``. Raises BlobsUnknown."""

    folder: Path | None = None

    def __init__(self, url: str, access: Access) -> None:
        parsed = urlsplit(url)
        if parsed.scheme != "s3" or not parsed.netloc:
            raise BlobsUnknown("it is not like s3://bucket/prefix")
        given = {"access_key_id": access.key, "secret_access_key": access.secret, "endpoint": access.endpoint}
        self._store = S3Store(
            parsed.netloc,
            prefix=parsed.path.strip("/") or None,
            region=access.region or "us-east-1",
            client_options={
                "allow_http": (access.endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]
        )

    def write(self, user: int, data: bytes) -> str:
        """Store data and return its hash.

        It is written again if it is there, so that it is young and no sweep takes it.
        """
        name = digest(data)
        self._put(key_of((user, name)), data)
        return name

    def _put(self, key: str, data: bytes) -> None:
        try:
            with _translated():
                obstore.put(self._store, key, data)
        except FileNotFoundError as error:
            raise BlobsAway("there is no such bucket") from error

    def _get(self, key: str) -> bytes | None:
        try:
            with _translated():
                return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def read(self, user: int, sha256: str) -> bytes:
        """Return a blob, verified; a blob in the trash is restored. Raises BlobDamaged."""
        key = key_of((user, sha256))
        data = self._get(key)
        if data is None and self.restore((user, sha256)):
            data = self._get(key)
        if data is None:
            raise BlobDamaged(f"{sha256} is missing")
        return verified(data, sha256)

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there, and not in the trash."""
        return self._size((user, sha256)) is not None

    def _size(self, name: BlobName) -> int | None:
        try:
            with _translated():
                return obstore.head(self._store, key_of(name))["size"]
        except FileNotFoundError:
            return None

    def size(self, names: Iterable[BlobName]) -> int:
        """Sum the bytes of those that are there."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(size or 0 for size in pool.map(self._size, names))

    def remove(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good, also from the trash; missing ones are ignored."""
        keys = [key_of(name) for name in names]
        self._delete(keys + [f"{TRASH}/{key}" for key in keys])

    def _delete(self, keys: list[str]) -> None:
        with _translated():
            if keys:
                obstore.delete(self._store, keys)

    def listed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob outside the trash, and when it was written in seconds since 1970."""
        return self._dated("")

    def trash(self, names: Iterable[BlobName]) -> None:
        """Move blobs to the trash."""
        for name in names:
            self._move(key_of(name), f"{TRASH}/{key_of(name)}")

    def trashed(self) -> Iterator[tuple[BlobName, float]]:
        """Every blob in the trash, and when it was put there."""
        return self._dated(f"{TRASH}/")

    def restore(self, name: BlobName) -> bool:
        """Move a blob back from the trash; False if it is not there."""
        return self._move(f"{TRASH}/{key_of(name)}", key_of(name))

    def _move(self, source: str, target: str) -> bool:
        try:
            with _translated():
                obstore.copy(self._store, source, target)
        except FileNotFoundError:
            return False
        self._delete([source])
        return True

    def empty_trash(self, names: Iterable[BlobName]) -> None:
        """Remove blobs for good that are in the trash."""
        self._delete([f"{TRASH}/{key_of(name)}" for name in names])

    def owner(self) -> str | None:
        """The name of the database that these pictures belong to, None if no database claimed them."""
        return (self._get(OWNER) or b"").decode("ascii", "replace").strip() or None

    def claim(self, name: str) -> None:
        """Record the name of the database that these pictures belong to."""
        self._put(OWNER, f"{name}\n".encode())

    def _dated(self, prefix: str) -> Iterator[tuple[BlobName, float]]:
        """The blobs below a prefix, and when they were written."""
        with _translated():
            for batch in obstore.list(self._store, prefix or None):
                for found in batch:
                    if (name := name_of(found["path"].removeprefix(prefix))) is not None:
                        yield name, found["last_modified"].timestamp()

    def check(self) -> None:
        """Raise BlobsAway if nothing can be written."""
        name = self.write(0, b"can this be written?")
        self.remove([(0, name)])


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the library's errors as BlobsAway, apart from FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise BlobsAway(type(error).__name__) from error
