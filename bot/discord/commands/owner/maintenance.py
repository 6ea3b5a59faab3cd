"""``/owner announce``: members are told beforehand when the bot will be away, each server in its own language."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.discord.commands import members
from bot.discord.commands.owner.group import Interaction, begin, command, option, record
from bot.discord.ui import interactions, view
from bot.locales import locale_of

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_MINUTES, MOST_NOTE, MOST_NAMES = 7 * 24 * 60, 500, 10


@command("announce")
@option("begins_in", "lasts", "note")
async def announce(
    interaction: Interaction,
    begins_in: app_commands.Range[int, 0, MOST_MINUTES] = 10,
    lasts: app_commands.Range[int, 1, MOST_MINUTES] = 30,
    note: app_commands.Range[str, 1, MOST_NOTE] | None = None,
) -> None:
    """Tell every server where there is a place to tell it."""
    locale, bot = await begin(interaction), interactions.bot_of(interaction)
    moment = discord.utils.utcnow() + timedelta(minutes=begins_in)
    begins = f"{discord.utils.format_dt(moment, 't')} ({discord.utils.format_dt(moment, 'R')})"
    untold = [guild for guild in bot.guilds if not await _tell(bot, guild, begins, lasts, note)]
    told = len(bot.guilds) - len(untold)
    await record(interaction, "announce", reason=note, told=told, untold=len(untold), minutes=lasts)
    lines = [locale.say("owner.announced", told=told, count=len(bot.guilds))]
    if untold:
        lines.append(
            locale.say(
                "owner.announced.not", names=locale.quoted(guild.name for guild in untold[:MOST_NAMES])
            )
        )
    await members.show(interaction, view.sentence(discord.utils.escape_mentions(locale.joined(lines))))


async def _tell(bot: Bot, guild: discord.Guild, begins: str, minutes: int, note: str | None) -> bool:
    """Whether one server could be told."""
    settings = await bot.access.settings(str(guild.id))
    locale = locale_of(preferred=settings.language or guild.preferred_locale.value)
    text = locale.say("owner.maintenance", begins=begins, count=minutes)
    card = view.sentence(f"{text}\n>>> {note}" if note else text)
    log = guild.get_channel(int(settings.log_channel)) if settings.log_channel is not None else None
    for channel in (log, guild.system_channel):
        if not isinstance(channel, discord.TextChannel):
            continue
        may = channel.permissions_for(guild.me)
        if not (may.view_channel and may.send_messages):
            continue
        try:
            await channel.send(card.content)
            return True
        except discord.HTTPException as error:
            logger.info("a server could not be told: HTTP %d, code %d", error.status, error.code)
    return False
