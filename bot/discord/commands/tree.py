"""All slash commands and context menus of the bot, and what happens when one of them fails."""

from __future__ import annotations

import time
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands import members, moderation, owner, privacy
from bot.discord.commands.definitions import Translator
from bot.discord.dispatch import deferred
from bot.discord.errors import MenuTooOld
from bot.discord.ui import interactions
from bot.discord.ui.interactions import Interaction
from bot.errors import code_for

_STARTED = "started"
"""Where ``Interaction.extras`` keeps the time at which a command arrived, in monotonic seconds."""


class CommandTree(app_commands.CommandTree[Any]):
    """The commands of one client; errors are told privately to the member."""

    def __init__(self, client: discord.Client) -> None:
        installs = app_commands.AppInstallationType(guild=True, user=True)
        contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        super().__init__(client, allowed_installs=installs, allowed_contexts=contexts)

    async def add_all(self, owner_server: int | None) -> None:
        """Add every command; those of the bot's owner only in one server, if any."""
        await self.set_translator(Translator())
        for command in (*members.COMMANDS, privacy.group, *moderation.COMMANDS):
            self.add_command(command)
        if owner_server is not None:
            self.add_command(owner.group, guild=discord.Object(owner_server))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Note when a command arrives; all are allowed."""
        interaction.extras[_STARTED] = time.monotonic()
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell the member what went wrong.

        A command that this version does not know is reported as outdated.
        """
        cause: Exception = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            cause = MenuTooOld()
        sentence = interactions.error_sentence(cause, interactions.locale_of(interaction))
        await interactions.reply_privately(interaction, sentence)
        await self.finish(interaction, code_for(cause))

    async def finish(self, interaction: Interaction, outcome: str = "done") -> None:
        """Close and count a command that was answered."""
        await deferred.forget_answered(interaction)
        started = interaction.extras.get(_STARTED, time.monotonic())
        interactions.count(interaction, "command", outcome, started)
