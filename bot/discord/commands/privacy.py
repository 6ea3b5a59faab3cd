"""``/privacy``: shows, exports and deletes what is kept about the member who asks."""

from __future__ import annotations

import io

import discord
from discord import app_commands

from bot.discord.commands.definitions import described
from bot.discord.dispatch import deferred
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction, locale_of, services_of
from bot.discord.ui.buttons import ask_to_erase
from storage import export as user_data

group = app_commands.Group(
    **described("discord.command.privacy"),
    allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
)


@group.command(**described("discord.command.privacy-see"))
async def see(interaction: Interaction) -> None:
    """Show how much is kept, and since when."""
    kept = await user_data.overview(services_of(interaction).history, PLATFORM, str(interaction.user.id))
    text = locale_of(interaction).say("discord.privacy.nothing")
    if kept.since is not None and kept.latest is not None:
        text = locale_of(interaction).say(
            "discord.privacy.kept",
            pictures=kept.pictures,
            edits=kept.edits,
            megabytes=f"{kept.bytes / 1048576:.1f}",
            since=discord.utils.format_dt(kept.since, "D"),
            latest=discord.utils.format_dt(kept.latest, "D"),
        )
    await interaction.response.send_message(text, ephemeral=True)


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
    await ask_to_erase(interaction, "all")
