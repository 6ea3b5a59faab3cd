"""Blocks: members who may not use the bot in a server, until a time or for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.moderation import names
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import PERMISSIONS, command, option
from bot.discord.errors import Moderator, Oneself, TheBot
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import view
from bot.locales import Locale
from bot.moderation import duration
from storage.servers import Block

MOST_REASON, MOST_SHOWN = 300, 40
Reason = app_commands.Range[str, 1, MOST_REASON]
Interaction = discord.Interaction[Any]
User = discord.User | discord.Member


@command("block", "moderate_members")
@option("member", "reason", length="for")
async def block(
    interaction: Interaction,
    member: discord.User | discord.Member,
    length: app_commands.Range[str, 1, 50] | None = None,
    reason: Reason | None = None,
) -> None:
    """Nothing is done for the member any more, also not what waits; who asks is told until when."""
    act = await Act.begin(interaction)
    _blockable(member, interaction)
    lasts = duration.parse(length) if length is not None else None
    until = datetime.now(UTC) + lasts if lasts is not None else None
    await act.servers.block(PLATFORM, act.server, str(member.id), until, reason, str(interaction.user.id))
    note = await act.record("block", str(member.id), reason, until=until.isoformat() if until else None)
    await act.say("mod.done.block", note, member=member.mention, until=names.until(until, act.locale))


def _blockable(member: User, interaction: Interaction) -> None:
    """Raises Untouchable."""
    if member.id == interaction.user.id:
        raise Oneself
    if member.id == interaction.application_id:
        raise TheBot
    held = member.resolved_permissions if isinstance(member, discord.Member) else None
    owner = interaction.guild is not None and interaction.guild.owner_id == member.id
    if owner or (held is not None and any(getattr(held, one) for one in PERMISSIONS)):
        raise Moderator(member=member.mention)


@command("unblock", "moderate_members")
@option("member", "reason")
async def unblock(
    interaction: Interaction, member: discord.User | discord.Member, reason: Reason | None = None
) -> None:
    """Lift a block."""
    act = await Act.begin(interaction)
    if not await act.servers.unblock(PLATFORM, act.server, str(member.id)):
        await act.say("mod.not-blocked", member=member.mention)
        return
    note = await act.record("unblock", str(member.id), reason)
    await act.say("mod.done.unblock", note, member=member.mention)


@command("blocks", "moderate_members")
async def blocks(interaction: Interaction) -> None:
    """All blocks in force."""
    act = await Act.begin(interaction)
    found = await act.servers.blocks(PLATFORM, act.server, datetime.now(UTC))
    if not found:
        await act.say("mod.no-blocks")
        return
    lines = [_line(one, act.locale) for one in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        lines.append(act.locale.say("mod.more", count=len(found) - MOST_SHOWN))
    await act.show(view.table(act.locale.say("mod.title.blocks"), lines))


def _line(block: Block, locale: Locale) -> str:
    line = locale.say(
        "mod.blocked",
        member=names.member(block.member, locale),
        until=names.until(block.until, locale),
        actor=names.member(block.actor, locale),
    )
    return (
        locale.say("mod.entry.why", entry=line, reason=names.quoted(block.reason, locale))
        if block.reason
        else line
    )
