"""Settings of a server: what members may do, where, how often, and how long their data is kept."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import discord
from discord import app_commands

from bot import locales
from bot.discord.commands.descriptions import MAX_CHOICE_LENGTH, choices, named
from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import Answer, CommandContext, command, option, subgroup
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction, services_of
from bot.discord.ui.view import OutgoingMessage
from bot.moderation.duration import BadDuration, parse
from bot.moderation.words import LONGEST_ENTRY, check
from editor.api.errors import EditorError

MAX_DAYS, MAX_QUOTA, MAX_WORDS = 365, 1000, 200
_TIMEOUT_SECONDS = 2.0
_AS_DISCORD = "-"
_LISTED = (
    *("language", "bundle", "visible_mark", "open_buttons", "others_avatars", "retention_days"),
    *("forget_leavers", "log_channel", "channels_allowed", "channels_denied", "age_restricted_only"),
    *("quota_per_day", "cooldown_seconds", "require_consent", "require_spoilers"),
)
_CHANNELS = ("text", "news", "forum", "voice", "stage_voice")
_THREADS = ("public_thread", "private_thread", "news_thread")
_RULES = {"channel-allow": "channels_allowed", "channel-deny": "channels_denied"}  # what each adds to

group = subgroup("settings")
channel_group, quota_group = subgroup("channel"), subgroup("quota")
words_group, require_group = subgroup("words"), subgroup("require")


class ChannelTransformer(app_commands.Transformer[Any]):
    """Converts a channel to its id, also one that the bot cannot see, and a thread to its channel's id."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Discord's kind of option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """All kinds of channels in which members can write."""
        return [discord.ChannelType[kind] for kind in _CHANNELS + _THREADS]

    async def transform(self, interaction: Interaction, value: Any, /) -> str:
        """The id."""
        return str(value.parent_id if isinstance(value, app_commands.AppCommandThread) else value.id)


Channel = app_commands.Transform[str, ChannelTransformer]


def switch(key: str, setting: str, parent: app_commands.Group = group) -> None:
    """Add a command that switches a setting on or off; ``key`` is the key of its texts."""

    @command(key, parent=parent)
    @option("on")
    async def change(context: CommandContext, on: bool) -> Answer:
        return await context.change(setting, on)


switch("settings-mark", "visible_mark")
switch("settings-buttons", "open_buttons")
switch("settings-avatars", "others_avatars")
switch("channel-restricted", "age_restricted_only", channel_group)
switch("require-consent", "require_consent", require_group)
switch("require-spoilers", "require_spoilers", require_group)


@command("settings-show", "moderate_members", parent=group)
async def show(context: CommandContext) -> Answer:
    """List all settings."""
    settings, say, locale = await context.settings(), context.say, context.locale
    stored = asdict(settings)
    values = {say(f"mod.setting.{name}"): formatting.setting(name, stored[name], locale) for name in _LISTED}
    for role, count in settings.role_quotas.items():
        name = say("mod.setting.role_quota", role=f"<@&{role}>")
        values[name] = formatting.setting("quota_per_day", count, locale)
    values[say("mod.setting.refused_words")] = str(len(settings.refused_words))
    lines = [say("mod.setting", name=name, value=value) for name, value in values.items()]
    paused = "paused" if settings.drained_at is None else "draining"
    lines.append(say(f"mod.state.{paused if settings.paused else 'open'}"))
    return OutgoingMessage(title=say("mod.title.settings"), lines=lines)


@command("settings-language", parent=group)
@option("language")
@app_commands.choices(
    language=[
        *(app_commands.Choice(name=one.name, value=one.code) for one in locales.every()),
        app_commands.Choice(name=named("mod.unset.language"), value=_AS_DISCORD),
    ]
)
async def language(context: CommandContext, language: str) -> Answer:
    """Set the language of the log channel, and of answers to members whose own language is not known."""
    return await context.change("language", None if language == _AS_DISCORD else language)


@command("settings-bundle", parent=group)
@option("bundle")
async def bundle(context: CommandContext, bundle: str | None = None) -> Answer:
    """Set the bundle that edits new pictures; the bot's usual one if none is named."""
    locale = context.locale
    known = {info.name for info in await context.services.conversations.editor.bundles()}
    if bundle is not None and bundle not in known:
        text, names = formatting.quoted(bundle, locale), locale.quoted(sorted(known))
        raise DiscordError("mod.error.unknown-choice", text=text, known=names)
    return await context.change("bundle", bundle)


