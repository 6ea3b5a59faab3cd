"""Blocks: members who may not use the bot in a server, until a time or for good."""

from __future__ import annotations

from datetime import UTC, datetime

import discord
from discord import app_commands

from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.commands.moderation.decorators import PERMISSIONS, command, option
from bot.discord.errors import Moderator, Oneself, TheBot
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.interactions import Interaction
from bot.discord.ui.view import table
from bot.locales import Locale
from bot.moderation import duration
from storage.servers import Block

MAX_REASON, MAX_SHOWN = 300, 40
Reason = app_commands.Range[str, 1, MAX_REASON]


@command("block", "moderate_members")
@option("member", "reason", length="for")
async def block(
    context: CommandContext,
    member: discord.User | discord.Member,
    length: app_commands.Range[str, 1, 50] | None = None,
    reason: Reason | None = None,
) -> None:
    """Block a member, also for their waiting requests; when they ask they are told until when."""
    _check_blockable(member, context.interaction)
    lasts = duration.parse(length) if length is not None else None
    until = datetime.now(UTC) + lasts if lasts is not None else None
    actor, target = str(context.interaction.user.id), str(member.id)
    await context.servers.block(PLATFORM, context.server, target, until, reason, actor)
    warning = await context.record("block", target, reason, until=until.isoformat() if until else None)
    shown = formatting.until(until, context.locale)
    await context.say("mod.done.block", warning, member=member.mention, until=shown)


def _check_blockable(member: discord.User | discord.Member, interaction: Interaction) -> None:
    """Check that a member can be blocked. Raises CannotBlock."""
    if member.id == interaction.user.id:
        raise Oneself
    if member.id == interaction.application_id:
        raise TheBot
    granted = member.resolved_permissions if isinstance(member, discord.Member) else None
    moderates = granted is not None and any(getattr(granted, name) for name in PERMISSIONS)
    if moderates or (interaction.guild is not None and interaction.guild.owner_id == member.id):
        raise Moderator(member=member.mention)


@command("unblock", "moderate_members")
@option("member", "reason")
async def unblock(
    context: CommandContext, member: discord.User | discord.Member, reason: Reason | None = None
) -> None:
    """Lift a block."""
    if not await context.servers.unblock(PLATFORM, context.server, str(member.id)):
        await context.say("mod.not-blocked", member=member.mention)
        return
    warning = await context.record("unblock", str(member.id), reason)
    await context.say("mod.done.unblock", warning, member=member.mention)


@command("blocks", "moderate_members")
async def blocks(context: CommandContext) -> None:
    """List all blocks in force."""
    locale = context.locale
    found = await context.servers.blocks(PLATFORM, context.server, datetime.now(UTC))
    if not found:
        await context.say("mod.no-blocks")
        return
    lines = [_line(entry, locale) for entry in found[:MAX_SHOWN]]
    if len(found) > MAX_SHOWN:
        lines.append(locale.say("mod.more", count=len(found) - MAX_SHOWN))
    await context.show(table(locale.say("mod.title.blocks"), lines))


def _line(entry: Block, locale: Locale) -> str:
    line = locale.say(
        "mod.blocked",
        member=formatting.member(entry.member, locale),
        until=formatting.until(entry.until, locale),
        actor=formatting.member(entry.actor, locale),
    )
    if not entry.reason:
        return line
    return locale.say("mod.entry.why", entry=line, reason=formatting.quoted(entry.reason, locale))
