"""Interactions: how long they live, how they may be answered, and the messages that answer them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from tests.discord_server import drafts, objects
from tests.discord_server.drafts import modal_problems
from tests.discord_server.refusals import Refused
from tests.discord_server.routes import Call, route
from tests.discord_server.world import Json, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
PONG, SAY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 1, 4, 5, 6, 7, 8, 9
TOKEN_SECONDS, USER_INSTALL_FOLLOWUPS = 900.0, 5
_ALLOWED = {
    COMMAND: {SAY, DEFER, OPEN_MODAL},
    COMPONENT: {SAY, DEFER, DEFER_UPDATE, UPDATE, OPEN_MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL: {SAY, DEFER, DEFER_UPDATE, UPDATE},
}
_MESSAGE_TYPES = {1: 20, 2: 23, 3: 23}


@dataclass(eq=False)
class Interaction:
    """One interaction. ``payload`` is what the bot got; ``installed_by`` is the user, if it came through a
    user install."""

    payload: Json
    born: float
    installed_by: str | None = None
    opened_by: Interaction | None = None
    """For a modal, the interaction that was answered with it."""
    hidden: bool = False
    """Whether only the asker sees the answers, for lack of the permission for external apps."""
    callback: Json | None = None
    original: str | None = None
    followups: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id."""
        return self.payload["id"]

    @property
    def channel_id(self) -> str:
        """The channel's id."""
        return self.payload["channel_id"]

    @property
    def user(self) -> Json:
        """The user."""
        return self.payload["user"] if "user" in self.payload else self.payload["member"]["user"]

    def metadata(self) -> Json:
        """The interaction as messages contain it."""
        kind = self.payload["type"]
        owners = self.payload["authorizing_integration_owners"]
        shape = {"id": self.id, "type": kind, "user": self.user, "authorizing_integration_owners": owners}
        if kind == COMPONENT:
            shape["interacted_message_id"] = self.payload["message"]["id"]
        if self.opened_by is not None:
            shape["triggering_interaction_metadata"] = self.opened_by.metadata()
        return shape

    def first_message(self) -> Json:
        """An empty message that answers it."""
        kind = _MESSAGE_TYPES[self.payload["data"]["type"]] if self.payload["type"] == COMMAND else 0
        return self.message(type=kind)

    def message(self, **extra: Any) -> Json:
        """An empty message sent with its token."""
        return objects.message(
            self.channel_id,
            objects.me(),
            "",
            webhook_id=objects.APPLICATION,
            application_id=objects.APPLICATION,
            interaction_metadata=self.metadata(),
            **extra,
        )


def by_token(world: World, webhook_id: str, token: str) -> Interaction:
    """The interaction of a token that has not expired. Raises Refused."""
    interaction = next((i for i in world.interactions.values() if i.payload["token"] == token), None)
    if interaction is None or webhook_id != objects.APPLICATION:
        raise Refused(10015)
    if world.clock.now() - interaction.born > TOKEN_SECONDS:
        raise Refused(50027)
    return interaction


async def watch(world: World, interaction: Interaction) -> None:
    """Complain if no answer came in time although the bot was connected."""
    had = {session.id for session in world.gateway.live()}
    await asyncio.sleep(world.patience)
    if interaction.callback is None and had & {session.id for session in world.gateway.live()}:
        name = interaction.payload["data"].get("name") or interaction.payload["data"].get("custom_id")
        world.complaints.append(f"interaction left unanswered: type {interaction.payload['type']}, {name}")


def _choices_problems(data: Json) -> list[str]:
    choices = data.get("choices", [])
    long = [
        c
        for c in choices
        if not 1 <= len(c["name"]) <= 100 or (isinstance(c["value"], str) and len(c["value"]) > 100)
    ]
    return [f"{len(choices)} choices; up to 25 fit"] * (len(choices) > 25) + [
        f"choices that are too long: {long}"
    ] * bool(long)


def _place(world: World, interaction: Interaction, message: Json) -> Json:
    if interaction.hidden:
        message["flags"] |= objects.EPHEMERAL
    world.messages[message["id"]] = message
    world.announce("MESSAGE_CREATE", message)
    return message


def _updated(world: World, interaction: Interaction, draft: drafts.Draft | None) -> Json | None:
    """The message of the used component, changed now, or later if there is no draft."""
    if "message" not in interaction.payload:
        raise Refused(50035, "there is no message to update")
    interaction.original = interaction.payload["message"]["id"]
    message = world.messages.get(interaction.original or "")
    if draft is not None and message is not None:
        drafts.put(world, draft, message, editing=True)
        world.announce("MESSAGE_UPDATE", message)
    return message


