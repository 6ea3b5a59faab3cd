"""Makes the real discord.py talk to a server on loopback, in this process or in one that a test starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord.gateway import DiscordWebSocket
from yarl import URL


def point_library(base: str, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Make the library talk to the server at ``base`` (``DiscordServer.base``).

    A test passes ``monkeypatch.setattr``; a separate process calls this first.
    """
    put(discord.http.Route, "BASE", f"{base}/api/v10")
    put(discord.Asset, "BASE", base)
    put(DiscordWebSocket, "DEFAULT_GATEWAY", URL(base.replace("http", "ws") + "/gateway/"))


@asynccontextmanager
async def connected_bot(bot: discord.Client, token: str) -> AsyncIterator[None]:
    """Keep a bot logged in, connected and ready inside the block."""
    async with bot:
        await bot.login(token)
        task = asyncio.create_task(bot.connect())
        await asyncio.wait_for(bot.wait_until_ready(), 20)
        yield
        await bot.close()
        await task
