"""``/owner status``: shards, editor, open requests, disk and versions at a glance."""

from __future__ import annotations

import asyncio
import math
import platform
import shutil
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import discord

from bot.discord.commands.owner.group import Interaction, begin, command
from bot.discord.requests.request import PLATFORM
from bot.discord.services import Services
from bot.discord.ui.interactions import services_of
from bot.discord.ui.view import show_privately, table
from bot.locales import Locale
from editor.api.errors import EditorError

_GIGABYTE, _MEGABYTE = 1e9, 1e6


@command("status")
async def status(interaction: Interaction) -> None:
    """Show the state of the bot and its editor."""
    locale, services = await begin(interaction), services_of(interaction)
    client = services.client
    servers = Counter(guild.shard_id for guild in client.guilds)
    waiting = await services.inbox.count_open(PLATFORM)
    lines = [
        *(_shard(locale, shard, servers[number]) for number, shard in sorted(client.shards.items())),
        await _editor(services, locale),
        locale.say("owner.status.wishes", number=waiting),
        await _disk(services, locale),
        _versions(locale),
    ]
    await show_privately(interaction, table(locale.say("owner.title.status"), lines))


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


def _versions(locale: Locale) -> str:
    try:
        bot = version("styleclip-bot")
    except PackageNotFoundError:  # run from its source
        bot = "?"
    python = platform.python_version()
    return locale.say("owner.status.versions", bot=bot, library=discord.__version__, python=python)
