"""All slash commands and context menus of the bot: what happens when one fails, and their registration."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands import members, moderation, owner
from bot.discord.commands.descriptions import Translator
from bot.discord.dispatch import deferred
from bot.discord.errors import DiscordError
from bot.discord.services import Interaction
from bot.discord.ui.interactions import errors_reported

logger = logging.getLogger(__name__)


class CommandTree(app_commands.CommandTree[Any]):
    """The commands of one client; errors are told privately to the member."""

    def __init__(self, client: discord.Client) -> None:
        installs = app_commands.AppInstallationType(guild=True, user=True)
        contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        super().__init__(client, allowed_installs=installs, allowed_contexts=contexts)

    async def add_all(self, owner_server: int | None) -> None:
        """Add every command; those of the bot's owner only in one server, if any."""
        await self.set_translator(Translator())
        for command in (*members.COMMANDS, *moderation.COMMANDS):
            self.add_command(command)
        if owner_server is not None:
            self.add_command(owner.group, guild=discord.Object(owner_server))

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Tell the member what went wrong; a command that this version does not know is outdated."""
        cause: Exception = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            cause = DiscordError("discord.error.menu-too-old")
        async with errors_reported(interaction, "command"):
            raise cause
        await deferred.forget_answered(interaction)

    async def register(self, folder: Path | None = None, server: int | None = None) -> bool:
        """Send the commands of a server, or the global ones, to Discord; False if it has them already.

        ``folder`` keeps a hash of what was registered. Raises discord.HTTPException.
        """
        guild = None if server is None else discord.Object(server)
        if folder is None:
            await self.sync(guild=guild)
            return True
        commands, translator = self.get_commands(guild=guild, type=None), self.translator
        assert translator is not None
        definitions = [await command.get_translated_payload(self, translator) for command in commands]
        file = folder / f"commands-{self.client.application_id}-{server or 'global'}.sha256"
        if file.exists() and file.read_text() == _digest(definitions, await self.fetch_commands(guild=guild)):
            return False
        registered = await self.sync(guild=guild)
        with contextlib.suppress(OSError):  # then they are sent again next time, which does no harm
            file.write_text(_digest(definitions, registered))
        logger.info("registered %d commands with Discord", len(commands))
        return True


def _digest(definitions: list[dict[str, Any]], registered: Sequence[app_commands.AppCommand]) -> str:
    """A hash of the definitions and of the commands at Discord, which another program may have changed."""
    present = sorted(json.dumps(_plain(command.to_dict()), sort_keys=True) for command in registered)
    return hashlib.sha256(json.dumps([definitions, present], sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A command without translations, which Discord does not always send."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if not key.endswith("_localizations")}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
