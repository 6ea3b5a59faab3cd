"""Registers the commands with Discord, only if they changed since the last time."""

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

logger = logging.getLogger(__name__)


async def register(
    tree: app_commands.CommandTree[Any], folder: Path | None = None, server: int | None = None
) -> bool:
    """Send the definitions of the commands to Discord; False if it has them already.

    Args:
        tree: the commands.
        folder: keeps a hash of what was registered; without it the commands are always sent.
        server: registers the commands of one server; the global ones if None.

    Raises:
        discord.HTTPException: Discord refuses them or cannot be reached.
    """
    guild = None if server is None else discord.Object(server)
    translator, commands = tree.translator, tree.get_commands(guild=guild, type=None)
    assert translator is not None
    definitions = [await command.get_translated_payload(tree, translator) for command in commands]
    if folder is None:
        await tree.sync(guild=guild)
        return True
    file = folder / f"commands-{tree.client.application_id}-{server or 'global'}.sha256"
    if file.exists() and file.read_text() == _digest(definitions, await tree.fetch_commands(guild=guild)):
        return False
    registered = await tree.sync(guild=guild)
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
