"""The content that a client sends for a message: checked against Discord's limits, then put into the
message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.discord_server import objects, permissions
from tests.discord_server.refusals import Refused
from tests.discord_server.world import Json, World

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, SELECTS = 1, 2, 3, 4, frozenset({3, 5, 6, 7, 8})
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
_LINK, _PREMIUM = 5, 6
_V2_ONLY = frozenset({SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER})
_EMBED_LIMITS = {"title": 256, "description": 4096}
_SETTABLE = objects.EPHEMERAL | objects.COMPONENTS_V2 | 1 << 2 | 1 << 12
_DEFAULTS: dict[int, Json] = {
    STRING_SELECT: {"min_values": 1, "max_values": 1},
    THUMBNAIL: {"description": None, "spoiler": False},
    FILE: {"spoiler": False, "name": None, "size": None},
    CONTAINER: {"accent_color": None, "spoiler": False},
    SEPARATOR: {"spacing": 1, "divider": True},
}


@dataclass
class Draft:
    """The JSON of a request, its files, and the largest number of bytes that each may have."""

    body: Json
    uploads: list[tuple[int, str, bytes]] = field(default_factory=list)
    limit: int = 10 * 1024 * 1024


def walk(components: list[Json]) -> Iterator[Json]:
    """Every component, including those inside others."""
    for component in components:
        yield component
        inner = [component[key] for key in ("accessory", "component") if component.get(key)]
        yield from walk([*component.get("components", []), *inner])


def _button_problems(button: Json) -> Iterator[str]:
    style = button.get("style")
    if style == _LINK and ("custom_id" in button or not button.get("url")):
        yield "a link button has an address and no custom_id"
    if style not in (_LINK, _PREMIUM) and not button.get("custom_id"):
        yield "a button needs a custom_id"
    if len(button.get("label") or "") > 80:
        yield "a button's label has more than 80 characters"
    if style != _PREMIUM and not (button.get("label") or button.get("emoji")):
        yield "a button needs a label or an emoji"


def _select_problems(select: Json) -> Iterator[str]:
    options = select.get("options", [])
    if select["type"] == STRING_SELECT and not 1 <= len(options) <= 25:
        yield f"a select menu has 1 to 25 options, not {len(options)}"
    if len({option["value"] for option in options}) < len(options):
        yield "a select menu's values differ from each other"
    if len(select.get("placeholder") or "") > 150:
        yield "a placeholder has more than 150 characters"
    for option in options:
        if any(
            len(option.get(key) or "") > 100 for key in ("label", "value", "description")
        ) or not option.get("label"):
            yield f"an option's texts have up to 100 characters: {option}"
    if not 0 <= select.get("min_values", 1) <= select.get("max_values", 1) <= 25:
        yield "a select menu's bounds are wrong"


def _row_problems(row: Json) -> Iterator[str]:
    kinds = [component["type"] for component in row.get("components", [])]
    if not kinds or len(kinds) > 5 or (set(kinds) != {BUTTON} and len(kinds) > 1):
        yield "a row holds one to five buttons or one select menu"


def component_problems(components: list[Json], version_2: bool) -> Iterator[str]:
    """The problems of a message's components."""
    every = list(walk(components))
    ids = [component["custom_id"] for component in every if component.get("custom_id")]
    if len(set(ids)) < len(ids):
        yield "two components have one custom_id"
    if any(len(custom_id) > 100 for custom_id in ids):
        yield "a custom_id has more than 100 characters"
    if not version_2 and (len(components) > 5 or any(component["type"] != ROW for component in components)):
        yield "a message holds up to five rows"
    if version_2 and len(every) > 40:
        yield f"{len(every)} components; up to 40 fit"
    if version_2 and sum(len(c.get("content", "")) for c in every if c["type"] == TEXT) > 4000:
        yield "more than 4000 characters of text"
    if not version_2 and any(component["type"] in _V2_ONLY for component in every):
        yield "components of the second version need its flag"
    for component in every:
        if component["type"] == ROW:
            yield from _row_problems(component)
        elif component["type"] == BUTTON:
            yield from _button_problems(component)
        elif component["type"] in SELECTS:
            yield from _select_problems(component)
        elif component["type"] == GALLERY and not 1 <= len(component["items"]) <= 10:
            yield "a gallery holds one to ten pictures"
        elif component["type"] == SECTION and not (
            1 <= len(component["components"]) <= 3 and component.get("accessory")
        ):
            yield "a section holds one to three texts and an accessory"