def _answered(call: Call, interaction: Interaction, kind: int, data: Json) -> Json | None:
    """Carry out a callback; returns the message that it made or changed. Raises Refused."""
    world, draft = call.world, call.draft(data, interaction.payload["attachment_size_limit"])
    if kind in (SAY, DEFER):
        message = interaction.first_message()
        if kind == SAY:
            drafts.put(world, draft, message, editing=False)
        else:
            message["flags"] |= objects.LOADING | ((data.get("flags") or 0) & objects.EPHEMERAL)
        interaction.original = message["id"]
        return _place(world, interaction, message)
    if kind in (DEFER_UPDATE, UPDATE):
        return _updated(world, interaction, draft if kind == UPDATE else None)
    problems = _choices_problems(data) if kind == CHOICES else list(modal_problems(data))
    if problems:
        raise Refused(50035, "; ".join(problems))
    return None


@route("POST", "/interactions/{interaction_id}/{token}/callback")
def callback(call: Call, interaction_id: str, token: str) -> tuple[int, Any]:
    world, kind, data = call.world, call.body["type"], call.body.get("data") or {}
    interaction = world.interactions.get(interaction_id)
    if interaction is None or interaction.payload["token"] != token:
        raise Refused(10062)
    if interaction.callback is not None:
        world.complaints.append(f"interaction answered twice: {interaction.callback['type']}, then {kind}")
        raise Refused(40060)
    if world.clock.now() - interaction.born > world.patience:
        raise Refused(10062)
    if kind not in _ALLOWED[interaction.payload["type"]]:
        raise Refused(
            50035, f"an interaction of type {interaction.payload['type']} takes no callback of type {kind}"
        )
    message = _answered(call, interaction, kind, data)
    interaction.callback = call.body
    if "with_response" not in call.query or call.query["with_response"] in ("0", "false"):
        return 204, None
    answer: Json = {"interaction": {"id": interaction.id, "type": interaction.payload["type"]}}
    if message is not None:
        answer["interaction"] |= {
            "response_message_id": message["id"],
            "response_message_loading": bool(message["flags"] & objects.LOADING),
            "response_message_ephemeral": bool(message["flags"] & objects.EPHEMERAL),
        }
        if kind in (SAY, UPDATE):
            answer["resource"] = {"type": kind, "message": world.rendered(message)}
    return 200, answer


def _original(world: World, interaction: Interaction, message_id: str) -> Json:
    number = interaction.original if message_id == "@original" else message_id
    own = {interaction.original, *interaction.followups}
    if number is None or number not in own or number not in world.messages:
        raise Refused(10008)
    return world.messages[number]


def _change(call: Call, interaction: Interaction, message: Json) -> tuple[int, Any]:
    was_loading = bool(message["flags"] & objects.LOADING)
    draft = call.draft(call.body, interaction.payload["attachment_size_limit"])
    drafts.put(call.world, draft, message, editing=True)
    message["flags"] &= ~objects.LOADING
    if was_loading:
        message["edited_timestamp"] = None
    call.world.announce("MESSAGE_UPDATE", message)
    return 200, call.world.rendered(message)


@route("POST", "/webhooks/{webhook_id}/{token}")
def follow_up(call: Call, webhook_id: str, token: str) -> tuple[int, Any]:
    world, interaction = call.world, by_token(call.world, webhook_id, token)
    if interaction.callback is None:
        raise Refused(10015, "the interaction has not been answered yet")
    original = world.messages.get(interaction.original or "")
    if original is not None and original["flags"] & objects.LOADING:
        return _change(call, interaction, original)  # the first follow-up fills a deferred answer
    if interaction.installed_by is not None and len(interaction.followups) >= USER_INSTALL_FOLLOWUPS:
        raise Refused(40094)
    message = interaction.message()
    drafts.put(
        world, call.draft(call.body, interaction.payload["attachment_size_limit"]), message, editing=False
    )
    interaction.followups.append(message["id"])
    return 200, world.rendered(_place(world, interaction, message))


@route("GET", "/webhooks/{webhook_id}/{token}/messages/{message_id}")
def fetch(call: Call, webhook_id: str, token: str, message_id: str) -> tuple[int, Any]:
    interaction = by_token(call.world, webhook_id, token)
    if interaction.callback is None:
        raise Refused(10015, "the interaction has not been answered yet")
    return 200, call.world.rendered(_original(call.world, interaction, message_id))


@route("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}")
def edit(call: Call, webhook_id: str, token: str, message_id: str) -> tuple[int, Any]:
    interaction = by_token(call.world, webhook_id, token)
    return _change(call, interaction, _original(call.world, interaction, message_id))


@route("DELETE", "/webhooks/{webhook_id}/{token}/messages/{message_id}")
def delete(call: Call, webhook_id: str, token: str, message_id: str) -> tuple[int, Any]:
    interaction = by_token(call.world, webhook_id, token)
    call.world.remove(_original(call.world, interaction, message_id))
    return 204, None