@bundle.autocomplete("bundle")
async def _suggest_bundle(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    editor, typed = services_of(interaction).conversations.editor, current.casefold()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            known = await editor.bundles()
    except (TimeoutError, EditorError):
        return []
    found = [info for info in known if typed in info.name.casefold() or typed in info.title.casefold()]
    return choices("", [((info.title or info.name)[:MAX_CHOICE_LENGTH], info.name) for info in found])


@command("settings-retention", parent=group)
@option("days")
async def retention(
    context: CommandContext, days: app_commands.Range[int, 1, MAX_DAYS] | None = None
) -> Answer:
    """Set after how many days pictures are deleted; the bot's usual time if none is given."""
    return await context.change("retention_days", days)


@command("settings-leavers", parent=group)
@option("on")
async def leavers(context: CommandContext, on: bool) -> None:
    """Set whether the data of members is deleted when they leave the server."""
    await context.answer(await context.change("forget_leavers", on))
    if on and not context.services.client.intents.members:
        await context.interaction.followup.send(context.say("mod.leavers-unseen"), ephemeral=True)


@command("settings-log", parent=group)
@option(channel="log-channel")
async def log(context: CommandContext, channel: Channel | None = None) -> Answer:
    """Set the channel where moderators' commands are logged; none if no channel is named."""
    return await context.change("log_channel", channel)


# channels


def _channel_rule(action: str) -> None:
    """Add a command that puts a channel on its own list, if any, and takes it off all others.

    As soon as one channel is allowed, only allowed ones are served.
    """

    @command(action, parent=channel_group)
    @option("channel")
    async def change(context: CommandContext, channel: Channel) -> Answer:
        for other, name in _RULES.items():
            if other != action:
                await context.servers.take_from(*context.here, name, channel)
        if action in _RULES:
            await context.servers.add_to(*context.here, _RULES[action], channel)
        await context.record(action, channel)
        return context.say(f"mod.done.{action}", channel=f"<#{channel}>")


for _action in ("channel-allow", "channel-deny", "channel-clear"):
    _channel_rule(_action)


# how often


@command("quota-set", parent=quota_group)
@option("role", count="wishes")
async def quota_set(
    context: CommandContext, count: app_commands.Range[int, 0, MAX_QUOTA], role: discord.Role | None = None
) -> Answer:
    """Limit the requests in 24 hours, of everybody or of a role; a member's most generous role counts."""
    return await _set_quota(context, count, role)


@command("quota-clear", parent=quota_group)
@option("role")
async def quota_clear(context: CommandContext, role: discord.Role | None = None) -> Answer:
    """Remove the quota of everybody or of a role."""
    return await _set_quota(context, None, role)


async def _set_quota(context: CommandContext, quota: int | None, role: discord.Role | None) -> Answer:
    if role is None or role.is_default():
        return await context.change("quota_per_day", quota)
        return
    await context.servers.set_role_quota(*context.here, str(role.id), quota)
    await context.record("role-quota", str(role.id), count=quota)
    value = formatting.setting("quota_per_day", quota, context.locale)
    key = "mod.done.role-quota-clear" if quota is None else "mod.done.role-quota"
    return context.say(key, role=role.mention, value=value)


@command("cooldown")
@option(length="pause")
async def cooldown(context: CommandContext, length: app_commands.Range[str, 1, 50] | None = None) -> Answer:
    """Set how long a member waits between two requests; no time if none is given."""
    lasts = parse(length) if length is not None else None
    if length is not None and lasts is None:  # "for good" makes sense only for blocks
        raise BadDuration(text=length)
    return await context.change("cooldown_seconds", lasts.total_seconds() if lasts is not None else 0.0)


# words


@command("words-add", parent=words_group)
@option("word")
async def words_add(context: CommandContext, word: app_commands.Range[str, 1, LONGEST_ENTRY]) -> Answer:
    """Refuse requests with a word, a phrase, or a regular expression between slashes."""
    entry, kept = check(word), (await context.settings()).refused_words
    if entry not in kept and len(kept) >= MAX_WORDS:
        raise DiscordError("mod.error.too-many-words", most=MAX_WORDS)
    await context.servers.add_to(*context.here, "refused_words", entry)
    await context.record("word-add", word=entry)
    return context.say("mod.done.word-add", word=formatting.quoted(entry, context.locale))


@command("words-remove", parent=words_group)
@option("word")
async def words_remove(context: CommandContext, word: str) -> Answer:
    """Take an entry off the list of refused words."""
    entry = word.strip()
    shown = formatting.quoted(entry, context.locale)
    if entry not in (await context.settings()).refused_words:
        return context.say("mod.no-such-word", word=shown)
    await context.servers.take_from(*context.here, "refused_words", entry)
    await context.record("word-remove", word=entry)
    return context.say("mod.done.word-remove", word=shown)


@words_remove.autocomplete("word")
async def _suggest_word(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    if not interaction.permissions.manage_guild:
        return []
    kept = (await CommandContext(interaction).settings()).refused_words
    return choices(current, ((word, word) for word in kept))


@command("words-list", "moderate_members", parent=words_group)
async def words_list(context: CommandContext) -> Answer:
    """List the refused words, which only moderators see."""
    kept = (await context.settings()).refused_words
    if not kept:
        return context.say("mod.no-words")
    lines = [f"- {formatting.quoted(word, context.locale)}" for word in kept]
    return OutgoingMessage(title=context.say("mod.title.words", count=len(kept)), lines=lines)