def modal_problems(modal: Json) -> Iterator[str]:
    """The problems of a modal."""
    if not 1 <= len(modal.get("title") or "") <= 45:
        yield "a modal's title has 1 to 45 characters"
    if not 1 <= len(modal.get("custom_id") or "") <= 100:
        yield "a modal's custom_id has 1 to 100 characters"
    if not 1 <= len(modal.get("components", [])) <= 5:
        yield "a modal holds one to five components"
    for component in walk(modal.get("components", [])):
        if component["type"] in (TEXT_INPUT, LABEL) and len(component.get("label") or "") > 45:
            yield "a label in a modal has more than 45 characters"
        if component["type"] == TEXT_INPUT and len(component.get("placeholder") or "") > 100:
            yield "a placeholder has more than 100 characters"
        if component["type"] == TEXT_INPUT and len(component.get("value") or "") > (
            component.get("max_length") or 4000
        ):
            yield "a text in a modal is longer than its field"


def _embed_problems(embeds: list[Json]) -> Iterator[str]:
    if len(embeds) > 10:
        yield "more than ten embeds"
    total = 0
    for embed in embeds:
        fields = embed.get("fields", [])
        texts = [
            embed.get("title"),
            embed.get("description"),
            (embed.get("footer") or {}).get("text"),
            (embed.get("author") or {}).get("name"),
            *(f[key] for f in fields for key in ("name", "value")),
        ]
        total += sum(len(text or "") for text in texts)
        too_long = any(len(embed.get(key) or "") > most for key, most in _EMBED_LIMITS.items())
        if (
            too_long
            or len(fields) > 25
            or any(len(f["name"]) > 256 or len(f["value"]) > 1024 for f in fields)
        ):
            yield "a part of an embed is too long"
        if any(not f["name"] or not f["value"] for f in fields):
            yield "a field of an embed is empty"
    if total > 6000:
        yield f"the embeds have {total} characters together; up to 6000 fit"


def _problems(message: Json) -> Iterator[str]:
    version_2 = bool(message["flags"] & objects.COMPONENTS_V2)
    if version_2 and (message["content"] or message["embeds"]):
        yield "components of the second version stand alone: no content, no embeds"
    if len(message["content"]) > 2000:
        yield "more than 2000 characters"
    if len(message["attachments"]) > 10:
        yield "more than ten attachments"
    if any(len(attachment.get("description") or "") > 1024 for attachment in message["attachments"]):
        yield "an attachment's description has more than 1024 characters"
    yield from component_problems(message["components"], version_2)
    yield from _embed_problems(message["embeds"])


def _attachments(world: World, draft: Draft, message: Json) -> list[Json]:
    """The attachments that the client keeps, in its order, then the new ones. Raises Refused."""
    for _, name, data in draft.uploads:
        if len(data) > draft.limit:
            raise Refused(40005, f"{name} has {len(data)} bytes, {draft.limit} are allowed")
    had = {attachment["id"]: attachment for attachment in message["attachments"]}
    listed = draft.body.get("attachments")
    rows = {str(row["id"]): row for row in listed or []}
    kept = (
        list(had.values())
        if listed is None
        else [had[number] | _described(rows[number]) for number in rows if number in had]
    )
    if unknown := [
        number for number in rows if number not in had and int(number) not in {n for n, *_ in draft.uploads}
    ]:
        raise Refused(50035, f"attachments nobody uploaded: {unknown}")
    for number, name, data in draft.uploads:
        row = rows.get(str(number), {})
        added = world.upload(message["channel_id"], row.get("filename") or name, data)
        if row.get("is_spoiler"):
            added["flags"] = objects.SPOILER
        kept.append(added | _described(row))
    return kept


def _described(row: Json) -> Json:
    return {"description": row["description"]} if row.get("description") else {}


