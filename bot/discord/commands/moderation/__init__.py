"""What moderators can do: ``/mod`` and the context menu "Remove this result".

Discord hides the commands from members without a permission (``group``). The owner of a server can show them
to anybody, so each command checks the permission again. Every answer is private. Every change is recorded in
the audit log with who, what, whom, when and why, and posted in the server's log channel if there is one.
"""

from __future__ import annotations

from typing import Any

from bot.discord.commands.moderation import audit, blocks, queue, removal, settings
from bot.discord.commands.moderation.context import group

COMMANDS: tuple[Any, ...] = (group, removal.menu)
MODULES = (audit, blocks, queue, removal, settings)  # importing them adds their commands to the group
