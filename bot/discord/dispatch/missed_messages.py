"""Finds the mentions and replies that were written while the bot was not connected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import discord

from bot.discord.builders import is_addressed
from bot.discord.errors import http_error_logged
from bot.discord.request import PLATFORM
from bot.discord.services import Services

MAX_PLACES, MAX_MESSAGES = 50, 100
ACTIVE_WITHIN, MAX_AGE = timedelta(days=7), timedelta(hours=24)
"""Places without a request in this time are not searched, and older messages are not answered."""


async def missed_messages(services: Services, owns: Callable[[int | None], bool]) -> list[discord.Message]:
    """Messages to the bot that are newer than the last one it saw in the same place, oldest first.

    ``owns`` tells whether a server, or None for direct conversations, belongs to this process.
    """
    client, now = services.client, datetime.now(UTC)
    messages: list[discord.Message] = []
    places = await services.inbox.active_places(PLATFORM, now - ACTIVE_WITHIN)
    for place, last_seen in places[:MAX_PLACES]:
        after = discord.Object(max(int(last_seen), discord.utils.time_snowflake(now - MAX_AGE)))
        with http_error_logged("missed messages of a channel could not be read"):  # deleted, or closed
            channel = client.get_channel(int(place)) or await client.fetch_channel(int(place))
            guild = getattr(channel, "guild", None)
            if isinstance(channel, discord.abc.Messageable) and owns(guild.id if guild else None):
                newer = channel.history(after=after, limit=MAX_MESSAGES, oldest_first=True)
                messages += [message async for message in newer if is_addressed(client, message)]
    return sorted(messages, key=lambda message: message.id)
