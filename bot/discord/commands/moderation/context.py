"""The group ``/mod``: how its commands are defined, who may use them, and what each works with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import discord
from discord import app_commands

from bot import locales
from bot.discord.commands.descriptions import described, options
from bot.discord.commands.moderation import formatting
from bot.discord.dispatch import deferred
from bot.discord.errors import http_error_logged
from bot.discord.request import PLATFORM
from bot.discord.services import Interaction, locale_of, services_of
from bot.discord.ui.view import MAX_TEXT, OutgoingMessage, shortened, show_privately
from storage.servers import ServerSettings

PERMISSIONS = ("moderate_members", "manage_guild", "manage_messages")
"""Any of these makes a member a moderator, who may use a part of ``/mod`` and cannot be blocked."""
CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
INSTALLS = app_commands.AppInstallationType(guild=True, user=False)
"""Only in servers that the bot is a member of."""
Member = discord.User | discord.Member
Reason = app_commands.Range[str, 1, 300]
Answer = str | OutgoingMessage

group = app_commands.Group(
    **described("mod.command.mod"),
    allowed_contexts=CONTEXTS,
    allowed_installs=INSTALLS,
    default_permissions=discord.Permissions(moderate_members=True),
)
option = partial(options, "mod.option")


class CommandContext:
    """What one command of a moderator works with, from its acknowledgement to its private answer."""

    def __init__(self, interaction: Interaction) -> None:
        assert interaction.guild_id is not None  # the commands are for servers only
        self.interaction, self.services = interaction, services_of(interaction)
        self.locale, self.say = locale_of(interaction), locale_of(interaction).say
        self.guild = interaction.guild or discord.Object(interaction.guild_id)
        self.server = str(self.guild.id)
        self.here = PLATFORM, self.server
        self.servers = self.services.servers
        self._warning = ""

    @classmethod
    async def begin(cls, interaction: Interaction) -> Self:
        """Acknowledge a command, so that there is time for what it does."""
        await deferred.defer(interaction)
        return cls(interaction)

    async def settings(self) -> ServerSettings:
        """The server's current settings."""
        return await self.servers.settings(*self.here)

    async def record(
        self, action: str, target: str | None = None, reason: str | None = None, **details: Any
    ) -> None:
        """Record what was done in the audit log, and post it in the server's log channel, if any.

        It is stored first, so that nothing is lost when the log channel is closed; then the answer warns.
        """
        actor = str(self.interaction.user.id)
        entry = await self.servers.record(*self.here, actor, action, target, reason, **details)
        settings = await self.settings()
        if settings.log_channel is None:
            return
        preferred = self.guild.preferred_locale.value if isinstance(self.guild, discord.Guild) else None
        locale = locales.locale_of(preferred=settings.language or preferred)
        place = self.services.client.get_partial_messageable(
            int(settings.log_channel), guild_id=self.guild.id
        )
        self._warning = self.say("mod.log-closed", channel=f"<#{settings.log_channel}>")
        with http_error_logged("a log channel cannot be written to"):
            await place.send(formatting.record(entry, locale), silent=True)
            self._warning = ""

    async def change(self, name: str, value: Any) -> str:
        """Change one setting, record that, and return the answer."""
        await self.servers.change(*self.here, **{name: value})
        await self.record("setting", name, value=value)
        shown = formatting.setting(name, value, self.locale)
        return self.say("mod.done.setting", name=self.say(f"mod.setting.{name}"), value=shown)

    async def answer(self, answer: Answer, **options: Any) -> None:
        """Show a list; or a text, which pings nobody, with the warning below it if there is one."""
        if isinstance(answer, OutgoingMessage):
            await show_privately(self.interaction, answer)
            return
        text = shortened(f"{answer}\n{self._warning}".strip(), MAX_TEXT)
        nobody = discord.AllowedMentions.none()
        await self.interaction.edit_original_response(content=text, allowed_mentions=nobody, **options)


def subgroup(name: str) -> app_commands.Group:
    """A group within ``/mod``."""
    return app_commands.Group(parent=group, **described(f"mod.command.{name}"))


def command(
    key: str, permission: str = "manage_guild", parent: app_commands.Group = group
) -> Callable[[Any], Any]:
    """A decorator for a command that checks a permission, whatever Discord's own settings for it are.

    The command is acknowledged first. Then it is called with a ``CommandContext`` and its options, and
    returns the answer, or None if it gave one itself.
    """

    def decorate(callback: Any) -> Any:
        @functools.wraps(callback)
        async def run(interaction: Interaction, **values: Any) -> None:
            context = await CommandContext.begin(interaction)
            answer: Answer | None = await callback(context, **values)
            if answer is not None:
                await context.answer(answer)

        run.__signature__ = inspect.signature(callback, eval_str=True)  # type: ignore[attr-defined]
        checked = app_commands.checks.has_permissions(**{permission: True})(run)
        return parent.command(**described(f"mod.command.{key}"))(checked)

    return decorate


def check_permission(interaction: Interaction, permission: str) -> None:
    """Check a permission of the member who uses a button. Raises app_commands.MissingPermissions."""
    if not getattr(interaction.permissions, permission):
        raise app_commands.MissingPermissions([permission])
