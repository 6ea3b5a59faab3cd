"""Catching up: mentions and replies that were written while the bot was not connected are answered when it is back."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import discord

from bot.discord.requests import builders
from bot.discord.requests.request import PLATFORM

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_PLACES, MOST_MESSAGES = 50, 100
LIVELY, TOO_OLD = timedelta(days=7), timedelta(hours=24)
"""Places without a wish for so long are not looked at; messages older than that are not answered any more."""


async def missed(bot: Bot) -> list[discord.Message]:
    """Messages to the bot in the liveliest places of its shards, newer than what it last saw there, oldest first."""
    moment = datetime.now(UTC)
    found = []
    for place, cursor in (await bot.desk.inbox.active_places(PLATFORM, moment - LIVELY))[:MOST_PLACES]:
        try:
            found += await _missed_in(bot, int(place), int(cursor), moment - TOO_OLD)
        except discord.HTTPException as error:  # gone, or closed to the bot by now
            logger.info("a channel cannot be caught up on: HTTP %d, code %d", error.status, error.code)
    return sorted(found, key=lambda message: message.id)


async def _missed_in(bot: Bot, place: int, cursor: int, oldest: datetime) -> list[discord.Message]:
    channel = bot.get_channel(place) or await bot.fetch_channel(place)
    guild = getattr(channel, "guild", None)
    if not isinstance(channel, discord.abc.Messageable) or not bot.owns(guild.id if guild else None):
        return []
    after = discord.Object(max(cursor, discord.utils.time_snowflake(oldest)))
    return [
        message
        async for message in channel.history(after=after, limit=MOST_MESSAGES, oldest_first=True)
        if builders.addressed(bot, message)
    ]
