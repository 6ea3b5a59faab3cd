"""Registration of the commands with Discord, only where they differ from what is registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from discord import app_commands
from discord.http import Route

logger = logging.getLogger(__name__)


async def register(tree: app_commands.CommandTree[Any]) -> bool:
    """Bring Discord's list of global commands up to date; False where it was already. Raises discord.HTTPException."""
    client = tree.client
    assert client.application_id is not None
    wanted = await payload(tree)
    route = Route("GET", "/applications/{application_id}/commands", application_id=client.application_id)
    present = await client.http.request(route, params={"with_localizations": "true"})  # the library leaves them out
    if _as_set(wanted) == _as_set(present) and all(_alike(one, _named(present, one)) for one in wanted):
        return False
    await client.http.bulk_upsert_global_commands(client.application_id, payload=wanted)
    logger.info("registered %d commands with Discord", len(wanted))
    return True


async def payload(tree: app_commands.CommandTree[Any]) -> list[dict[str, Any]]:
    """All commands as Discord takes them, with their translations."""
    translator = tree.translator
    commands = tree.get_commands(type=None)
    if translator is None:
        return [command.to_dict(tree) for command in commands]
    return [await command.get_translated_payload(tree, translator) for command in commands]


def _as_set(commands: Sequence[Mapping[str, Any]]) -> set[tuple[int, str]]:
    return {(command.get("type", 1), command["name"]) for command in commands}


def _named(commands: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(one for one in commands if (one.get("type", 1), one["name"]) == (wanted.get("type", 1), wanted["name"]))


def _alike(wanted: Any, present: Any) -> bool:
    """Whether what is wanted is there; Discord leaves out or adds what is empty, and sorts as it likes."""
    if isinstance(wanted, Mapping):
        return isinstance(present, Mapping) and all(_alike(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and wanted and isinstance(present, list):
        if not isinstance(wanted[0], Mapping):
            return sorted(wanted) == sorted(present)
        return len(wanted) == len(present) and all(map(_alike, wanted, present))
    return wanted == present or (not wanted and not present)
