"""Tests run on SQLite, and with `make test-slow` on PostgreSQL too if a server is installed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.blobs import Blobs, blobs_at
from storage.history import History
from storage.schema import METADATA


@pytest.fixture
async def history(database_url: str, tmp_path: Path) -> AsyncIterator[History]:
    """A new history on either kind of database."""
    async with History.open(database_url, tmp_path / "pictures") as opened:
        yield opened


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return blobs_at(tmp_path / "pictures")
    return blobs_at(f"s3://pictures/{uuid.uuid4().hex}", request.getfixturevalue("s3"))


async def kept(history: History, folder: Path) -> bytes:
    """Return all that a database and its pictures hold, and the names of the files.

    For SQLite that is every byte on the disk. For PostgreSQL, which keeps deleted rows until its vacuum,
    it is every row.
    """
    found = await asyncio.to_thread(_on_disk, folder)
    if not history.database.sqlite:
        async with history.database.read() as connection:
            for table in METADATA.sorted_tables:
                rows = (await connection.execute(text(f'SELECT * FROM "{table.name}"'))).all()
                found += b"\n".join(
                    value if isinstance(value, bytes) else str(value).encode()
                    for row in rows
                    for value in row
                )
    return found


def _on_disk(folder: Path) -> bytes:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"".join(path.read_bytes() for path in files) + " ".join(map(str, files)).encode()
