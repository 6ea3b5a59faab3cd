"""A whole evening: three servers, two shards, forty members, four hundred things done, and both processes killed in the middle.

Every member knows what each answer has to be, and says so at once (``guests``). In the end what the bot has kept is compared
with what all of them remember.
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

from bot.discord.requests.request import PLATFORM
from storage.history import History
from storage.inbox import Inbox
from storage.schema import SourceRow
from tests.bot.discord.evening import TOKEN, Process, running
from tests.bot.discord.guests import Guest
from tests.bot.discord.moderators import MOE, appoint
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


def invited(server: DiscordServer, bot: Process) -> list[Guest]:
    """The members: every fifth in private, every fourth writes Chinese."""
    places = [channel for guild in server.guilds.values() for channel in guild.channels]
    return [
        Guest(
            number,
            server,
            bot,
            None if number % 5 == 4 else places[number % len(places)],
            "zh-CN" if number % 4 == 3 else "en",
        )
        for number in range(MEMBERS)
    ]


async def test_an_evening_with_both_processes_killed(
    server: DiscordServer, tmp_path: Path, bundles: Path
) -> None:
    async with running(server, tmp_path / "data", bundles) as bot:
        guests = invited(server, bot)
        appoint(server, MOE)
        troubled = [guest for guest in guests if guest.place in server.home.channels][:3]
        done, news = Counter[str](), asyncio.Event()
        for guest in guests:
            guest.after = lambda: (done.update(["all"]), news.set())  # type: ignore[func-returns-value, return-value]

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
            for guest in guests:
                group.create_task(guest.spend(ACTIONS, guests, MOE if guest in troubled else None))
        assert done["all"] == MEMBERS * ACTIONS
        await asyncio.sleep(3.0)  # time to be told something twice
        await _nothing_is_left(bot, guests)
    _each_was_answered_once(server, guests)
    assert "Traceback" not in bot.log
    assert server.complaints == []


async def _nothing_is_left(bot: Process, guests: list[Guest]) -> None:
    """What the bot has kept is what its members remember."""
    async with History.open(bot.database, bot.folder / "pictures") as history:
        assert await Inbox(history.database).open(PLATFORM) == []
        assert await history.jobs.under_way() == []
        for guest in guests:
            await _same_albums(history, guest)


async def _same_albums(history: History, guest: Guest) -> None:
    conversation = await history.conversation(PLATFORM, guest.user["id"], guest.channel)
    async with history.database.read() as session:
        query = (
            select(SourceRow.id).where(SourceRow.conversation_id == conversation.id).order_by(SourceRow.id)
        )
        sources = list((await session.execute(query)).scalars())
    assert len(sources) == len(guest.albums), guest.did
    for number, album in zip(sources, guest.albums, strict=True):
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
        assert [one[:2] for one in kept] == [one[:2] for one in known], (guest.did, kept, known)
        for (_, _, is_so), (_, _, remembered) in zip(kept, known, strict=True):
            if remembered is not None:
                assert is_so == tuple((guest.name_of(wish), strength) for wish, strength in remembered), (
                    guest.did,
                    kept,
                    known,
                )
        source = await history.source(number)
        assert _pixels((await history.picture(source.picture)).data) == _pixels(album.picture)


def _pixels(picture: bytes) -> bytes:
    return Image.open(io.BytesIO(picture)).convert("RGB").tobytes()


def _each_was_answered_once(server: DiscordServer, guests: list[Guest]) -> None:
    """As many replies to each message as it asked for, one answer to each command, and nobody left waiting."""
    everything = [
        m for m in (*server.messages.values(), *server.deleted.values()) if m["author"]["id"] == objects.BOT
    ]
    replies = Counter(m["message_reference"]["message_id"] for m in everything if m.get("message_reference"))
    wanted = Counter[str]()
    for guest in guests:
        wanted.update(guest.replies)
    assert replies == wanted
    headed = [
        m["id"] for m in everything if not m.get("message_reference") and "interaction_metadata" not in m
    ]
    assert sorted(headed) == sorted(number for guest in guests for number in guest.commands)
    assert sorted(server.unanswered) == sorted(number for guest in guests for number in guest.failed)
    thinking = [m for m in server.messages.values() if m["flags"] & objects.LOADING]
    assert thinking == []
