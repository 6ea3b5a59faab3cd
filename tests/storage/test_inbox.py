"""A request is let in once and closed once it was answered, also if the process is killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from storage.history import History
from storage.inbox import Inbox, InboxItem
from storage.retention import Retention
from storage.schema import now

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from storage.history import History
from storage.inbox import Inbox

async def main():
    async with History.open(sys.argv[1], Path(sys.argv[2])) as history:
        await Inbox(history.database).accept("m1", "test", "ann", None, "here", {"text": "pink hair"})
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
def inbox(history: History) -> Inbox:
    return Inbox(history.database)


async def ask(
    inbox: Inbox, key: str, user: str = "ann", server: str | None = "club", **payload: object
) -> InboxItem | None:
    return await inbox.accept(
        key, "test", user, server, "here", {"text": f"request {key}", "link": "x"} | payload
    )


async def test_of_fifty_equal_requests_one_is_let_in(inbox: Inbox) -> None:
    found = await asyncio.gather(*(ask(inbox, "m1") for _ in range(50)))
    assert sum(one is not None for one in found) == 1
    assert await ask(inbox, "m1") is None
    assert await inbox.known("m1")
    assert not await inbox.known("m2")


async def test_an_answered_request_is_closed_and_keeps_only_its_words(inbox: Inbox) -> None:
    for key in ("m1", "m2", "m3"):
        await ask(inbox, key)
    await inbox.answered("m2", "reply")
    assert [one.key for one in await inbox.open("test")] == ["m1", "m3"]
    assert await inbox.open("test", "another") == []
    (closed,) = [one for one in await inbox.recent("test", "club", "ann") if one.key == "m2"]
    assert (closed.text, closed.message, closed.payload) == ("request m2", "reply", {"text": "request m2"})


async def test_a_request_is_still_open_after_a_kill(database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, database_url, str(tmp_path / "pictures")]
    process = await asyncio.to_thread(subprocess.run, command, timeout=60)
    assert process.returncode == -9
    async with History.open(database_url, tmp_path / "pictures") as history:
        (left,) = await Inbox(history.database).open("test")
        assert (left.key, left.text) == ("m1", "pink hair")


async def test_an_interrupted_request_is_claimed_by_one_process(inbox: Inbox) -> None:
    database = inbox.database
    for number in range(20):
        await ask(inbox, f"m{number:02}", user=f"u{number}")
    await inbox.accept("held", "test", "ann", None, "here", {}, holder="desk 1")
    await inbox.answered("m00")
    async with database.lock("desk 1"), database.lock("desk 2"), database.lock("desk 3"):
        first, second = await asyncio.gather(
            inbox.take_over("test", "desk 2"), inbox.take_over("test", "desk 3")
        )
        assert sorted(one.key for one in (*first, *second)) == [f"m{number:02}" for number in range(1, 20)]
        assert await inbox.take_over("test", "desk 1") == [], "processes that run keep their requests"
    async with database.lock("desk 2"):  # the others ended
        assert "held" in [one.key for one in await inbox.take_over("test", "desk 2")]


async def test_only_requests_that_count_are_counted(inbox: Inbox) -> None:
    await ask(inbox, "m1")
    await ask(inbox, "m2", counts=False)
    await ask(inbox, "m3", user="ben")
    await ask(inbox, "m4", server=None)
    hour = now() - timedelta(hours=1)
    assert len(await inbox.moments_since("test", "club", "ann", hour)) == 1
    assert len(await inbox.moments_since("test", None, "ann", hour)) == 1
    assert len(await inbox.moments_since("test", "club", "ann", now())) == 0


async def test_answered_requests_expire(inbox: Inbox, history: History) -> None:
    await ask(inbox, "m1")
    await ask(inbox, "m2")
    await inbox.answered("m1")
    await Retention(history).expire(1, now() + timedelta(days=2))
    assert [one.key for one in await inbox.recent("test", "club", "ann")] == ["m2"]


async def test_a_cursor_never_moves_back(inbox: Inbox) -> None:
    assert await inbox.cursor("test", "here") is None
    for message in ("9", "100", "50"):
        await inbox.move_cursor("test", "here", message)
    assert await inbox.cursor("test", "here") == "100"
    assert await inbox.active_places("test", now() - timedelta(minutes=1)) == [("here", "100")]
    assert await inbox.active_places("test", now() + timedelta(minutes=1)) == []
