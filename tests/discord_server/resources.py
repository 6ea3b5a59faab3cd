"""REST for the bot itself, guilds, channels and users."""

from __future__ import annotations

from typing import Any

from tests.discord_server import objects
from tests.discord_server.gateway import GUILD_MEMBERS, MESSAGE_CONTENT, PRESENCES
from tests.discord_server.refusals import Refused
from tests.discord_server.routes import Call, route
from tests.discord_server.world import Guild, World

_INTENT_FLAGS = {GUILD_MEMBERS: 1 << 15, PRESENCES: 1 << 13, MESSAGE_CONTENT: 1 << 19}
"""The flags that tell which privileged intents are on, in an application of fewer than a hundred guilds."""


def own_guild(world: World, guild_id: str) -> Guild:
    """A guild that the bot is in. Raises Refused."""
    guild = world.guilds.get(guild_id)
    if guild is None or not guild.bot_in:
        raise Refused(10004)
    return guild


@route("GET", "/users/@me")
def me(call: Call) -> tuple[int, Any]:
    return 200, objects.me() | {"mfa_enabled": False, "locale": "en-US"}


@route("GET", "/oauth2/applications/@me")
def application(call: Call) -> tuple[int, Any]:
    on = (flag for intent, flag in _INTENT_FLAGS.items() if call.world.privileged & intent)
    return 200, objects.application(sum(guild.bot_in for guild in call.world.guilds.values()), sum(on))


@route("GET", "/applications/@me")
def own_application(call: Call) -> tuple[int, Any]:
    return application(call)


@route("GET", "/gateway/bot")
def gateway(call: Call) -> tuple[int, Any]:
    limit = {
        "total": 1000,
        "remaining": 1000 - call.world.gateway.identifies,
        "reset_after": 1000,
        "max_concurrency": 16,
    }
    return 200, {"url": call.world.gateway.url, "session_start_limit": limit, "shards": call.world.shards}


@route("GET", "/users/{user_id}")
def user(call: Call, user_id: str) -> tuple[int, Any]:
    if user_id not in call.world.users:
        raise Refused(10013)
    return 200, call.world.users[user_id]


@route("POST", "/users/@me/channels")
def open_direct(call: Call) -> tuple[int, Any]:
    known = call.world.users.get(str(call.body["recipient_id"]))
    if known is None:
        raise Refused(50007)
    return 200, call.world.direct(known)


@route("DELETE", "/users/@me/guilds/{guild_id}")
def leave(call: Call, guild_id: str) -> tuple[int, Any]:
    guild = own_guild(call.world, guild_id)
    call.world.expel(guild)
    return 204, None


@route("GET", "/guilds/{guild_id}")
def guild(call: Call, guild_id: str) -> tuple[int, Any]:
    return 200, own_guild(call.world, guild_id).rest()


@route("GET", "/guilds/{guild_id}/channels")
def channels(call: Call, guild_id: str) -> tuple[int, Any]:
    found = own_guild(call.world, guild_id).channels.values()
    return 200, [channel for channel in found if channel["type"] != objects.THREAD]


@route("GET", "/guilds/{guild_id}/roles")
def roles(call: Call, guild_id: str) -> tuple[int, Any]:
    return 200, list(own_guild(call.world, guild_id).roles.values())


@route("GET", "/guilds/{guild_id}/members/{user_id}")
def member(call: Call, guild_id: str, user_id: str) -> tuple[int, Any]:
    members = own_guild(call.world, guild_id).members
    if user_id not in members:
        raise Refused(10007 if user_id in call.world.users else 10013)
    return 200, members[user_id]


@route("GET", "/channels/{channel_id}")
def channel(call: Call, channel_id: str) -> tuple[int, Any]:
    found = call.world.channel(channel_id)
    if found is None:
        raise Refused(10003)
    if not call.world.visible(channel_id):
        raise Refused(50001)
    return 200, found
