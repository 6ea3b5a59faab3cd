"""A request that was answered is never repeated, however its row could be closed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database
from storage.errors import DiskFull
from storage.history import History
from storage.jobs import MOST_ATTEMPTS, Jobs
from tests.storage.test_history import begin


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch, reserve: bool = False) -> Iterator[None]:
    """The database cannot be written; with a ``reserve`` it can once that is released."""
    remove = Jobs._remove

    async def refuse(self: Jobs, job: str) -> None:
        path = self.database.reserve.path
        if not reserve or path is None or path.exists():
            raise DiskFull("the database cannot grow")
        await remove(self, job)

    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "_remove", refuse)
        yield


async def test_what_could_not_be_closed_is_closed_later_and_not_resumed(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await begin(history)
    await history.jobs.begin("request", root.conversation, {"text": "pink"})
    with full_disk(monkeypatch):
        await history.jobs.finish("request")
        assert await history.jobs.under_way() == []
        assert not await history.jobs.resume("request")
        await asyncio.sleep(0.1)
        other = Database(history.database.url.render_as_string(hide_password=False))
        (left,) = await Jobs(other).under_way()
        assert not await Jobs(other).resume(left.id), "another process leaves it alone"
    for _ in range(100):
        if await Jobs(other).under_way() == []:
            break
        await asyncio.sleep(0.1)
    assert await Jobs(other).under_way() == []
    assert not await other.is_held("answered request")
    await other.close()


async def test_the_reserve_pays_for_closing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/history.sqlite"
    async with History.open(url, tmp_path / "pictures") as history:
        root = await begin(history)
        await history.jobs.begin("request", root.conversation, {"text": "pink"})
        with full_disk(monkeypatch, reserve=True):
            await history.jobs.finish("request")
        assert not (tmp_path / "history.sqlite.reserve").exists()
        assert not history.jobs._closing
    async with History.open(url, tmp_path / "pictures") as history:
        assert (tmp_path / "history.sqlite.reserve").exists()
        assert await history.jobs.under_way() == []


async def test_a_stop_closes_what_was_answered(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with History.open(database_url, tmp_path / "pictures") as history:
        root = await begin(history)
        await history.jobs.begin("request", root.conversation, {"text": "pink"})
        with full_disk(monkeypatch):
            await history.jobs.finish("request")
            await asyncio.sleep(0.05)
    async with History.open(database_url, tmp_path / "pictures") as history:
        assert await history.jobs.under_way() == []


async def test_a_request_that_kills_the_bot_is_dropped_in_the_end(history: History) -> None:
    root = await begin(history)
    await history.jobs.begin("request", root.conversation, {"text": "pink"})
    resumed = [await history.jobs.resume("request") for _ in range(MOST_ATTEMPTS + 1)]
    assert resumed == [True] * (MOST_ATTEMPTS - 1) + [False, False]
    assert await history.jobs.under_way() == []
    assert not await history.jobs.resume("unknown")


async def test_a_newer_message_supersedes_what_was_interrupted(history: History) -> None:
    ann, ben = await begin(history, "ann"), await begin(history, "ben")
    request: dict[str, Any] = {"text": "pink"}
    await history.jobs.begin("kept", ann.conversation, request)
    await history.jobs.begin("old", ann.conversation, request)
    await history.jobs.begin("other", ben.conversation, request)
    assert (await history.jobs.begin("new", ann.conversation, request)).new
    await history.jobs.begin("old", ann.conversation, request, True)
    assert len(await history.jobs.under_way()) == 4, "what is begun again supersedes nothing"
    await history.jobs.begin("newest", ann.conversation, request, True)
    assert {job.id for job in await history.jobs.under_way()} == {"other", "newest"}
