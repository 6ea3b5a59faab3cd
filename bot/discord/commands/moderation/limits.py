"""Limits: where the bot may be used, how often, with which words, and what it requires."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.discord.commands.definitions import choices
from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import CommandContext, command, option, subgroup
from bot.discord.commands.moderation.settings import Channel, switch
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction
from bot.moderation.duration import BadDuration, parse
from bot.moderation.words import LONGEST_ENTRY, check

MAX_QUOTA, MAX_WORDS = 1000, 200
_RULES = {"channel-allow": "channels_allowed", "channel-deny": "channels_denied"}
"""The list of channels that each command adds to."""

channel_group, quota_group = subgroup("channel"), subgroup("quota")
words_group, require_group = subgroup("words"), subgroup("require")

switch("channel-restricted", "age_restricted_only", channel_group)
switch("require-consent", "require_consent", require_group)
switch("require-spoilers", "require_spoilers", require_group)


# channels


def _channel_rule(action: str) -> None:
    """Add a command that puts a channel on its own list, if any, and takes it off all others.

    As soon as one channel is allowed, only allowed ones are served.
    """

    @command(action, parent=channel_group)
    @option("channel")
    async def change(context: CommandContext, channel: Channel) -> None:
        for other, name in _RULES.items():
            if other != action:
                await context.servers.take_from(*context.here, name, channel)
        if action in _RULES:
            await context.servers.add_to(*context.here, _RULES[action], channel)
        await context.record(action, channel)
        await context.answer(f"mod.done.{action}", channel=f"<#{channel}>")


for _action in ("channel-allow", "channel-deny", "channel-clear"):
    _channel_rule(_action)


# how often


@command("quota-set", parent=quota_group)
@option("role", count="wishes")
async def quota_set(
    context: CommandContext, count: app_commands.Range[int, 0, MAX_QUOTA], role: discord.Role | None = None
) -> None:
    """Limit the requests in 24 hours, of everybody or of a role; a member's most generous role counts."""
    await _set_quota(context, count, role)


@command("quota-clear", parent=quota_group)
@option("role")
async def quota_clear(context: CommandContext, role: discord.Role | None = None) -> None:
    """Remove the quota of everybody or of a role."""
    await _set_quota(context, None, role)


async def _set_quota(context: CommandContext, quota: int | None, role: discord.Role | None) -> None:
    if role is None or role.is_default():
        await context.change("quota_per_day", quota)
        return
    await context.servers.set_role_quota(*context.here, str(role.id), quota)
    await context.record("role-quota", str(role.id), count=quota)
    value = formatting.setting("quota_per_day", quota, context.locale)
    key = "mod.done.role-quota-clear" if quota is None else "mod.done.role-quota"
    await context.answer(key, role=role.mention, value=value)


@command("cooldown")
@option(length="pause")
async def cooldown(context: CommandContext, length: app_commands.Range[str, 1, 50] | None = None) -> None:
    """Set how long a member waits between two requests; no time if none is given."""
    lasts = parse(length) if length is not None else None
    if length is not None and lasts is None:  # "for good" makes sense only for blocks
        raise BadDuration(text=length)
    await context.change("cooldown_seconds", lasts.total_seconds() if lasts is not None else 0.0)


# words


@command("words-add", parent=words_group)
@option("word")
async def words_add(context: CommandContext, word: app_commands.Range[str, 1, LONGEST_ENTRY]) -> None:
    """Refuse requests with a word, a phrase, or a regular expression between slashes."""
    entry, kept = check(word), (await context.settings()).refused_words
    if entry not in kept and len(kept) >= MAX_WORDS:
        raise DiscordError("mod.error.too-many-words", most=MAX_WORDS)
    await context.servers.add_to(*context.here, "refused_words", entry)
    await context.record("word-add", word=entry)
    await context.answer("mod.done.word-add", word=formatting.quoted(entry, context.locale))


@command("words-remove", parent=words_group)
@option("word")
async def words_remove(context: CommandContext, word: str) -> None:
    """Take an entry off the list of refused words."""
    entry = word.strip()
    shown = formatting.quoted(entry, context.locale)
    if entry not in (await context.settings()).refused_words:
        await context.answer("mod.no-such-word", word=shown)
        return
    await context.servers.take_from(*context.here, "refused_words", entry)
    await context.record("word-remove", word=entry)
    await context.answer("mod.done.word-remove", word=shown)


@words_remove.autocomplete("word")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if not interaction.permissions.manage_guild:
        return []
    kept = (await CommandContext(interaction).settings()).refused_words
    return choices(current, ((word, word) for word in kept))


@command("words-list", "moderate_members", parent=words_group)
async def words_list(context: CommandContext) -> None:
    """List the refused words, which only moderators see."""
    kept = (await context.settings()).refused_words
    if not kept:
        await context.answer("mod.no-words")
        return
    lines = [f"- {formatting.quoted(word, context.locale)}" for word in kept]
    await context.show(context.say("mod.title.words", count=len(kept)), lines)