def _resolved(node: Any, attachments: list[Json], used: set[str]) -> Any:
    """Embeds or components with ``attachment://name`` replaced by the address of the file."""
    if isinstance(node, list):
        return [_resolved(item, attachments, used) for item in node]
    if not isinstance(node, dict):
        return node
    address = node.get("url")
    if isinstance(address, str) and address.startswith("attachment://"):
        found = next((a for a in attachments if a["filename"] == address.removeprefix("attachment://")), None)
        if found is None:
            raise Refused(50035, f"{address} is not among the attachments")
        used.add(found["id"])
        extra = {key: found[key] for key in ("width", "height", "content_type") if key in found}
        return (
            node
            | extra
            | {"url": found["url"], "proxy_url": found["proxy_url"], "attachment_id": found["id"]}
        )
    return {key: _resolved(value, attachments, used) for key, value in node.items()}


def _media(node: Any) -> Any:
    """A picture inside components as Discord sends it back."""
    media = node["url"]
    return {"id": objects.snowflake(), "proxy_url": media} | node


def _numbered(components: list[Json]) -> list[Json]:
    """Components as Discord sends them back, each with an id and its defaults."""
    result: list[Json] = json.loads(json.dumps(components))
    for number, component in enumerate(walk(result), start=1):
        component.setdefault("id", number)
        for bearer in (component, *component.get("options", [])):
            if bearer.get("emoji"):
                bearer["emoji"] = {key: value for key, value in bearer["emoji"].items() if value is not None}
        for key, value in _DEFAULTS.get(component["type"], {}).items():
            component.setdefault(key, value)
        for key in ("media", "file"):
            if isinstance(component.get(key), dict):
                component[key] = _media(component[key])
        for item in component.get("items", []):
            item["media"] = _media(item["media"])
            item.setdefault("description", None)
            item.setdefault("spoiler", False)
        if component["type"] == FILE:
            component["name"] = component["name"] or component["file"]["url"].rpartition("/")[2]
            component["size"] = component["size"] or 0
    return result


def put(world: World, draft: Draft, message: Json, editing: bool) -> None:
    """Put a draft into a message. Raises Refused, and then leaves the message unchanged."""
    body, result, used = draft.body, dict(message), set[str]()
    result["attachments"] = _attachments(world, draft, message)
    flags = (body.get("flags") or 0) & _SETTABLE
    result["flags"] = message["flags"] | (flags & ~objects.EPHEMERAL if editing else flags)
    for key, empty in (("content", ""), ("embeds", []), ("components", [])):
        if key in body or not editing:
            result[key] = body.get(key) or empty
    if body.get("embeds"):
        result["embeds"] = [
            {"type": "rich"} | _resolved(embed, result["attachments"], used) for embed in body["embeds"]
        ]
        for embed in result["embeds"]:
            for part in ("image", "thumbnail"):
                embed.get(part, {}).pop("attachment_id", None)
        # a file that an embed shows is no longer an attachment of the message
        result["attachments"] = [
            attachment for attachment in result["attachments"] if attachment["id"] not in used
        ]
    if problems := list(_problems(result)):
        raise Refused(50035, "; ".join(problems))
    if body.get("components"):
        result["components"] = _numbered(_resolved(body["components"], result["attachments"], used))
    if not any((result["content"], result["embeds"], result["components"], result["attachments"], used)):
        raise Refused(50006)
    result["mentions"] = _mentioned(world, result, body.get("allowed_mentions"))
    result["mention_everyone"] = _everyone_mentioned(world, result, body.get("allowed_mentions"))
    if editing:
        result["edited_timestamp"] = datetime.now(UTC).isoformat()
    message.clear()
    message.update(result)


def _mentioned(world: World, message: Json, allowed: Json | None) -> list[Json]:
    """The users whom the content pings: all who are mentioned, or those that ``allowed_mentions`` allows."""
    named = [number for number in re.findall(r"<@!?(\d+)>", message["content"]) if number in world.users]
    if allowed is not None and "users" not in allowed.get("parse", []):
        named = [number for number in named if number in {str(user) for user in allowed.get("users", [])}]
    return [world.users[number] for number in dict.fromkeys(named)]


def _everyone_mentioned(world: World, message: Json, allowed: Json | None) -> bool:
    named = "@everyone" in message["content"] or "@here" in message["content"]
    meant = allowed is None or "everyone" in allowed.get("parse", [])
    return (
        named and meant and bool(world.bot_permissions(message["channel_id"]) & permissions.MENTION_EVERYONE)
    )
