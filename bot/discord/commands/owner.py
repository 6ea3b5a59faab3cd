"""``/owner``: what the owner of the bot can do inside Discord, in the one server that OWNER_SERVER names."""

from __future__ import annotations

import asyncio
import contextlib
import math
import platform
import shutil
from collections import Counter
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bot import locales
from bot.discord import builders
from bot.discord.commands.descriptions import described, options
from bot.discord.dispatch import deferred
from bot.discord.errors import DiscordError, http_error_logged
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction, Services, locale_of, services_of
from bot.discord.ui.interactions import dispatch
from bot.discord.ui.view import OutgoingMessage, show_privately
from bot.locales import Locale
from editor.api.errors import EditorError

MAX_TRAINING_PROMPT, MAX_NOTE = 200, 500  # characters
MAX_TRAINING_MINUTES, MAX_ABSENCE_MINUTES = 120.0, 7 * 24 * 60
MAX_NAMES = 10
_ROLES = (discord.TeamMemberRole.admin, discord.TeamMemberRole.developer)
"""Members of a team who may change the application at Discord; others may only see its statistics."""
_GIGABYTE, _MEGABYTE = 1e9, 1e6

group = app_commands.Group(
    **described("owner.command.owner"), default_permissions=discord.Permissions(administrator=True)
)
_option = partial(options, "owner.option")


def _command(name: str) -> Any:
    return group.command(**described(f"owner.command.{name}"))


def owners(application: discord.AppInfo) -> frozenset[int]:
    """The ids of the application's owner, or of the members of its team who joined and may change it."""
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    joined = [m for m in team.members if m.membership_state is discord.TeamMembershipState.accepted]
    owner = {team.owner_id} if team.owner_id else set()
    return frozenset({m.id for m in joined if m.role in _ROLES} | owner)


async def _check_owner(interaction: Interaction) -> None:
    """Ask Discord each time, so that a former team member is out at once. Raises NotTheOwner."""
    if interaction.user.id not in owners(await interaction.client.application_info()):
        raise DiscordError("owner.error.not-the-owner")


async def _begin(interaction: Interaction) -> tuple[Locale, Services]:
    """Acknowledge a command privately; returns the owner's language. Raises NotTheOwner."""
    await deferred.defer(interaction)
    await _check_owner(interaction)
    return locale_of(interaction), services_of(interaction)


