"""``/owner status``: shards, editor, wishes, disk and versions at a glance."""

from __future__ import annotations

import asyncio
import math
import platform
import shutil
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import discord

from bot.discord.commands import members
from bot.discord.commands.owner.group import Interaction, begin, command
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import interactions, view
from bot.locales import Locale
from editor.api.errors import EditorError

if TYPE_CHECKING:
    from bot.discord.client import Bot

_GIGABYTE, _MEGABYTE = 1e9, 1e6


@command("status")
async def status(interaction: Interaction) -> None:
    """How the bot and its editor stand."""
    locale, bot = await begin(interaction), interactions.bot_of(interaction)
    lines = [
        *_shards(bot, locale),
        await _editor(bot, locale),
        await _wishes(bot, locale),
        await _disk(bot, locale),
        _versions(locale),
    ]
    await members.show(interaction, view.table(locale.say("owner.title.status"), lines))


def _shards(bot: Bot, locale: Locale) -> list[str]:
    servers = Counter(guild.shard_id for guild in bot.guilds)
    return [_shard(locale, shard, servers[number]) for number, shard in sorted(bot.shards.items())]


def _shard(locale: Locale, shard: discord.ShardInfo, servers: int) -> str:
    if shard.is_closed():
        return locale.say("owner.status.shard.down", number=shard.id)
    milliseconds = f"{1000 * shard.latency:.0f}" if math.isfinite(shard.latency) else "?"
    return locale.say("owner.status.shard", number=shard.id, milliseconds=milliseconds, count=servers)


async def _editor(bot: Bot, locale: Locale) -> str:
    try:
        found = await bot.conversations.editor.status()
    except EditorError:
        return locale.say("owner.status.editor.away")
    libraries = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return locale.say(
        "owner.status.editor",
        bundles=locale.listed(found.bundles) or "?",
        running=found.running,
        waiting=found.waiting,
        device=found.device or "?",
        hours=f"{found.seconds / 3600:.1f}",
        libraries=libraries,
    )


async def _wishes(bot: Bot, locale: Locale) -> str:
    return locale.say("owner.status.wishes", number=await bot.desk.inbox.count_open(PLATFORM))


async def _disk(bot: Bot, locale: Locale) -> str:
    disk = await asyncio.to_thread(shutil.disk_usage, bot.history.blobs.folder or Path.cwd())
    size = await bot.history.database.size()
    return locale.say(
        "owner.status.disk",
        free=f"{disk.free / _GIGABYTE:.1f}",
        total=f"{disk.total / _GIGABYTE:.1f}",
        database=f"{size / _MEGABYTE:.1f}",
    )


def _versions(locale: Locale) -> str:
    try:
        own = version("styleclip-bot")
    except PackageNotFoundError:  # run from its source
        own = "?"
    return locale.say(
        "owner.status.versions", bot=own, library=discord.__version__, python=platform.python_version()
    )
