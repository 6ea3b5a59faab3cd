"""Blocks: members who may not use the bot in a server, until a time or for good."""

from __future__ import annotations

from datetime import UTC, datetime

import discord
from discord import app_commands

from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import (
    PERMISSIONS,
    Answer,
    CommandContext,
    Member,
    Reason,
    command,
    option,
)
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction
from bot.discord.ui.view import OutgoingMessage
from bot.moderation import duration

MAX_SHOWN = 40


@command("block", "moderate_members")
@option("member", "reason", length="for")
async def block(
    context: CommandContext,
    member: Member,
    length: app_commands.Range[str, 1, 50] | None = None,
    reason: Reason | None = None,
) -> Answer:
    """Block a member, also for their waiting requests; when they ask they are told until when."""
    _check_blockable(member, context.interaction)
    lasts = duration.parse(length) if length is not None else None
    until = datetime.now(UTC) + lasts if lasts is not None else None
    actor, target = str(context.interaction.user.id), str(member.id)
    await context.servers.block(*context.here, target, until, reason, actor)
    await context.record("block", target, reason, until=until.isoformat() if until else None)
    shown = formatting.until(until, context.locale)
    return context.say("mod.done.block", member=member.mention, until=shown)


def _check_blockable(member: Member, interaction: Interaction) -> None:
    """Check that a member can be blocked. Raises Oneself, TheBot, Moderator."""
    if member.id == interaction.user.id:
        raise DiscordError("mod.error.oneself")
    if member.id == interaction.application_id:
        raise DiscordError("mod.error.the-bot")
    granted = member.resolved_permissions if isinstance(member, discord.Member) else None
    moderates = granted is not None and any(getattr(granted, name) for name in PERMISSIONS)
    if moderates or (interaction.guild is not None and interaction.guild.owner_id == member.id):
        raise DiscordError("mod.error.moderator", member=member.mention)


@command("unblock", "moderate_members")
@option("member", "reason")
async def unblock(context: CommandContext, member: Member, reason: Reason | None = None) -> Answer:
    """Lift a block."""
    if not await context.servers.unblock(*context.here, str(member.id)):
        return context.say("mod.not-blocked", member=member.mention)
    await context.record("unblock", str(member.id), reason)
    return context.say("mod.done.unblock", member=member.mention)


@command("blocks", "moderate_members")
async def blocks(context: CommandContext) -> Answer:
    """List all blocks in force."""
    found = await context.servers.blocks(*context.here, datetime.now(UTC))
    if not found:
        return context.say("mod.no-blocks")
    locale, lines = context.locale, []
    for entry in found[:MAX_SHOWN]:
        member, actor = formatting.member(entry.member, locale), formatting.member(entry.actor, locale)
        until = formatting.until(entry.until, locale)
        line = context.say("mod.blocked", member=member, until=until, actor=actor)
        lines.append(formatting.with_reason(line, entry.reason, locale))
    if len(found) > MAX_SHOWN:
        lines.append(context.say("mod.more", count=len(found) - MAX_SHOWN))
    return OutgoingMessage(title=context.say("mod.title.blocks"), lines=lines)
