"""Settings of a server: how the bot speaks, with which bundle, what members may do, and what is kept how long."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import discord
from discord import app_commands

from bot import locales
from bot.discord.commands.moderation import names
from bot.discord.commands.moderation.context import Act
from bot.discord.commands.moderation.group import command, option, subgroup
from bot.discord.commands.moderation.limits import MOST_CHOICES, Channel
from bot.discord.commands.translator import named
from bot.discord.errors import UnknownChoice
from bot.discord.ui import view
from bot.locales import Locale
from editor.api.errors import EditorError
from storage.servers import ServerSettings

MOST_DAYS = 365
_SUGGEST_SECONDS = 2.0
_AS_DISCORD = "-"
_LISTED = (
    "language",
    "bundle",
    "visible_mark",
    "open_buttons",
    "others_avatars",
    "retention_days",
    "forget_leavers",
    "log_channel",
    "channels_allowed",
    "channels_denied",
    "age_restricted_only",
    "quota_per_day",
    "cooldown_seconds",
    "require_consent",
    "require_spoilers",
)
Interaction = discord.Interaction[Any]

group = subgroup("settings")


@command("settings-show", "moderate_members", parent=group)
async def show(interaction: Interaction) -> None:
    """All of them."""
    act = await Act.begin(interaction)
    await act.show(view.table(act.locale.say("mod.title.settings"), _lines(await act.settings(), act.locale)))


def _lines(settings: ServerSettings, locale: Locale) -> list[str]:
    held = asdict(settings)
    lines = [
        _line(locale.say(f"mod.setting.{name}"), names.value(name, held[name], locale), locale)
        for name in _LISTED
    ]
    for role, count in settings.role_quotas.items():
        name = locale.say("mod.setting.role_quota", role=names.role(role))
        lines.append(_line(name, names.value("quota_per_day", count, locale), locale))
    lines.append(_line(locale.say("mod.setting.refused_words"), str(len(settings.refused_words)), locale))
    state = "paused" if settings.drained_at is None else "draining"
    lines.append(locale.say(f"mod.state.{state if settings.paused else 'open'}"))
    return lines


def _line(name: str, value: str, locale: Locale) -> str:
    return locale.say("mod.setting", name=name, value=value)


@command("settings-language", parent=group)
@option("language")
@app_commands.choices(
    language=[
        *(app_commands.Choice(name=one.name, value=one.code) for one in locales.every()),
        app_commands.Choice(name=named("mod.unset.language"), value=_AS_DISCORD),
    ]
)
async def language(interaction: Interaction, language: str) -> None:
    """Of log messages, and of answers to members whose own language is not known."""
    await (await Act.begin(interaction)).change("language", None if language == _AS_DISCORD else language)


@command("settings-bundle", parent=group)
@option("bundle")
async def bundle(interaction: Interaction, bundle: str | None = None) -> None:
    """With which new pictures are edited; the bot's usual one where none is named."""
    act = await Act.begin(interaction)
    known = {info.name for info in await act.bot.conversations.editor.bundles()}
    if bundle is not None and bundle not in known:
        raise UnknownChoice(text=names.quoted(bundle, act.locale), known=act.locale.quoted(sorted(known)))
    await act.change("bundle", bundle)


@bundle.autocomplete("bundle")
async def _suggest(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    try:
        async with asyncio.timeout(_SUGGEST_SECONDS):
            known = await Act.of(interaction).bot.conversations.editor.bundles()
    except (TimeoutError, EditorError):
        return []
    typed = current.casefold()
    found = [info for info in known if typed in info.name.casefold() or typed in info.title.casefold()]
    return [
        app_commands.Choice(name=(info.title or info.name)[:100], value=info.name)
        for info in found[:MOST_CHOICES]
    ]


@command("settings-mark", parent=group)
@option("on")
async def mark(interaction: Interaction, on: bool) -> None:
    """A mark to be seen on every result, beside the one in the file."""
    await (await Act.begin(interaction)).change("visible_mark", on)


@command("settings-buttons", parent=group)
@option("on")
async def buttons(interaction: Interaction, on: bool) -> None:
    """Whether others than its owner may go on from a picture."""
    await (await Act.begin(interaction)).change("open_buttons", on)


@command("settings-avatars", parent=group)
@option("on")
async def avatars(interaction: Interaction, on: bool) -> None:
    """Whether pictures and avatars of other members may be edited."""
    await (await Act.begin(interaction)).change("others_avatars", on)


@command("settings-retention", parent=group)
@option("days")
async def retention(
    interaction: Interaction, days: app_commands.Range[int, 1, MOST_DAYS] | None = None
) -> None:
    """After how many days pictures are deleted; the bot's usual time where none is given."""
    await (await Act.begin(interaction)).change("retention_days", days)


@command("settings-leavers", parent=group)
@option("on")
async def leavers(interaction: Interaction, on: bool) -> None:
    """Whether all that a member did here is deleted when they leave."""
    act = await Act.begin(interaction)
    await act.change("forget_leavers", on)
    if on and not act.bot.intents.members:
        await interaction.followup.send(act.locale.say("mod.leavers-unseen"), ephemeral=True)


@command("settings-log", parent=group)
@option(channel="log-channel")
async def log(interaction: Interaction, channel: Channel | None = None) -> None:
    """Where all that moderators do is told; nowhere where none is named. The first message there shows whether it works."""
    await (await Act.begin(interaction)).change("log_channel", channel)
