"""Fixtures: a Discord on loopback, and a bot that is connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from bot.conversation.service import Conversations
from bot.discord import Bot
from bot.discord.dispatch import progress
from bot.discord.request import PLATFORM
from storage.history import History
from storage.records import Edit
from tests.conftest import make_png
from tests.discord_server import DiscordServer, objects, point_library, schema

ANN, BEN = objects.user("800000000000000001", "ann"), objects.user("800000000000000002", "ben")
LI = objects.user("800000000000000003", "li") | {"locale": "zh-CN"}
PORTRAIT = {"me.png": (make_png(), "image/png")}
Start = Callable[..., AbstractAsyncContextManager[Bot]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send each answer as one message, however slow the machine is; progress has its own tests."""
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    """A Discord with one server; the test fails if it has complaints in the end."""
    if not schema.present():
        print("Discord's description is not here: its objects go unchecked")
    async with DiscordServer() as running:
        point_library(running.base, monkeypatch.setattr)
        yield running
        assert running.complaints == []


@pytest.fixture
def start(server: DiscordServer, conversations: Conversations) -> Start:
    """``async with start() as bot``: a bot that is ready and has registered its commands."""

    @asynccontextmanager
    async def running(**options: Any) -> AsyncIterator[Bot]:
        options = {"cdn_hosts": {"127.0.0.1"}, "guild_ready_timeout": 0.05} | options
        service = options.pop("conversations", conversations)
        max_upload = options.pop("max_upload", 1024 * 1024)
        async with Bot(service, service.history, max_upload, **options) as bot:
            await bot.login(server.token)
            task = asyncio.create_task(bot.connect())
            await asyncio.wait_for(bot.wait_until_ready(), 20)
            await asyncio.wait_for(bot.registered.wait(), 20)
            yield bot
            await bot.close()
            await task
        await server.disconnect()

    return running


async def posted(server: DiscordServer, interaction: str, seconds: float = 60.0) -> dict[str, Any]:
    """The ordinary message that a slash command led to, once "thinking…" is gone."""
    asked = server.interactions[interaction]

    def found() -> dict[str, Any] | None:
        own = [
            m
            for m in server.messages.values()
            if m["author"]["id"] == objects.BOT and int(m["id"]) > int(interaction)
        ]
        return next(
            (m for m in own if "interaction_metadata" not in m and "message_reference" not in m), None
        )

    message = await server.world.until(found, seconds)
    await server.world.until(lambda: asked.original not in server.messages, 10)
    return message


async def edited(server: DiscordServer, who: dict[str, Any], wish: str, **options: Any) -> dict[str, Any]:
    """The answer to a portrait with a request."""
    return await server.answer_to(await server.say(who, wish, files=PORTRAIT, **options))


def words(message: dict[str, Any]) -> str:
    """All text in a message."""
    embeds = [
        f"{embed.get('title', '')}\n{embed.get('description', '')}" for embed in message.get("embeds") or []
    ]
    return "\n".join([message.get("content") or "", *embeds])


def labels(message: dict[str, Any]) -> list[str]:
    """The buttons of a message."""
    return [c["label"] for row in message["components"] for c in row["components"] if c["type"] == 2]


async def edit_of(history: History, message: dict[str, Any]) -> Edit:
    """The edit that a message shows, which is stored a moment after the message is sent."""
    async with asyncio.timeout(10):
        while (edit := await history.edit_of_message(PLATFORM, message["id"])) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return edit
