"""Registers the commands with Discord, only if they changed since the last time."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
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
        folder: keeps a hash of the definitions that were sent; without it they are always sent.
        server: registers the commands of one server; the global ones if None.

    Raises:
        discord.HTTPException: Discord refuses them or cannot be reached.
    """
    guild = None if server is None else discord.Object(server)
    commands = tree.get_commands(guild=guild, type=None)
    file = (
        None
        if folder is None
        else folder / f"commands-{tree.client.application_id}-{server or 'global'}.sha256"
    )
    definitions = await _definitions_hash(tree, commands)
    if file is not None and file.exists() and file.read_text(encoding="ascii") == definitions:
        registered = {command.name for command in await tree.fetch_commands(guild=guild)}
        if registered == {command.name for command in commands}:  # another program may have replaced them
            return False
    await tree.sync(guild=guild)
    if file is not None:
        with contextlib.suppress(OSError):  # then they are sent again next time, which does no harm
            file.write_text(definitions, encoding="ascii")
    logger.info("registered %d commands with Discord", len(commands))
    return True


async def _definitions_hash(tree: app_commands.CommandTree[Any], commands: list[Any]) -> str:
    translator = tree.translator
    assert translator is not None
    payloads = [await command.get_translated_payload(tree, translator) for command in commands]
    return hashlib.sha256(json.dumps(payloads, sort_keys=True, default=str).encode()).hexdigest()
