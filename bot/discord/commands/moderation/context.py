"""What one command of a moderator works with, from its acknowledgement to its private answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.discord.commands.moderation import audit_log, formatting
from bot.discord.dispatch import deferred
from bot.discord.requests.request import PLATFORM
from bot.discord.services import Services
from bot.discord.ui.interactions import Interaction, locale_of, services_of
from bot.discord.ui.view import MAX_TEXT, OutgoingMessage, shortened, show_privately
from bot.locales import Locale
from storage.servers import Servers, ServerSettings


@dataclass(frozen=True)
class CommandContext:
    """The moderator's interaction, its server, and their language."""

    interaction: Interaction
    services: Services
    locale: Locale
    guild: discord.Object | discord.Guild

    @classmethod
    async def begin(cls, interaction: Interaction) -> Self:
        """Acknowledge a command, so that there is time for what it does."""
        await deferred.defer(interaction)
        return cls.of(interaction)

    @classmethod
    def of(cls, interaction: Interaction) -> Self:
        """The context of an interaction that is acknowledged in another way."""
        assert interaction.guild_id is not None  # the commands are for servers only
        guild = interaction.guild or discord.Object(interaction.guild_id)
        return cls(interaction, services_of(interaction), locale_of(interaction), guild)

    @property
    def server(self) -> str:
        """The server's id."""
        return str(self.guild.id)

    @property
    def servers(self) -> Servers:
        """The stored settings, blocks and audit log of servers."""
        return self.services.servers

    async def settings(self) -> ServerSettings:
        """The server's current settings."""
        return await self.services.access.settings(self.server)

    async def record(
        self, action: str, target: str | None = None, reason: str | None = None, **details: Any
    ) -> str:
        """Record what was done in the audit log and post it in the log channel.

        Returns a warning for the moderator if the log channel is closed, otherwise an empty text.
        """
        actor = str(self.interaction.user.id)
        entry = await self.servers.record(PLATFORM, self.server, actor, action, target, reason, **details)
        closed = await audit_log.post(self.services, self.guild, entry)
        if closed is None:
            return ""
        return self.locale.say("mod.log-closed", channel=formatting.channel(closed))

    async def change(self, name: str, value: Any) -> None:
        """Change one setting, record that, and answer."""
        await self.servers.change(PLATFORM, self.server, **{name: value})
        warning = await self.record("setting", name, value=value)
        shown = formatting.setting_text(name, value, self.locale)
        await self.say("mod.done.setting", warning, name=self.locale.say(f"mod.setting.{name}"), value=shown)

    async def say(self, key: str, warning: str = "", **values: Any) -> None:
        """Answer with the sentence of a key, and a warning below it."""
        await self.tell(self.locale.say(key, **values), warning)

    async def tell(self, *sentences: str) -> None:
        """Answer with sentences, which ping nobody."""
        text = shortened("\n".join(sentence for sentence in sentences if sentence), MAX_TEXT)
        nobody = discord.AllowedMentions.none()
        await self.interaction.edit_original_response(content=text, allowed_mentions=nobody)

    async def show(self, message: OutgoingMessage) -> None:
        """Answer with a list and its buttons."""
        await show_privately(self.interaction, message)
