"""Settings of a server: language, bundle, what members may do, and how long their data is kept."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import discord
from discord import app_commands

from bot import locales
from bot.discord.commands.definitions import MAX_CHOICE_LENGTH, choices, named
from bot.discord.commands.moderation import formatting
from bot.discord.commands.moderation.context import CommandContext, command, option, subgroup
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction, services_of
from bot.locales import Locale
from editor.api.errors import EditorError
from storage.servers import ServerSettings

MAX_DAYS = 365
_TIMEOUT_SECONDS = 2.0
_AS_DISCORD = "-"
_LISTED = (
    *("language", "bundle", "visible_mark", "open_buttons", "others_avatars", "retention_days"),
    *("forget_leavers", "log_channel", "channels_allowed", "channels_denied", "age_restricted_only"),
    *("quota_per_day", "cooldown_seconds", "require_consent", "require_spoilers"),
)
_WRITABLE = (
    "text",
    "news",
    "forum",
    "voice",
    "stage_voice",
    "public_thread",
    "private_thread",
    "news_thread",
)

group = subgroup("settings")


class ChannelTransformer(app_commands.Transformer[Any]):
    """Converts a channel to its id, also one that the bot cannot see, and a thread to its channel's id."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """Discord's kind of option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """All kinds of channels in which members can write."""
        return [discord.ChannelType[kind] for kind in _WRITABLE]

    async def transform(self, interaction: Interaction, value: Any, /) -> str:
        """The id."""
        return str(value.parent_id if isinstance(value, app_commands.AppCommandThread) else value.id)


Channel = app_commands.Transform[str, ChannelTransformer]


def switch(key: str, setting: str, parent: app_commands.Group = group) -> None:
    """Add a command that switches a setting on or off.

    Args:
        key: the key of the command's texts.
        setting: the field of ``ServerSettings``.
        parent: the group of the command.
    """

    @command(key, parent=parent)
    @option("on")
    async def change(context: CommandContext, on: bool) -> None:
        await context.change(setting, on)


switch("settings-mark", "visible_mark")
switch("settings-buttons", "open_buttons")
switch("settings-avatars", "others_avatars")


@command("settings-show", "moderate_members", parent=group)
async def show(context: CommandContext) -> None:
    """List all settings."""
    await context.show(context.say("mod.title.settings"), _lines(await context.settings(), context.locale))


def _lines(settings: ServerSettings, locale: Locale) -> list[str]:
    stored, say = asdict(settings), locale.say
    values = {say(f"mod.setting.{name}"): formatting.setting(name, stored[name], locale) for name in _LISTED}
    for role, count in settings.role_quotas.items():
        name = say("mod.setting.role_quota", role=f"<@&{role}>")
        values[name] = formatting.setting("quota_per_day", count, locale)
    values[say("mod.setting.refused_words")] = str(len(settings.refused_words))
    paused = "paused" if settings.drained_at is None else "draining"
    lines = [say("mod.setting", name=name, value=value) for name, value in values.items()]
    return [*lines, say(f"mod.state.{paused if settings.paused else 'open'}")]


@command("settings-language", parent=group)
@option("language")
@app_commands.choices(
    language=[
        *(app_commands.Choice(name=one.name, value=one.code) for one in locales.every()),
        app_commands.Choice(name=named("mod.unset.language"), value=_AS_DISCORD),
    ]
)
async def language(context: CommandContext, language: str) -> None:
    """Set the language of the log channel, and of answers to members whose own language is not known."""
    await context.change("language", None if language == _AS_DISCORD else language)


@command("settings-bundle", parent=group)
@option("bundle")
async def bundle(context: CommandContext, bundle: str | None = None) -> None:
    """Set the bundle that edits new pictures; the bot's usual one if none is named."""
    locale = context.locale
    known = {info.name for info in await context.services.conversations.editor.bundles()}
    if bundle is not None and bundle not in known:
        text, names = formatting.quoted(bundle, locale), locale.quoted(sorted(known))
        raise DiscordError("mod.error.unknown-choice", text=text, known=names)
    await context.change("bundle", bundle)


@bundle.autocomplete("bundle")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
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
) -> None:
    """Set after how many days pictures are deleted; the bot's usual time if none is given."""
    await context.change("retention_days", days)


@command("settings-leavers", parent=group)
@option("on")
async def leavers(context: CommandContext, on: bool) -> None:
    """Set whether the data of members is deleted when they leave the server."""
    await context.change("forget_leavers", on)
    if on and not context.services.client.intents.members:
        await context.interaction.followup.send(context.say("mod.leavers-unseen"), ephemeral=True)


@command("settings-log", parent=group)
@option(channel="log-channel")
async def log(context: CommandContext, channel: Channel | None = None) -> None:
    """Set the channel where moderators' commands are logged; none if no channel is named."""
    await context.change("log_channel", channel)
