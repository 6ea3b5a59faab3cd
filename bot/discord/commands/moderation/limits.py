"""Limits: where the bot may be used, how often, with which words, and what it requires."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.moderation import names
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command, option, subgroup
from bot.discord.errors import TooManyWords
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import view
from bot.moderation import duration
from bot.moderation.errors import BadDuration
from bot.moderation.words import LONGEST_ENTRY, check

MOST_QUOTA, MOST_WORDS, MOST_CHOICES, MOST_CHOICE = 1000, 200, 25, 100
_KINDS = ("text", "news", "forum", "voice", "stage_voice", "public_thread", "private_thread", "news_thread")
Interaction = discord.Interaction[Any]

channel_group, quota_group = subgroup("channel"), subgroup("quota")
words_group, require_group = subgroup("words"), subgroup("require")


class Place(app_commands.Transformer[Any]):
    """A channel by its id, whether the bot can see it or not; of a thread its channel, whose rules hold there."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """As Discord lets it be chosen."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """All in which members can write."""
        return [discord.ChannelType[kind] for kind in _KINDS]

    async def transform(self, interaction: Interaction, value: Any, /) -> str:
        """The id."""
        return str(value.parent_id if isinstance(value, app_commands.AppCommandThread) else value.id)


Channel = app_commands.Transform[str, Place]


# channels


@command("channel-allow", parent=channel_group)
@option("channel")
async def allow(interaction: Interaction, channel: Channel) -> None:
    """Once one is allowed, only allowed ones are served."""
    await _rule(interaction, "channel-allow", channel, "channels_denied", "channels_allowed")


@command("channel-deny", parent=channel_group)
@option("channel")
async def deny(interaction: Interaction, channel: Channel) -> None:
    """All others stay as they are."""
    await _rule(interaction, "channel-deny", channel, "channels_allowed", "channels_denied")


async def _rule(interaction: Interaction, action: str, channel: str, before: str, after: str) -> None:
    """Move a channel from one list of the settings to the other."""
    act = await Act.begin(interaction)
    await act.servers.take_from(PLATFORM, act.server, before, channel)
    await act.servers.add_to(PLATFORM, act.server, after, channel)
    note = await act.record(action, channel)
    await act.say(f"mod.done.{action}", note, channel=names.channel(channel))


@command("channel-clear", parent=channel_group)
@option("channel")
async def clear(interaction: Interaction, channel: Channel) -> None:
    """No rule of its own any more."""
    act = await Act.begin(interaction)
    for name in ("channels_allowed", "channels_denied"):
        await act.servers.take_from(PLATFORM, act.server, name, channel)
    note = await act.record("channel-clear", channel)
    await act.say("mod.done.channel-clear", note, channel=names.channel(channel))


@command("channel-restricted", parent=channel_group)
@option("on")
async def restricted(interaction: Interaction, on: bool) -> None:
    """Only age-restricted channels, or all."""
    await (await Act.begin(interaction)).change("age_restricted_only", on)


# how often


@command("quota-set", parent=quota_group)
@option("wishes", "role")
async def quota_set(
    interaction: Interaction, wishes: app_commands.Range[int, 0, MOST_QUOTA], role: discord.Role | None = None
) -> None:
    """Wishes in 24 hours, of everybody or of those with a role; the most generous role of a member counts."""
    act = await Act.begin(interaction)
    await _quota(act, wishes, role)


@command("quota-clear", parent=quota_group)
@option("role")
async def quota_clear(interaction: Interaction, role: discord.Role | None = None) -> None:
    """As many as they like again."""
    act = await Act.begin(interaction)
    await _quota(act, None, role)


async def _quota(act: Act, wishes: int | None, role: discord.Role | None) -> None:
    if role is None or role.is_default():
        await act.change("quota_per_day", wishes)
        return
    await act.servers.set_role_quota(PLATFORM, act.server, str(role.id), wishes)
    note = await act.record("role-quota", str(role.id), count=wishes)
    if wishes is None:
        await act.say("mod.done.role-quota-clear", note, role=role.mention)
    else:
        await act.say(
            "mod.done.role-quota",
            note,
            role=role.mention,
            value=names.value("quota_per_day", wishes, act.locale),
        )


@command("cooldown")
@option(length="pause")
async def cooldown(interaction: Interaction, length: app_commands.Range[str, 1, 50] | None = None) -> None:
    """How long a member waits between two wishes; not at all where no length is given."""
    act = await Act.begin(interaction)
    lasts = duration.parse(length) if length is not None else None
    if length is not None and lasts is None:  # for good is what blocks are for
        raise BadDuration(text=length)
    await act.change("cooldown_seconds", lasts.total_seconds() if lasts is not None else 0.0)


# words


@command("words-add", parent=words_group)
@option("word")
async def words_add(interaction: Interaction, word: app_commands.Range[str, 1, LONGEST_ENTRY]) -> None:
    """A word, a phrase, or an expression between slashes."""
    act = await Act.begin(interaction)
    entry = check(word)
    kept = (await act.settings()).refused_words
    if entry not in kept and len(kept) >= MOST_WORDS:
        raise TooManyWords(most=MOST_WORDS)
    await act.servers.add_to(PLATFORM, act.server, "refused_words", entry)
    note = await act.record("word-add", word=entry)
    await act.say("mod.done.word-add", note, word=names.quoted(entry, act.locale))


@command("words-remove", parent=words_group)
@option("word")
async def words_remove(interaction: Interaction, word: str) -> None:
    """Off the list."""
    act, entry = await Act.begin(interaction), word.strip()
    if entry not in (await act.settings()).refused_words:
        await act.say("mod.no-such-word", word=names.quoted(entry, act.locale))
        return
    await act.servers.take_from(PLATFORM, act.server, "refused_words", entry)
    note = await act.record("word-remove", word=entry)
    await act.say("mod.done.word-remove", note, word=names.quoted(entry, act.locale))


@words_remove.autocomplete("word")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if not interaction.permissions.manage_guild:
        return []
    kept = (await Act.of(interaction).settings()).refused_words
    found = [word for word in kept if current.casefold() in word.casefold() and len(word) <= MOST_CHOICE]
    return [app_commands.Choice(name=word, value=word) for word in found[:MOST_CHOICES]]


@command("words-list", "moderate_members", parent=words_group)
async def words_list(interaction: Interaction) -> None:
    """For the moderator alone."""
    act = await Act.begin(interaction)
    kept = (await act.settings()).refused_words
    if not kept:
        await act.say("mod.no-words")
        return
    lines = [f"- {names.quoted(word, act.locale)}" for word in kept]
    await act.show(view.table(act.locale.say("mod.title.words", count=len(kept)), lines))


# what is required


@command("require-consent", parent=require_group)
@option("on")
async def consent(interaction: Interaction, on: bool) -> None:
    """Members read how pictures are treated, and agree, before their first one."""
    await (await Act.begin(interaction)).change("require_consent", on)


@command("require-spoilers", parent=require_group)
@option("on")
async def spoilers(interaction: Interaction, on: bool) -> None:
    """Pictures come as spoilers, and go as spoilers."""
    await (await Act.begin(interaction)).change("require_spoilers", on)
