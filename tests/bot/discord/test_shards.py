"""Two processes, each with one shard, on one database: one takes over what the other leaves open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.discord.request import PLATFORM
from storage.database import Database
from storage.history import History
from storage.inbox import Inbox
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT
from tests.bot.discord.processes import TOKEN, Process, done, frozen, process
from tests.discord_server import DiscordServer

pytestmark = pytest.mark.slow
PLACES = {"700000000000000010": "zero", "700000000000000011": "one"}


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """A Discord that recommends two shards, with a server on each."""
    async with DiscordServer(TOKEN, shards=2) as running:
        for shard, (channel, name) in enumerate(PLACES.items()):
            running.add_guild(f"server {name}", {channel: name}, shard=shard)
        yield running
        assert running.complaints == []


async def pid_of(editor_url: str) -> int:
    connector = aiohttp.UnixConnector(editor_url.removeprefix("unix:"))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get("http://editor/v1/health") as answer,
    ):
        return int((await answer.json())["pid"])


async def taken(database_url: str, message: dict[str, Any]) -> None:
    """Wait until a process has taken a message."""
    database = Database(database_url)
    async with asyncio.timeout(60):
        while not await Inbox(database).known(f"message:{message['id']}"):  # noqa: ASYNC110 - it is in another process
            await asyncio.sleep(0.05)
    await database.close()


async def test_each_process_answers_its_servers_and_takes_over_the_rest(
    server: DiscordServer, editor_url: str, database_url: str, tmp_path: Path
) -> None:
    zero, one = PLACES
    pid = await pid_of(editor_url)

    def shard(number: int, **settings: str) -> AbstractAsyncContextManager[Process]:
        shards = {"SHARD_COUNT": "2", "SHARD_IDS": str(number), "DATABASE_URL": database_url}
        return process(server, editor_url, tmp_path, **shards, **settings)

    async with shard(1, STOP_SECONDS="0.5") as second:
        async with shard(0) as first:
            await server.world.until(lambda: len(server.world.gateway.live()) == 2, 30)
            own = [
                await server.say(who, "pink hair", files=PORTRAIT, channel=place)
                for who in (ANN, BEN)
                for place in (zero, one)
            ]
            shown = [await done(server, message) for message in own]
            assert [message["content"] for message in shown if "pink hair" not in message["content"]] == []
            with frozen(pid):
                left = await server.say(ANN, "now less", channel=zero)
                await taken(database_url, left)
                first.process.kill()
                await first.process.wait()
        # nobody restarts the first process: the second answers in a server that it does not see
        await second.hears("answering . requests that an earlier run had taken")
        assert "60 %" in (await done(server, left))["content"]
        with frozen(pid):
            kept = await server.say(BEN, "now less", channel=one)
            await taken(database_url, kept)
            assert await second.stopped() == 0
        told = await server.answer_to(kept)
        assert "request is saved" in told["content"]
    async with shard(0) as first, shard(1) as second:
        await server.settled(told, lambda message: "60 %" in message["content"])
        missed = await server.say(ANN, "glasses", channel=zero)
        await done(server, missed)
        assert [await first.stopped(), await second.stopped()] == [0, 0]
    everything = [*own, left, kept, missed]
    assert [len(server.answers_to(message)) for message in everything] == [1] * len(everything)
    async with History.open(database_url, tmp_path / "pictures") as history:
        assert await Inbox(history.database).open(PLATFORM) == []
        for who, place, count in ((ANN, zero, 3), (ANN, one, 1), (BEN, zero, 1), (BEN, one, 2)):
            edit = await history.shown(PLATFORM, who["id"], place)
            assert edit is not None
            edits = await history.edits(edit.source)
            assert [made.number for made in edits] == list(range(count + 1))
            assert [made.parent for made in edits[1:]] == [made.id for made in edits[:-1]]
