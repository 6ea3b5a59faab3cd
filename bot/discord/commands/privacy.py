"""``/privacy``: what is kept about a member, all of it as a file, and deleting it. Only for themselves."""

from __future__ import annotations

import io
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.translator import named
from bot.discord.dispatch import deferred
from bot.discord.ui import buttons, interactions
from bot.locales import Locale
from storage.retention import Overview

Interaction = discord.Interaction[Any]

group = app_commands.Group(
    name=named("discord.command.privacy.name"),
    description=named("discord.command.privacy"),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
)


def _command(name: str) -> Any:
    return group.command(
        name=named(f"discord.command.privacy-{name}.name"),
        description=named(f"discord.command.privacy-{name}"),
    )


@_command("see")
async def see(interaction: Interaction) -> None:
    """Counts and dates."""
    overview = await interactions.bot_of(interaction).forgetting.overview(interaction.user.id)
    await interaction.response.send_message(
        _told(overview, interactions.locale_of(interaction)), ephemeral=True
    )


def _told(overview: Overview, locale: Locale) -> str:
    if overview.since is None or overview.latest is None:
        return locale.say("discord.privacy.nothing")
    return locale.say(
        "discord.privacy.kept",
        pictures=overview.pictures,
        edits=overview.edits,
        megabytes=f"{overview.bytes / 1048576:.1f}",
        since=_day(overview.since),
        latest=_day(overview.latest),
    )


def _day(moment: Any) -> str:
    return discord.utils.format_dt(moment, "D")


@_command("export")
async def export(interaction: Interaction) -> None:
    """Everything as a zip."""
    await deferred.make(interaction)
    locale = interactions.locale_of(interaction)
    data = await interactions.bot_of(interaction).forgetting.export(interaction.user.id)
    if len(data) > interaction.filesize_limit:
        text = locale.say("discord.privacy.too-large", megabytes=f"{len(data) / 1048576:.0f}")
        await interaction.edit_original_response(content=text)
        return
    file = discord.File(io.BytesIO(data), "my-pictures.zip")
    await interaction.edit_original_response(content=locale.say("discord.privacy.export"), attachments=[file])


@_command("delete")
async def delete(interaction: Interaction) -> None:
    """Ask once more, with a button."""
    locale, view = interactions.locale_of(interaction), discord.ui.View(timeout=None)
    view.add_item(buttons.ForgetButton("all", 0, locale))
    await interaction.response.send_message(locale.say("discord.confirm.all"), view=view, ephemeral=True)
