"""Endurance: three servers, two shards, forty members, four hundred actions, and both processes killed in the
middle.

Each simulated member knows the right answer to each action and checks it at once (``simulated_members``). In
the end the database is compared with what all members expect.
"""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from bot.discord.request import PLATFORM
from storage.history import History
from storage.inbox import Inbox
from storage.schema import SOURCES
from tests.bot.discord.moderators import MOE, appoint
from tests.bot.discord.restarting_bot import TOKEN, RestartingBot, running
from tests.bot.discord.simulated_members import SimulatedMember
from tests.discord_server import DiscordServer, objects

pytestmark = pytest.mark.slow
MEMBERS, ACTIONS = 40, 10


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """Three servers with four channels each, on two shards."""
    channels = {str(710000000000000000 + number): f"portraits-{number}" for number in range(4)}
    async with DiscordServer(TOKEN, channels, shards=2) as running_server:
        for shard in (0, 1):
            numbers = {
                str(720000000000000000 + 10 * shard + number): f"faces-{number}" for number in range(4)
            }
            running_server.add_guild(f"server {shard}", numbers, shard=shard)
        yield running_server


def invited(server: DiscordServer, bot: RestartingBot) -> list[SimulatedMember]:
    """The members: every fifth talks to the bot directly, every fourth in Chinese."""
    places = [channel for guild in server.guilds.values() for channel in guild.channels]
    return [
        SimulatedMember(
            number,
            server,
            bot,
            None if number % 5 == 4 else places[number % len(places)],
            "zh-CN" if number % 4 == 3 else "en",
        )
        for number in range(MEMBERS)
    ]


async def test_many_members_while_both_processes_are_killed(
    server: DiscordServer, tmp_path: Path, bundles: Path
) -> None:
    async with running(server, tmp_path / "data", bundles) as bot:
        members = invited(server, bot)
        appoint(server, MOE)
        troubled = [member for member in members if member.place in server.home.channels][:3]
        done, news = Counter[str](), asyncio.Event()
        for member in members:
            member.after = lambda: (done.update(["all"]), news.set())  # type: ignore[func-returns-value, return-value]

        async def after(count: int) -> None:
            while done["all"] < count:
                news.clear()
                await news.wait()

        async def fate() -> None:
            await after(120)
            await bot.kill()
            await after(260)
            bot.kill_editor()

        async with asyncio.TaskGroup() as group:
            group.create_task(fate())
            for member in members:
                group.create_task(member.spend(ACTIONS, members, MOE if member in troubled else None))
        assert done["all"] == MEMBERS * ACTIONS
        await asyncio.sleep(3.0)  # time for a second answer, which must not come
        await _nothing_is_left(bot, members)
    _each_was_answered_once(server, members)
    assert "Traceback" not in bot.log
    assert server.complaints == []


async def _nothing_is_left(bot: RestartingBot, members: list[SimulatedMember]) -> None:
    """The database holds what the members expect, and no open request."""
    async with History.open(bot.database, bot.folder / "pictures") as history:
        assert await Inbox(history.database).open(PLATFORM) == []
        assert await history.jobs.under_way() == []
        for member in members:
            await _same_albums(history, member)


async def _same_albums(history: History, member: SimulatedMember) -> None:
    conversation = await history.conversation(PLATFORM, member.user["id"], member.channel)
    async with history.database.read() as connection:
        query = select(SOURCES.c.id).where(SOURCES.c.conversation_id == conversation.id)
        sources = list((await connection.execute(query.order_by(SOURCES.c.id))).scalars())
    assert len(sources) == len(member.albums), member.did
    for number, album in zip(sources, member.albums, strict=True):
        edits = await history.edits(number)
        names = {edit.id: edit.number for edit in edits}
        kept = [
            (
                edit.number,
                names.get(edit.parent or -1),
                tuple((str(r["said"] or r["prompt"]), float(r["strength"])) for r in edit.recipes),
            )
            for edit in edits
        ]
        known = [(n, parent, layers) for n, parent, layers in album.shape()]
        assert [one[:2] for one in kept] == [one[:2] for one in known], (member.did, kept, known)
        for (_, _, is_so), (_, _, remembered) in zip(kept, known, strict=True):
            if remembered is not None:
                assert is_so == tuple((member.name_of(wish), strength) for wish, strength in remembered), (
                    member.did,
                    kept,
                    known,
                )
        source = await history.source(number)
        assert _pixels((await history.picture(source.picture)).data) == _pixels(album.picture)


def _pixels(picture: bytes) -> bytes:
    return Image.open(io.BytesIO(picture)).convert("RGB").tobytes()


def _each_was_answered_once(server: DiscordServer, members: list[SimulatedMember]) -> None:
    """Every message got its replies, every command one answer, and nobody is left waiting."""
    everything = [
        m for m in (*server.messages.values(), *server.deleted.values()) if m["author"]["id"] == objects.BOT
    ]
    replies = Counter(m["message_reference"]["message_id"] for m in everything if m.get("message_reference"))
    wanted = Counter[str]()
    for member in members:
        wanted.update(member.replies)
    assert replies == wanted
    headed = [
        m["id"] for m in everything if not m.get("message_reference") and "interaction_metadata" not in m
    ]
    assert sorted(headed) == sorted(number for member in members for number in member.commands)
    assert sorted(server.unanswered) == sorted(number for member in members for number in member.failed)
    thinking = [m for m in server.messages.values() if m["flags"] & objects.LOADING]
    assert thinking == []
