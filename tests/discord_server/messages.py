"""REST for messages: create, read, edit, delete, type."""

from __future__ import annotations

from typing import Any

from tests.discord_server import drafts, objects, permissions
from tests.discord_server.gateway import blanked
from tests.discord_server.refusals import Refused
from tests.discord_server.routes import Call, route
from tests.discord_server.world import MIB, Json, World

NONCE_SECONDS = 300.0


def max_upload(world: World, channel_id: str) -> int:
    """The bytes of the largest attachment that a channel accepts."""
    guild = world.guild_of(channel_id)
    return guild.max_upload() if guild else 10 * MIB


def require(world: World, channel_id: str, *needed: int) -> Json:
    """The channel, if the bot has these permissions in it. Raises Refused."""
    channel = world.channel(channel_id)
    if channel is None:
        raise Refused(10003)
    held = world.bot_permissions(channel_id)
    if not held & permissions.VIEW_CHANNEL:
        raise Refused(50001)
    if any(not held & permission for permission in needed):
        raise Refused(50013)
    return channel


def public_message(world: World, channel_id: str, message_id: str) -> Json:
    """A message that more than one member can see. Raises Refused."""
    message = world.messages.get(message_id)
    if message is None or message["channel_id"] != channel_id or message["flags"] & objects.EPHEMERAL:
        raise Refused(10008)
    return message


def _seen(world: World, message: Json) -> Json:
    """The message as REST shows it to the bot, without what its intents do not cover."""
    intents = world.gateway.sessions[-1].intents if world.gateway.sessions else 0
    return blanked(world.rendered(message), intents, world.guild_of(message["channel_id"]) is not None)


def _sending(channel: Json) -> int:
    return permissions.SEND_IN_THREADS if channel["type"] == objects.THREAD else permissions.SEND_MESSAGES


def _reply(world: World, channel_id: str, body: Json) -> Json:
    """The fields that make a message a reply; none if the other is deleted and the client allows that."""
    reference = body["message_reference"]
    if not world.bot_permissions(channel_id) & permissions.READ_MESSAGE_HISTORY:
        raise Refused(160002)
    try:
        replied = public_message(world, channel_id, str(reference["message_id"]))
    except Refused:
        if reference.get("fail_if_not_exists", True):
            raise Refused(50035, "message_reference: Unknown message") from None
        return {}
    place = {"type": 0, "message_id": replied["id"], "channel_id": channel_id}
    guild = world.guild_of(channel_id)
    return {"type": 19, "message_reference": place | ({"guild_id": guild.id} if guild else {})}


def _repeated(world: World, channel_id: str, body: Json) -> Json | None:
    """The message that was already sent with the same enforced nonce."""
    if not (body.get("enforce_nonce") and body.get("nonce") is not None):
        return None
    since, message_id = world.nonces.get((channel_id, str(body["nonce"])), (0.0, ""))
    return world.messages.get(message_id) if world.clock.now() - since < NONCE_SECONDS else None


@route("POST", "/channels/{channel_id}/messages")
def create(call: Call, channel_id: str) -> tuple[int, Any]:
    world, body = call.world, call.body
    channel = world.channel(channel_id) or {"type": 0}
    files = (permissions.ATTACH_FILES,) if call.uploads else ()
    require(world, channel_id, _sending(channel), *files)
    if channel["type"] == objects.DIRECT and channel["recipients"][0]["id"] in world.closed_to_bot:
        raise Refused(50007)
    if len(str(body.get("nonce") or "")) > 25:
        raise Refused(50035, "a nonce has more than 25 characters")
    if (known := _repeated(world, channel_id, body)) is not None:
        return 200, world.rendered(known)
    reply = _reply(world, channel_id, body) if body.get("message_reference") else {}
    message = objects.message(channel_id, objects.me(), "", **reply)
    drafts.put(world, call.draft(body, max_upload(world, channel_id)), message, editing=False)
    message["flags"] &= ~objects.EPHEMERAL
    replied = world.messages.get(message.get("message_reference", {}).get("message_id", ""))
    pings = (body.get("allowed_mentions") or {"replied_user": True}).get("replied_user", False)
    if replied is not None and pings and replied["author"] not in message["mentions"]:
        message["mentions"].append(replied["author"])
    if body.get("nonce") is not None:
        message["nonce"] = body["nonce"]
        world.nonces[channel_id, str(body["nonce"])] = (world.clock.now(), message["id"])
    world.messages[message["id"]] = message
    world.announce("MESSAGE_CREATE", message)
    return 200, world.rendered(message)


@route("GET", "/channels/{channel_id}/messages")
def history(call: Call, channel_id: str) -> tuple[int, Any]:
    world, limit = call.world, int(call.query.get("limit", 50))
    require(world, channel_id)
    if not world.bot_permissions(channel_id) & permissions.READ_MESSAGE_HISTORY:
        return 200, []
    before, after = int(call.query.get("before", 1 << 63)), int(call.query.get("after", 0))
    public = (
        m
        for m in world.messages.values()
        if m["channel_id"] == channel_id and not m["flags"] & objects.EPHEMERAL
    )
    within = sorted((m for m in public if after < int(m["id"]) < before), key=lambda m: int(m["id"]))
    chosen = within[:limit] if "after" in call.query else within[-limit:]
    return 200, [_seen(world, message) for message in reversed(chosen)]


@route("GET", "/channels/{channel_id}/messages/{message_id}")
def fetch(call: Call, channel_id: str, message_id: str) -> tuple[int, Any]:
    require(call.world, channel_id, permissions.READ_MESSAGE_HISTORY)
    return 200, _seen(call.world, public_message(call.world, channel_id, message_id))


@route("PATCH", "/channels/{channel_id}/messages/{message_id}")
def edit(call: Call, channel_id: str, message_id: str) -> tuple[int, Any]:
    world = call.world
    require(world, channel_id)
    message = public_message(world, channel_id, message_id)
    if message["author"]["id"] != objects.BOT:
        raise Refused(50005)
    drafts.put(world, call.draft(call.body, max_upload(world, channel_id)), message, editing=True)
    world.announce("MESSAGE_UPDATE", message)
    return 200, world.rendered(message)


@route("DELETE", "/channels/{channel_id}/messages/{message_id}")
def delete(call: Call, channel_id: str, message_id: str) -> tuple[int, Any]:
    world = call.world
    require(world, channel_id)
    message = public_message(world, channel_id, message_id)
    if message["author"]["id"] != objects.BOT:
        require(world, channel_id, permissions.MANAGE_MESSAGES)
    world.remove(message)
    return 204, None


@route("POST", "/channels/{channel_id}/messages/bulk-delete")
def delete_many(call: Call, channel_id: str) -> tuple[int, Any]:
    world, numbers = call.world, [str(number) for number in call.body["messages"]]
    require(world, channel_id, permissions.MANAGE_MESSAGES)
    if not 2 <= len(numbers) <= 100:
        raise Refused(50035, f"{len(numbers)} messages; 2 to 100 can be deleted at once")
    for number in numbers:
        if (message := world.messages.get(number)) is not None and message["channel_id"] == channel_id:
            world.remove(message)
    return 204, None


@route("POST", "/channels/{channel_id}/typing")
def typing(call: Call, channel_id: str) -> tuple[int, Any]:
    require(call.world, channel_id, _sending(call.world.channel(channel_id) or {"type": 0}))
    call.world.typing += 1
    return 204, None
