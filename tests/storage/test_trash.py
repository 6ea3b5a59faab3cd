"""Files without a row go to the trash, and never those of another database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.blobs import OWNER, Blobs, BlobStore
from storage.export import overview
from storage.history import History
from storage.records import NewSource, Picture
from storage.retention import Retention
from storage.trash import TRASH_DAYS, Swept, sweep
from storage.upkeep import upkeep
from tests.storage.test_history import LATENT, begin, picture, step

OLD = -5.0
"""A grace period after which every file is old."""


@contextlib.asynccontextmanager
async def opened(folder: Path, blobs: Blobs, name: str = "history") -> AsyncIterator[History]:
    async with History.open(f"sqlite:///{folder}/{name}.sqlite", blobs) as history:
        yield history


async def fill(history: History, count: int, user: str = "ann") -> None:
    conversation = await history.conversation("test", user, "here")
    for number in range(count):
        made = Picture(f"{user} {number}".encode(), "image/png", 8, 8)
        await history.add_source(conversation.id, NewSource(made, "tiny", "f00d", LATENT, {}))


def age(blobs: BlobStore, days: float = 1.0) -> None:
    """Make all files old, those in the trash too."""
    then = time.time() - days * 86400
    for path in blobs.root.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def count(blobs: Blobs) -> int:
    return len(list(blobs.listed()))


async def test_a_sweep_spares_what_is_named_or_young(history: History) -> None:
    root = await begin(history)
    stray = history.blobs.write(1, b"nobody's")
    assert await sweep(history.database, history.blobs) == Swept()
    assert await sweep(history.database, history.blobs, OLD) == Swept(trashed=1)
    assert not history.blobs.has(1, stray)
    assert await history.picture(root.picture) == picture()


async def test_what_was_swept_is_removed_after_days_and_restored_when_its_row_appears(
    blobs: Blobs,
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, blobs) as history:
        await fill(history, 4)
        lost, wanted = blobs.write(1, b"lost"), blobs.write(1, b"wanted")
        assert await sweep(history.database, blobs, OLD) == Swept(trashed=2)
        assert await sweep(history.database, blobs, OLD) == Swept()
        async with opened(tmp_path, BlobStore(tmp_path / "elsewhere")) as other:
            conversation = await other.conversation("test", "ann", "here")
            made = Picture(b"wanted", "image/png", 8, 8)
            await other.add_source(conversation.id, NewSource(made, "tiny", "f00d", LATENT, {}))
        assert await sweep(history.database, blobs, OLD) == Swept(restored=1)
        assert (blobs.has(1, wanted), blobs.has(1, lost)) == (True, False)
        if isinstance(blobs, BlobStore):
            age(blobs, TRASH_DAYS - 1)
            assert await sweep(history.database, blobs) == Swept()
            age(blobs, TRASH_DAYS + 1)
            assert await sweep(history.database, blobs) == Swept(removed=1)


@pytest.mark.parametrize("adopted", [False, True])
async def test_a_new_database_sweeps_nothing_of_an_old_store(
    blobs: Blobs,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    adopted: bool,
) -> None:
    async with opened(tmp_path, blobs) as history:
        await fill(history, 4)
        if adopted:
            assert await sweep(history.database, blobs, OLD) == Swept()
            assert await asyncio.to_thread(blobs.owner) is not None
    caplog.set_level(logging.WARNING)
    async with opened(tmp_path, blobs, "mistyped") as wrong:
        assert (await sweep(wrong.database, blobs, OLD)).refused
        assert "4 of 4 are not in this database" in caplog.text
        await begin(wrong, "ann")  # it names few
        assert (await sweep(wrong.database, blobs, OLD)).refused
    assert count(blobs) == 5
    async with opened(tmp_path, blobs) as history:
        assert await sweep(history.database, blobs, OLD) == Swept(trashed=1)
        assert len(await history.edits(1)) == 1


async def test_the_first_start_after_an_upgrade_with_a_wrong_database_deletes_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "pictures")
    async with opened(tmp_path, store) as history:
        await fill(history, 12)
    age(store)
    async with opened(tmp_path, store, "empty") as wrong:
        await upkeep(wrong, 30)
    assert (count(store), list(store.trashed())) == (12, [])


async def test_two_databases_never_share_a_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store, other_store = BlobStore(tmp_path / "pictures"), BlobStore(tmp_path / "other")
    async with opened(tmp_path, store) as history, opened(tmp_path, other_store, "other") as other:
        await fill(history, 3)
        await fill(other, 3, "ben")
        await sweep(history.database, store)
        await sweep(other.database, other_store)
        store.write(7, b"stray")
        swept = await sweep(other.database, store, OLD)
        assert swept.refused is not None
        assert "belong to the database" in caplog.text
        assert count(store) == 4
        assert await sweep(history.database, store, OLD) == Swept(trashed=1)
        (store.root / OWNER).unlink()  # the operator says that they belong together: it must still look so
        assert (await sweep(other.database, store, OLD)).refused
        assert await sweep(history.database, store, OLD) == Swept()
        assert store.owner() is not None


async def test_an_older_copy_of_the_database_loses_nothing(tmp_path: Path) -> None:
    """Restored from a backup: the pictures made since then come back with the newer database."""
    store = BlobStore(tmp_path / "pictures")
    async with opened(tmp_path, store) as history:
        await fill(history, 20)
        await sweep(history.database, store)
        await history.database.scrub()
        (tmp_path / "backup.sqlite").write_bytes((tmp_path / "history.sqlite").read_bytes())
        await fill(history, 9, "ben")
    async with opened(tmp_path, store, "backup") as old:
        assert await sweep(old.database, store, OLD) == Swept(trashed=9)
    async with opened(tmp_path, store) as history:
        shown = await history.shown("test", "ben", "here")
        assert shown is not None
        assert (await overview(history, "test", "ben")).edits == 9
        assert await sweep(history.database, store, OLD) == Swept(restored=9)
    assert count(store) == 29


async def test_a_deletion_on_request_reaches_the_trash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "pictures")
    async with opened(tmp_path, store) as history:
        pink = await step(history, await begin(history), "pink hair")
        store.trash([(1, name) for _, name, _ in store.names()])
        assert await history.picture(pink.picture) == picture(len("pink hair"))
        await Retention(history).forget_user("test", "ann")
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
