"""``/privacy``: shows, exports and deletes what is kept about the member who asks."""

from __future__ import annotations

import io
from datetime import datetime

import discord
from discord import app_commands

from bot.discord.commands.definitions import described
from bot.discord.dispatch import deferred
from bot.discord.requests.request import PLATFORM
from bot.discord.ui.buttons import EraseButton
from bot.discord.ui.interactions import Interaction, locale_of, services_of
from bot.discord.ui.items import view_of
from bot.locales import Locale
from storage import export as user_data

group = app_commands.Group(
    **described("discord.command.privacy"),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
)


@group.command(**described("discord.command.privacy-see"))
async def see(interaction: Interaction) -> None:
    """Show how much is kept, and since when."""
    overview = await user_data.overview(services_of(interaction).history, PLATFORM, str(interaction.user.id))
    text = _overview_text(overview, locale_of(interaction))
    await interaction.response.send_message(text, ephemeral=True)


def _overview_text(overview: user_data.Overview, locale: Locale) -> str:
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


def _day(moment: datetime) -> str:
    return discord.utils.format_dt(moment, "D")


@group.command(**described("discord.command.privacy-export"))
async def export(interaction: Interaction) -> None:
    """Send everything as a zip file."""
    await deferred.defer(interaction)
    locale = locale_of(interaction)
    data = await user_data.export(services_of(interaction).history, PLATFORM, str(interaction.user.id))
    if len(data) > interaction.filesize_limit:
        text = locale.say("discord.privacy.too-large", megabytes=f"{len(data) / 1048576:.0f}")
        await interaction.edit_original_response(content=text)
        return
    file = discord.File(io.BytesIO(data), "my-pictures.zip")
    await interaction.edit_original_response(content=locale.say("discord.privacy.export"), attachments=[file])


@group.command(**described("discord.command.privacy-delete"))
async def delete(interaction: Interaction) -> None:
    """Ask with a button before everything is deleted."""
    locale = locale_of(interaction)
    view = view_of(EraseButton.create("all", 0, locale))
    await interaction.response.send_message(locale.say("discord.confirm.all"), view=view, ephemeral=True)
