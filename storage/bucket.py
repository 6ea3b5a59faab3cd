"""Bytes as objects in S3-compatible storage, with ``obstore``, which signs, retries and deletes in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from storage.errors import BlobsAway, BlobsUnknown


class Bucket:
    """Objects of a bucket, given as ``s3://BUCKET`` or ``s3://BUCKET/PREFIX``. Raises BlobsUnknown.

    What is None comes from the environment, as with AWS's own tools. The methods are those of
    ``storage.folder.Folder``.
    """

    def __init__(
        self, url: str, key: str | None, secret: str | None, region: str | None, endpoint: str | None
    ) -> None:
        parsed = urlsplit(url)
        if parsed.scheme != "s3" or not parsed.netloc:
            raise BlobsUnknown("it is not like s3://bucket/prefix")
        given = {"access_key_id": key, "secret_access_key": secret, "endpoint": endpoint}
        self._store = S3Store(
            parsed.netloc,
            prefix=parsed.path.strip("/") or None,
            region=region or "us-east-1",
            client_options={
                "allow_http": (endpoint or "").startswith("http://"),
                "timeout": timedelta(seconds=30),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
            **{name: value for name, value in given.items() if value},  # type: ignore[arg-type]
        )

    def put(self, key: str, data: bytes) -> None:
        """Write an object, also if it is there, so that it is young and no sweep takes it."""
        try:
            with _translated():
                obstore.put(self._store, key, data)
        except FileNotFoundError as error:
            raise BlobsAway("there is no such bucket") from error

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes, None if there is no object."""
        with suppress(FileNotFoundError), _translated():
            return bytes(obstore.get(self._store, key).bytes())
        return None

    def size(self, key: str) -> int | None:
        """Return an object's size, None if there is no object."""
        with suppress(FileNotFoundError), _translated():
            return obstore.head(self._store, key)["size"]
        return None

    def move(self, key: str, target: str) -> bool:
        """Move an object, which becomes young by that; False if there is no object."""
        with suppress(FileNotFoundError), _translated():
            obstore.rename(self._store, key, target)
            return True
        return False

    def delete(self, keys: list[str]) -> None:
        """Delete objects; missing ones are ignored."""
        with _translated():
            if keys:
                obstore.delete(self._store, keys)

    def listed(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Yield the objects below a prefix, and when they were written."""
        with _translated():
            for batch in obstore.list(self._store, prefix or None):
                for found in batch:
                    yield found["path"].removeprefix(prefix), found["last_modified"].timestamp()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the library's errors as BlobsAway, apart from FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise BlobsAway(type(error).__name__) from error
