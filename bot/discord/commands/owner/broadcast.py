"""``/owner announce``: tells every server, in its own language, when the bot will be away."""

from __future__ import annotations

from datetime import timedelta

import discord
from discord import app_commands

from bot.discord.commands.owner.group import Interaction, begin, command, option, record
from bot.discord.errors import http_error_logged
from bot.discord.services import Services
from bot.discord.ui.interactions import services_of
from bot.discord.ui.view import sentence, show_privately
from bot.locales import locale_of

MAX_MINUTES, MAX_NOTE, MAX_NAMES = 7 * 24 * 60, 500, 10


@command("announce")
@option("begins_in", "lasts", "note")
async def announce(
    interaction: Interaction,
    begins_in: app_commands.Range[int, 0, MAX_MINUTES] = 10,
    lasts: app_commands.Range[int, 1, MAX_MINUTES] = 30,
    note: app_commands.Range[str, 1, MAX_NOTE] | None = None,
) -> None:
    """Announce a maintenance in every server that has a channel for it."""
    locale, services = await begin(interaction), services_of(interaction)
    start = discord.utils.utcnow() + timedelta(minutes=begins_in)
    begins = f"{discord.utils.format_dt(start, 't')} ({discord.utils.format_dt(start, 'R')})"
    guilds = services.client.guilds
    untold = [guild.name for guild in guilds if not await _tell(services, guild, begins, lasts, note)]
    told = len(guilds) - len(untold)
    await record(interaction, "announce", reason=note, told=told, untold=len(untold), minutes=lasts)
    lines = [locale.say("owner.announced", told=told, count=len(guilds))]
    if untold:
        lines.append(locale.say("owner.announced.not", names=locale.quoted(untold[:MAX_NAMES])))
    await show_privately(interaction, sentence(locale.joined(lines)))


async def _tell(
    services: Services, guild: discord.Guild, begins: str, minutes: int, note: str | None
) -> bool:
    """Tell one server, in its log channel or else its system channel; returns whether that was possible."""
    settings = await services.access.settings(str(guild.id))
    locale = locale_of(preferred=settings.language or guild.preferred_locale.value)
    text = locale.say("owner.maintenance", begins=begins, count=minutes)
    message = sentence(f"{text}\n>>> {note}" if note else text)
    log = guild.get_channel(int(settings.log_channel)) if settings.log_channel is not None else None
    for channel in (log, guild.system_channel):
        if not isinstance(channel, discord.TextChannel):
            continue
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            with http_error_logged("a server could not be told about the maintenance"):
                await channel.send(message.content)
                return True
    return False
