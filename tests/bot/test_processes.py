"""Two real processes on one database: nothing is done twice, nothing is left, and no history is mixed up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from editor.api.client import EditorClient
from storage.history import History
from storage.inbox import Inbox
from storage.records import Edit
from tests.bot.hammer import USERS
from tests.conftest import make_png

pytestmark = pytest.mark.slow
TURNS = 6

Start = Callable[[str], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def history(database_url: str, tmp_path: Path) -> AsyncIterator[History]:
    """With a picture and a first wish of each user."""
    async with History.open(database_url, tmp_path / "pictures") as opened:
        yield opened


@pytest.fixture
async def start(history: History, database_url: str, editor_url: str, tmp_path: Path) -> Start:
    async with EditorClient(editor_url) as editor:
        bot = Conversations(history, editor, "tiny")
        for number, user in enumerate(USERS):
            turn = await bot.talk(
                Speaker("test", user, "here"), TalkRequest("pink hair", make_png(seed=number))
            )
            assert turn.error is None

    async def started(name: str) -> asyncio.subprocess.Process:
        arguments = (database_url, str(tmp_path / "pictures"), editor_url, name, str(TURNS))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bot.hammer", *arguments, stdout=-1
        )

    return started


async def chains(history: History) -> dict[str, list[Edit]]:
    """The edits of each user by number."""
    found = {}
    for user in USERS:
        shown = await history.shown("test", user, "here")
        assert shown is not None
        found[user] = await history.edits(shown.source)
    return found


async def out_of_order(history: History) -> int:
    """How many edits do not go on from the one before them; also checks that each wish made one."""
    count = 0
    for edits in (await chains(history)).values():
        ids = {edit.id: edit.number for edit in edits}
        assert [edit.number for edit in edits] == list(range(2 + 2 * TURNS))
        strengths = [edit.recipes[0]["strength"] for edit in edits[2:]]
        assert len(set(strengths)) == 2 * TURNS, "each wish was done once"
        count += sum(ids[edit.parent] != edit.number - 1 for edit in edits[1:] if edit.parent is not None)
        assert len({edit.id for edit in edits if edit.parent is None}) == 1
    assert await Inbox(history.database).open("test") == []
    assert await history.jobs.under_way() == []
    return count


async def test_two_processes_take_turns_in_the_same_conversations(history: History, start: Start) -> None:
    processes = [await start("first"), await start("second")]
    said = [(await asyncio.wait_for(process.communicate(), 240))[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert [len(lines.split()) for lines in said] == [len(USERS) * TURNS] * 2
    assert await out_of_order(history) == 0


async def test_what_a_killed_process_leaves_the_other_does(history: History, start: Start) -> None:
    first, second = await start("first"), await start("second")
    assert first.stdout is not None
    done = [await asyncio.wait_for(first.stdout.readline(), 120) for _ in range(4)]
    first.kill()
    rest = await first.stdout.read()
    said = (await asyncio.wait_for(second.communicate(), 240))[0].decode().split()
    assert (first.returncode, second.returncode) == (-9, 0)
    told = {line.decode().strip() for line in (*done, *rest.splitlines())}
    assert len(told | set(said)) >= (2 * TURNS - 1) * len(USERS), (
        "killed between an answer and saying so, it says nothing"
    )
    assert [key for key in said if key.startswith("first-")] != [], "the other has taken some over"
    assert await out_of_order(history) <= len(USERS), (
        "only what was under way goes on from where it was begun"
    )
