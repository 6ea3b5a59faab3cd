"""Pictures as objects in S3-compatible storage, named as files are (``storage.blobs``): by user and hash.

Through ``obstore``, one library without dependencies: Apache Arrow's ``object_store``, which signs, retries and deletes in bulk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.blobs import Access, digest, verified
from storage.errors import BlobDamaged, BlobsAway, BlobsUnknown

_AT_ONCE = 8


class ObjectStore:
    """Objects ``<prefix>/<user>/<first two digits>/<sha256>`` of one bucket. Calls block; run them in a thread.

    ``url``: ``s3://BUCKET`` or ``s3://BUCKET/PREFIX``. Raises BlobsUnknown.
    """

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

    @staticmethod
    def _path(user: int, sha256: str) -> str:
        return f"{user}/{sha256[:2]}/{sha256}"

    def write(self, user: int, data: bytes) -> str:
        """Store bytes and return their hash. Written anew also where it is there: so it is young, and no sweep takes it."""
        name = digest(data)
        try:
            with _in_our_words():
                obstore.put(self._store, self._path(user, name), data)
        except FileNotFoundError as error:
            raise BlobsAway("there is no such bucket") from error
        return name

    def read(self, user: int, sha256: str) -> bytes:
        """The bytes of a blob, verified. Raises BlobDamaged."""
        try:
            with _in_our_words():
                data = bytes(obstore.get(self._store, self._path(user, sha256)).bytes())
        except FileNotFoundError as error:
            raise BlobDamaged(f"{sha256} is missing") from error
        return verified(data, sha256)

    def has(self, user: int, sha256: str) -> bool:
        """Whether a blob is there."""
        return self._size((user, sha256)) is not None

    def _size(self, name: tuple[int, str]) -> int | None:
        try:
            with _in_our_words():
                return obstore.head(self._store, self._path(*name))["size"]
        except FileNotFoundError:
            return None

    def size(self, names: Iterable[tuple[int, str]]) -> int:
        """Bytes of all those that are there."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return sum(size or 0 for size in pool.map(self._size, names))

    def remove(self, names: Iterable[tuple[int, str]]) -> None:
        """Remove objects; those that are not there are removed already."""
        with _in_our_words():
            if paths := [self._path(*name) for name in names]:
                obstore.delete(self._store, paths)

    def sweep(self, kept: set[tuple[int, str]], grace_seconds: float) -> int:
        """Remove objects that no row names and that are older than the grace period; returns how many."""
        oldest = datetime.now(UTC) - timedelta(seconds=grace_seconds)
        with _in_our_words():
            stray = [name for name, written in self._names() if name not in kept and written <= oldest]
        self.remove(stray)
        return len(stray)

    def _names(self) -> Iterator[tuple[tuple[int, str], datetime]]:
        for batch in obstore.list(self._store):
            for found in batch:
                parts = found["path"].split("/")
                if len(parts) >= 3 and parts[-3].isdigit():
                    yield (int(parts[-3]), parts[-1]), found["last_modified"]

    def check(self) -> None:
        """Raise BlobsAway where nothing can be written."""
        name = self.write(0, b"can this be written?")
        self.remove([(0, name)])


@contextmanager
def _in_our_words() -> Iterator[None]:
    """What the library raises, as ours; FileNotFoundError stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise BlobsAway(type(error).__name__) from error
