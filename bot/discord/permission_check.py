"""Which permissions the bot needs, and one log line for every server or channel that does not give them.

A channel that the bot cannot see or may not write to is closed to it on purpose. A channel where it may write
but lacks something else is a mistake that members would run into.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable

import discord

from bot.discord.errors import LeaversUnheard, PermissionsMissing
from bot.discord.services import Services
from bot.errors import StartError, sentence_for
from bot.locales import locale_of

logger = logging.getLogger(__name__)

PERMISSIONS = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Send Messages in Threads": 1 << 38,
}
"""Everything the bot needs: Discord's name of the permission, and its bit."""
NEEDED = sum(PERMISSIONS.values())
MAX_CHANNELS = 5  # channels named per server; a longer list would repeat the same mistake


def missing_permissions(granted: discord.Permissions, place: str) -> list[StartError]:
    """What a server or channel does not give of what the bot needs, as one error or none."""
    missing = [name for name, bit in PERMISSIONS.items() if not granted.value & bit]
    if not missing or granted.administrator:
        return []
    return [PermissionsMissing(permissions=", ".join(missing), place=place)]


def invite_link(application: int) -> str:
    """The link that adds the bot to a server, with the scopes and permissions it needs and no others."""
    scope = "bot%20applications.commands"
    return f"https://discord.com/oauth2/authorize?client_id={application}&scope={scope}&permissions={NEEDED}"


def missing_in(guild: discord.Guild) -> list[StartError]:
    """What is missing in a server as a whole, or else in its single channels."""
    if problems := missing_permissions(guild.me.guild_permissions, f"“{guild.name}”"):
        return problems
    for channel in guild.text_channels:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            problems += missing_permissions(granted, f"“{guild.name}”, #{channel.name}")
    return problems[:MAX_CHANNELS]


async def report(services: Services, guilds: Iterable[discord.Guild]) -> None:
    """Log what is missing in these servers, and the invite link if the bot is in no server at all."""
    client, locale = services.client, locale_of(preferred=os.environ.get("LANG"))
    for guild in guilds:
        problems = missing_in(guild)
        if (await services.settings(str(guild.id))).forget_leavers and not client.intents.members:
            problems.append(LeaversUnheard(place=guild.name))
        for problem in problems:
            logger.warning("%s", sentence_for(problem, locale))
    if not client.guilds and client.shard_ids is None and client.application_id is not None:
        link = invite_link(client.application_id)
        logger.info("the bot is in no server yet; anybody who manages a server can add it with %s", link)
