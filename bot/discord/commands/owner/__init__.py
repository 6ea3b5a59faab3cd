"""``/owner``: what whoever runs the bot can do from within Discord, in the one server that OWNER_SERVER names."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.owner import bundles, maintenance, status, training
from bot.discord.commands.owner.group import group

__all__ = ["add_to"]

for _command in (status.status, bundles.reload, training.train, maintenance.announce):
    group.add_command(_command)


def add_to(tree: app_commands.CommandTree[Any], server: int) -> None:
    """Offer the group in one server, to its administrators; what they may do is decided when they do it."""
    tree.add_command(group, guild=discord.Object(server))
