"""The group ``/mod``: what Discord is told about it, and the decorators that its commands are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.translator import named

PERMISSIONS = ("moderate_members", "manage_guild", "manage_messages")
"""Whoever has one of them here is a moderator: may use a part of ``/mod``, and cannot be blocked."""

CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
INSTALLS = app_commands.AppInstallationType(guild=True, user=False)
"""In servers that the bot is a member of, and nowhere else."""

Interaction = discord.Interaction[Any]

group = app_commands.Group(
    name=named("mod.command.mod.name"),
    description=named("mod.command.mod"),
    allowed_contexts=CONTEXTS,
    allowed_installs=INSTALLS,
    default_permissions=discord.Permissions(moderate_members=True),
)


def subgroup(name: str) -> app_commands.Group:
    """A group within ``/mod``."""
    return app_commands.Group(
        parent=group, name=named(f"mod.command.{name}.name"), description=named(f"mod.command.{name}")
    )


def command(
    key: str, needs: str = "manage_guild", parent: app_commands.Group = group
) -> Callable[[Any], Any]:
    """A command with the texts of a key, for members with a permission here, whatever Discord's own settings let through."""

    def decorate(callback: Any) -> Any:
        checked = app_commands.checks.has_permissions(**{needs: True})(callback)
        return parent.command(name=named(f"mod.command.{key}.name"), description=named(f"mod.command.{key}"))(
            checked
        )

    return decorate


def option(*names: str, **keys: str) -> Callable[[Any], Any]:
    """Names and descriptions of a command's options, by the key named like the parameter or given for it."""
    texts = {name: name for name in names} | keys

    def decorate(callback: Any) -> Any:
        callback = app_commands.describe(**{name: named(f"mod.option.{key}") for name, key in texts.items()})(
            callback
        )
        return app_commands.rename(**{name: named(f"mod.option.{key}.name") for name, key in texts.items()})(
            callback
        )

    return decorate
