"""The group ``/mod``: how its commands are defined, and who may use them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.definitions import described, options
from bot.discord.commands.moderation.context import CommandContext
from bot.discord.ui.interactions import Interaction

PERMISSIONS = ("moderate_members", "manage_guild", "manage_messages")
"""Any of these makes a member a moderator, who may use a part of ``/mod`` and cannot be blocked."""
CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
INSTALLS = app_commands.AppInstallationType(guild=True, user=False)
"""Only in servers that the bot is a member of."""

group = app_commands.Group(
    **described("mod.command.mod"),
    allowed_contexts=CONTEXTS,
    allowed_installs=INSTALLS,
    default_permissions=discord.Permissions(moderate_members=True),
)
option = partial(options, "mod.option")


def subgroup(name: str) -> app_commands.Group:
    """A group within ``/mod``."""
    return app_commands.Group(parent=group, **described(f"mod.command.{name}"))


def command(
    key: str, permission: str = "manage_guild", parent: app_commands.Group = group
) -> Callable[[Any], Any]:
    """A decorator for a command that checks a permission, whatever Discord's own settings for it are.

    The command is acknowledged first; then it is called with a ``CommandContext`` and its options.
    """

    def decorate(callback: Any) -> Any:
        @functools.wraps(callback)
        async def run(interaction: Interaction, **values: Any) -> None:
            await callback(await CommandContext.begin(interaction), **values)

        run.__signature__ = inspect.signature(callback, eval_str=True)  # type: ignore[attr-defined]
        checked = app_commands.checks.has_permissions(**{permission: True})(run)
        return parent.command(**described(f"mod.command.{key}"))(checked)

    return decorate


def check_permission(interaction: Interaction, permission: str) -> None:
    """Check a permission of the member who uses a button. Raises app_commands.MissingPermissions."""
    if not getattr(interaction.permissions, permission):
        raise app_commands.MissingPermissions([permission])
