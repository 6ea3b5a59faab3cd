"""Standing: whether servers give the bot what it needs, said in the log in one sentence for each that does not.

A channel that the bot cannot see or may not write to is closed to it on purpose; one where it may write and lacks something
is a mistake, which members run into (``needed``).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

import discord

from bot.app.checks import LeaversUnheard, StartError, check_permissions, invite_link
from bot.cli.errors import complaint
from bot.discord.errors import MayNotAttach, MayNotReply

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_CHANNELS = 5
"""Channels of one server that are named; more are as many words for the same mistake."""


async def report(bot: Bot, guilds: Iterable[discord.Guild]) -> None:
    """Log what is missing in these servers, and where to invite the bot when it is in none at all."""
    for guild in guilds:
        settings = await bot.access.settings(str(guild.id))
        unheard = settings.forget_leavers and not bot.intents.members
        for trouble in [*missing(guild), *([LeaversUnheard(place=guild.name)] if unheard else [])]:
            logger.warning("%s", complaint(trouble))
    if not bot.guilds and bot.shard_ids is None and bot.application_id is not None:
        logger.info(
            "the bot is in no server yet; whoever manages one can add it: %s", invite_link(bot.application_id)
        )


def missing(guild: discord.Guild) -> list[StartError]:
    """What the server does not give as a whole, else what its channels take away."""
    try:
        check_permissions(guild.me.guild_permissions.value, f"“{guild.name}”")
    except StartError as error:
        return [error]
    lacking: list[StartError] = []
    for channel in guild.text_channels:
        granted = channel.permissions_for(guild.me)
        if not (granted.view_channel and granted.send_messages):
            continue
        try:
            check_permissions(granted.value, f"“{guild.name}”, #{channel.name}")
        except StartError as error:
            lacking.append(error)
    return lacking[:MOST_CHANNELS]


def check_channel(granted: discord.Permissions) -> None:
    """May the bot answer here with a picture, as a reply? Raises MayNotAttach, MayNotReply."""
    if not granted.attach_files:
        raise MayNotAttach
    if not granted.read_message_history:
        raise MayNotReply
