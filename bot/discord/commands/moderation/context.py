"""An act: one command of a moderator, from its acknowledgement to its private answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import discord

from bot.discord.commands.moderation import audit_log, names
from bot.discord.dispatch import deferred
from bot.discord.requests.request import PLATFORM
from bot.discord.ui import interactions
from bot.discord.ui.view import MOST_TEXT, Card, shortened
from bot.locales import Locale
from storage.servers import Servers, ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot


@dataclass(frozen=True)
class Act:
    """Whose command it is, and where; ``locale`` is the moderator's own."""

    interaction: discord.Interaction[Any]
    bot: Bot
    locale: Locale
    guild: discord.Object | discord.Guild

    @classmethod
    async def begin(cls, interaction: discord.Interaction[Any]) -> Self:
        """Acknowledge, so that there is time to look things up and to delete."""
        await deferred.make(interaction)
        return cls.of(interaction)

    @classmethod
    def of(cls, interaction: discord.Interaction[Any]) -> Self:
        """One that is answered otherwise."""
        assert interaction.guild_id is not None  # the commands are for servers only
        guild = interaction.guild or discord.Object(interaction.guild_id)
        return cls(interaction, interactions.bot_of(interaction), interactions.locale_of(interaction), guild)

    @property
    def server(self) -> str:
        """The server's id."""
        return str(self.guild.id)

    @property
    def servers(self) -> Servers:
        """Where settings, blocks and records are kept."""
        return self.bot.access.servers

    async def settings(self) -> ServerSettings:
        """The server's settings as they are now."""
        return await self.bot.access.settings(self.server)

    async def record(
        self, action: str, target: str | None = None, reason: str | None = None, **details: Any
    ) -> str:
        """Write down what was done, and tell the log channel; returns a sentence where that was not possible."""
        mute = await audit_log.record(
            self.bot, self.guild, self.interaction.user.id, action, target, reason, **details
        )
        return "" if mute is None else self.locale.say("mod.log-closed", channel=names.channel(mute))

    async def change(self, name: str, value: Any) -> None:
        """Change one setting, write that down, and say so."""
        await self.servers.change(PLATFORM, self.server, **{name: value})
        note = await self.record("setting", name, value=value)
        shown = {
            "name": self.locale.say(f"mod.setting.{name}"),
            "value": names.value(name, value, self.locale),
        }
        await self.tell(self.locale.say("mod.done.setting", **shown), note)

    async def say(self, key: str, note: str = "", **values: Any) -> None:
        """Answer with the sentence of a key."""
        await self.tell(self.locale.say(key, **values), note)

    async def tell(self, *sentences: str) -> None:
        """Answer with sentences. Nobody is pinged by them."""
        text = shortened("\n".join(sentence for sentence in sentences if sentence), MOST_TEXT)
        await self.interaction.edit_original_response(
            content=text, allowed_mentions=discord.AllowedMentions.none()
        )

    async def show(self, card: Card) -> None:
        """Answer with a list and what can be pressed below it."""
        await self.interaction.edit_original_response(
            content=card.content or None, embed=card.embed(), view=card.view()
        )
