"""The moderators' side: ``/mod`` and "Remove this result".

Discord hides the commands from members without a permission (``group``); as the owner of a server can show them to anybody,
each asks once more for the permission of whoever runs it. Everything is answered to the moderator alone. Each change is
written down with who, what, whom, when and why (``journal``), and told in the server's log channel where there is one.
"""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot.discord.commands.moderation import audit, blocks, limits, member_requests, queue, removal, settings
from bot.discord.commands.moderation.group import CONTEXTS, INSTALLS, group
from bot.discord.commands.translator import named

ITEMS: tuple[type[discord.ui.DynamicItem[Any]], ...] = (audit.PageButton, removal.RemoveButton)
COMMANDS = (audit, blocks, limits, queue, removal, settings, member_requests)
"""The modules whose import puts commands into the group."""


def add_to(tree: app_commands.CommandTree[Any]) -> None:
    """Add the commands of moderators."""
    tree.add_command(group)
    menu = app_commands.ContextMenu(name=named("mod.menu.remove"), callback=removal.remove_this)
    menu.default_permissions = discord.Permissions(manage_messages=True)
    menu.allowed_contexts, menu.allowed_installs = CONTEXTS, INSTALLS
    tree.add_command(menu)


__all__ = ["COMMANDS", "ITEMS", "add_to", "group"]
