"""Moderators for the tests, and helpers for their commands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from storage.history import History
from storage.servers import Audit, Servers
from tests.bot.discord.conftest import PORTRAIT, words
from tests.discord_server import DiscordServer, objects, permissions

MOE, MEI = (
    objects.user("800000000000000010", "moe"),
    objects.user("800000000000000011", "mei") | {"locale": "zh-CN"},
)
EVERYTHING = permissions.MODERATE_MEMBERS | permissions.MANAGE_GUILD | permissions.MANAGE_MESSAGES
Json = dict[str, Any]


def appoint(server: DiscordServer, *users: Json, granted: int = EVERYTHING) -> None:
    """Make users moderators of the first server."""
    role = server.add_role(server.home, "moderators", granted)
    for user in users:
        server.join(server.home, user, (role,))


async def mod(
    server: DiscordServer, name: str, options: Json | None = None, who: Json = MOE, **place: Any
) -> Json:
    """The private answer to a command of a moderator."""
    answer = await server.original_response(await server.slash(who, f"mod {name}", options, **place))
    assert answer["flags"] & 64
    assert answer["mentions"] == []
    return answer


async def told(
    server: DiscordServer, name: str, options: Json | None = None, who: Json = MOE, **place: Any
) -> str:
    """All text in the answer."""
    return words(await mod(server, name, options, who, **place))


async def asks(server: DiscordServer, who: Json, wish: str = "pink hair", **options: Any) -> Json:
    """The public answer to a portrait with a request."""
    return await server.answer_to(await server.say(who, wish, **{"files": PORTRAIT} | options))


async def audits(history: History) -> list[Audit]:
    """The audit log of the first server, newest first."""
    return await Servers(history.database).audits("discord", objects.GUILD, limit=100)


async def eventually(holds: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
