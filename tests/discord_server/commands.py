"""REST for application commands: checked as Discord does, and stored for members to use."""

from __future__ import annotations

from typing import Any

from tests.discord_server import objects
from tests.discord_server.refusals import Refused
from tests.discord_server.resources import own_guild
from tests.discord_server.routes import Call, route
from tests.discord_server.world import Json

_COMMANDS_PER_TYPE = {1: 100, 2: 15, 3: 15, 4: 1}
_COMMAND_CHARACTERS = 8000


def _characters(command: Json) -> int:
    """What Discord counts of a command: name, description and values, at their longest localization."""
    total = 0
    for key in ("name", "description"):
        texts = [command.get(key) or "", *(command.get(f"{key}_localizations") or {}).values()]
        total += max(map(len, texts))
    total += sum(len(str(choice["value"])) + len(choice["name"]) for choice in command.get("choices") or [])
    return total + sum(_characters(option) for option in command.get("options") or [])


def _command_problems(commands: list[Json]) -> list[str]:
    keys = [(command.get("type", 1), command["name"]) for command in commands]
    problems = [f"two commands named {name}" for kind, name in set(keys) if keys.count((kind, name)) > 1]
    for kind, most in _COMMANDS_PER_TYPE.items():
        if sum(k == kind for k, _ in keys) > most:
            problems.append(f"more than {most} commands of type {kind}")
    for command in commands:
        if command.get("type", 1) == 1 and not (
            command.get("description") and command["name"] == command["name"].lower()
        ):
            problems.append(f"{command['name']}: a lower-case name and a description are needed")
        if _characters(command) > _COMMAND_CHARACTERS:
            problems.append(f"{command['name']} has more than {_COMMAND_CHARACTERS} characters")
        problems += _option_problems(command["name"], command.get("options") or [])
    return problems


def _option_problems(name: str, options: list[Json]) -> list[str]:
    problems = [f"{name} has more than 25 options"] if len(options) > 25 else []
    wanted = [bool(option.get("required")) for option in options]
    if wanted != sorted(wanted, reverse=True):
        problems.append(f"{name}: required options come first")
    for option in options:
        if option.get("autocomplete") and option.get("choices"):
            problems.append(f"{name} {option['name']}: choices or autocomplete, not both")
        problems += _option_problems(f"{name} {option['name']}", option.get("options") or [])
    return problems


def _registered(call: Call, guild_id: str | None) -> tuple[int, Any]:
    if problems := _command_problems(call.body):
        raise Refused(50035, "; ".join(problems))
    known = {(c["type"], c["name"]): c["id"] for c in call.world.commands.get(guild_id, [])}
    result = []
    for command in call.body:
        kind = command.get("type") or 1
        given = {key: value for key, value in command.items() if value is not None}
        result.append(
            {
                "default_member_permissions": None,
                "nsfw": False,
                "description": "",
                "integration_types": [0],
                "contexts": None,
                **given,
                "type": kind,
                "application_id": objects.APPLICATION,
                "version": objects.snowflake(),
                "id": known.get((kind, command["name"])) or objects.snowflake(),
            }
            | ({"guild_id": guild_id} if guild_id else {})
        )
        permissions = result[-1]["default_member_permissions"]
        result[-1]["default_member_permissions"] = None if permissions is None else str(permissions)
    call.world.commands[guild_id] = result
    return 200, result


@route("PUT", "/applications/{application_id}/commands")
def register(call: Call, application_id: str) -> tuple[int, Any]:
    return _registered(call, None)


@route("GET", "/applications/{application_id}/commands")
def registered(call: Call, application_id: str) -> tuple[int, Any]:
    return 200, call.world.commands.get(None, [])


@route("PUT", "/applications/{application_id}/guilds/{guild_id}/commands")
def register_in_guild(call: Call, application_id: str, guild_id: str) -> tuple[int, Any]:
    own_guild(call.world, guild_id)
    return _registered(call, guild_id)


@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands")
def registered_in_guild(call: Call, application_id: str, guild_id: str) -> tuple[int, Any]:
    own_guild(call.world, guild_id)
    return 200, call.world.commands.get(guild_id, [])
