"""Registration of the commands with Discord, only where they differ from what is registered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands
from discord.http import Route

logger = logging.getLogger(__name__)


async def register(tree: app_commands.CommandTree[Any], server: int | None = None) -> bool:
    """Bring Discord's list of commands up to date, the global ones or those of one server; False where it was already.

    Raises discord.HTTPException.
    """
    client = tree.client
    assert client.application_id is not None
    wanted = await payload(tree, server)
    route = _route(client.application_id, server)
    present = await client.http.request(
        route, params={"with_localizations": "true"}
    )  # the library leaves them out
    if _as_set(wanted) == _as_set(present) and all(_alike(one, _named(present, one)) for one in wanted):
        return False
    if server is None:
        await client.http.bulk_upsert_global_commands(client.application_id, payload=wanted)
    else:
        await client.http.bulk_upsert_guild_commands(client.application_id, server, payload=wanted)
    logger.info("registered %d commands with Discord", len(wanted))
    return True


async def payload(tree: app_commands.CommandTree[Any], server: int | None = None) -> list[dict[str, Any]]:
    """All global commands, or those of one server, as Discord takes them, with their translations."""
    translator = tree.translator
    commands = tree.get_commands(guild=discord.Object(server) if server is not None else None, type=None)
    if translator is None:
        found = [command.to_dict(tree) for command in commands]
    else:
        found = [await command.get_translated_payload(tree, translator) for command in commands]
    return found if server is None else [_of_server(command) for command in found]


def _of_server(command: dict[str, Any]) -> dict[str, Any]:
    """A server's own commands are there for its members and nowhere else: where they may be used is not to be said."""
    return {name: value for name, value in command.items() if name not in ("contexts", "integration_types")}


def _route(application: int, server: int | None) -> Route:
    if server is None:
        return Route("GET", "/applications/{application_id}/commands", application_id=application)
    return Route(
        "GET",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        application_id=application,
        guild_id=server,
    )


def _as_set(commands: Sequence[Mapping[str, Any]]) -> set[tuple[int, str]]:
    return {(command.get("type", 1), command["name"]) for command in commands}


def _named(commands: Sequence[Mapping[str, Any]], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(
        one
        for one in commands
        if (one.get("type", 1), one["name"]) == (wanted.get("type", 1), wanted["name"])
    )


def _alike(wanted: Any, present: Any) -> bool:
    """Whether what is wanted is there; Discord leaves out or adds what is empty, and sorts as it likes."""
    if isinstance(wanted, Mapping):
        return isinstance(present, Mapping) and all(
            _alike(value, present.get(name)) for name, value in wanted.items()
        )
    if isinstance(wanted, list) and wanted and isinstance(present, list):
        if not isinstance(wanted[0], Mapping):
            return sorted(wanted) == sorted(present)
        return len(wanted) == len(present) and all(map(_alike, wanted, present))
    return wanted == present or (not wanted and not present)