async def _record(
    interaction: Interaction,
    action: str,
    target: str | None = None,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Record what the owner did in the audit log, under no server."""
    actor = str(interaction.user.id)
    await services_of(interaction).servers.record(PLATFORM, None, actor, action, target, reason, **details)


# state


@_command("status")
async def status(interaction: Interaction) -> None:
    """Show the state of the bot and its editor at a glance."""
    locale, services = await _begin(interaction)
    client = services.client
    servers = Counter(guild.shard_id for guild in client.guilds)
    waiting = await services.inbox.count_open(PLATFORM)
    bot, python = "?", platform.python_version()
    with contextlib.suppress(PackageNotFoundError):  # run from its source
        bot = version("styleclip-bot")
    lines = [
        *(_shard(locale, shard, servers[number]) for number, shard in sorted(client.shards.items())),
        await _editor(services, locale),
        locale.say("owner.status.wishes", number=waiting),
        await _disk(services, locale),
        locale.say("owner.status.versions", bot=bot, library=discord.__version__, python=python),
    ]
    await show_privately(interaction, OutgoingMessage(title=locale.say("owner.title.status"), lines=lines))


def _shard(locale: Locale, shard: discord.ShardInfo, servers: int) -> str:
    if shard.is_closed():
        return locale.say("owner.status.shard.down", number=shard.id)
    milliseconds = f"{1000 * shard.latency:.0f}" if math.isfinite(shard.latency) else "?"
    return locale.say("owner.status.shard", number=shard.id, milliseconds=milliseconds, count=servers)


async def _editor(services: Services, locale: Locale) -> str:
    try:
        found = await services.conversations.editor.status()
    except EditorError:
        return locale.say("owner.status.editor.away")
    return locale.say(
        "owner.status.editor",
        bundles=locale.listed(found.bundles) or "?",
        running=found.running,
        waiting=found.waiting,
        device=found.device or "?",
        hours=f"{found.seconds / 3600:.1f}",
        libraries=", ".join(f"{name} {number}" for name, number in found.versions.items()),
    )


async def _disk(services: Services, locale: Locale) -> str:
    disk = await asyncio.to_thread(shutil.disk_usage, services.history.blobs.folder or Path.cwd())
    return locale.say(
        "owner.status.disk",
        free=f"{disk.free / _GIGABYTE:.1f}",
        total=f"{disk.total / _GIGABYTE:.1f}",
        database=f"{await services.history.database.size() / _MEGABYTE:.1f}",
    )


# bundles


@_command("reload")
async def reload(interaction: Interaction) -> None:
    """Have the editor read its bundles again, and say which are there and which are gone."""
    locale, services = await _begin(interaction)
    before = {bundle.name for bundle in await services.conversations.editor.bundles()}
    now = [bundle.name for bundle in await services.conversations.bundles.reload()]
    await _record(interaction, "reload", bundles=now)
    lines = [locale.say("owner.reloaded", names=locale.quoted(now))]
    if gone := sorted(before - set(now)):
        lines.append(locale.say("owner.reloaded.gone", names=locale.quoted(gone)))
    await show_privately(interaction, OutgoingMessage(locale.joined(lines)))


@_command("train")
@_option("prompt", "minutes")
async def train(
    interaction: Interaction,
    prompt: app_commands.Range[str, 1, MAX_TRAINING_PROMPT],
    minutes: app_commands.Range[float, 0.1, MAX_TRAINING_MINUTES] = 3.0,
) -> None:
    """Train a mapper for one prompt; if the bot is stopped meanwhile, it continues at its next start."""
    await _check_owner(interaction)
    await _record(interaction, "train", target=prompt, minutes=minutes)
    request = await builders.from_command(interaction, text=prompt, kind="train", minutes=minutes)
    await dispatch(interaction, request)


# maintenance


@_command("announce")
@_option("begins_in", "lasts", "note")
async def announce(
    interaction: Interaction,
    begins_in: app_commands.Range[int, 0, MAX_ABSENCE_MINUTES] = 10,
    lasts: app_commands.Range[int, 1, MAX_ABSENCE_MINUTES] = 30,
    note: app_commands.Range[str, 1, MAX_NOTE] | None = None,
) -> None:
    """Announce a maintenance, in its own language, in every server that has a channel for it."""
    locale, services = await _begin(interaction)
    start = discord.utils.utcnow() + timedelta(minutes=begins_in)
    begins = f"{discord.utils.format_dt(start, 't')} ({discord.utils.format_dt(start, 'R')})"
    guilds = services.client.guilds
    untold = [guild.name for guild in guilds if not await _tell(services, guild, begins, lasts, note)]
    told = len(guilds) - len(untold)
    await _record(interaction, "announce", reason=note, told=told, untold=len(untold), minutes=lasts)
    lines = [locale.say("owner.announced", told=told, count=len(guilds))]
    if untold:
        lines.append(locale.say("owner.announced.not", names=locale.quoted(untold[:MAX_NAMES])))
    await show_privately(interaction, OutgoingMessage(locale.joined(lines)))


async def _tell(
    services: Services, guild: discord.Guild, begins: str, minutes: int, note: str | None
) -> bool:
    """Tell one server, in its log channel or else its system channel; returns whether that was possible."""
    settings = await services.settings(str(guild.id))
    locale = locales.locale_of(preferred=settings.language or guild.preferred_locale.value)
    text = locale.say("owner.maintenance", begins=begins, count=minutes)
    message = OutgoingMessage(f"{text}\n>>> {note}" if note else text)
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
