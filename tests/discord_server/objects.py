"""Discord's objects as its API sends them."""

from __future__ import annotations

import io
import mimetypes
import re
import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

from PIL import Image, UnidentifiedImageError

_EPOCH = 1420070400000
_increments = count()
BOT, OWNER, APPLICATION, GUILD = (
    "900000000000000001",
    "900000000000000002",
    "900000000000000001",
    "900000000000000003",
)
JOINED = "2024-01-01T00:00:00+00:00"
EPHEMERAL, LOADING, COMPONENTS_V2 = 1 << 6, 1 << 7, 1 << 15
SPOILER = 1 << 3
TEXT, DIRECT, GROUP, THREAD = 0, 1, 3, 11


def snowflake() -> str:
    """A new id."""
    return str(((int(time.time() * 1000) - _EPOCH) << 22) | (next(_increments) & 0x3FFFFF))


def snowflake_for(shard: int, shards: int) -> str:
    """A new id whose guild belongs to this shard: ``(id >> 22) % shards``."""
    stamp = int(snowflake()) >> 22
    return str(((stamp - stamp % shards + shard) << 22) | (next(_increments) & 0x3FFFFF))


def user(number: str, name: str, bot: bool = False, avatar: str | None = None) -> dict[str, Any]:
    """A user."""
    return {
        "id": number,
        "username": name,
        "avatar": avatar,
        "discriminator": "0",
        "public_flags": 0,
        "flags": 0,
        "bot": bot,
        "global_name": name.title(),
        "primary_guild": None,
    }


def me() -> dict[str, Any]:
    """The bot's own user."""
    return user(BOT, "editor", bot=True)


def member(who: dict[str, Any], roles: tuple[str, ...] = ()) -> dict[str, Any]:
    """A member of a guild."""
    return {
        "user": who,
        "roles": list(roles),
        "joined_at": JOINED,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "nick": None,
        "avatar": None,
        "banner": None,
        "pending": False,
        "premium_since": None,
        "communication_disabled_until": None,
    }


def role(
    number: str, name: str, permissions: int, position: int = 1, managed: bool = False
) -> dict[str, Any]:
    """A role."""
    return {
        "id": number,
        "name": name,
        "permissions": str(permissions),
        "position": position,
        "color": 0,
        "hoist": False,
        "managed": managed,
        "mentionable": False,
        "flags": 0,
        "icon": None,
        "unicode_emoji": None,
        "description": None,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
    }


def channel(number: str, name: str, guild_id: str, nsfw: bool = False, position: int = 0) -> dict[str, Any]:
    """A text channel."""
    return {
        "id": number,
        "type": TEXT,
        "name": name,
        "guild_id": guild_id,
        "position": position,
        "permission_overwrites": [],
        "nsfw": nsfw,
        "flags": 0,
        "parent_id": None,
        "topic": None,
        "rate_limit_per_user": 0,
        "last_message_id": None,
    }


def thread(number: str, name: str, parent: dict[str, Any]) -> dict[str, Any]:
    """A public thread of a text channel."""
    return {
        "id": number,
        "type": THREAD,
        "name": name,
        "guild_id": parent["guild_id"],
        "parent_id": parent["id"],
        "flags": 0,
        "owner_id": OWNER,
        "message_count": 0,
        "member_count": 1,
        "total_message_sent": 0,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        "thread_metadata": {
            "archived": False,
            "auto_archive_duration": 1440,
            "archive_timestamp": JOINED,
            "locked": False,
        },
    }


def direct_channel(number: str, recipients: list[dict[str, Any]]) -> dict[str, Any]:
    """A direct conversation of the bot with one user, or a private channel of several others."""
    kind = DIRECT if len(recipients) == 1 else GROUP
    shape = {"id": number, "type": kind, "flags": 0, "recipients": recipients, "last_message_id": None}
    return shape | ({"name": None, "icon": None, "owner_id": recipients[0]["id"]} if kind == GROUP else {})


def plain_avatar() -> bytes:
    """The avatar of users who set none."""
    buffer = io.BytesIO()
    Image.new("RGB", (256, 256), (88, 101, 242)).save(buffer, "PNG")
    return buffer.getvalue()


def message(channel: str, author: dict[str, Any], content: str, **extra: Any) -> dict[str, Any]:
    """A message."""
    return {
        "id": snowflake(),
        "type": 0,
        "channel_id": channel,
        "author": author,
        "content": content,
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": [],
        "embeds": [],
        "components": [],
        "pinned": False,
        "tts": False,
        "flags": 0,
        "timestamp": datetime.now(UTC).isoformat(),
        "edited_timestamp": None,
    } | extra


def _dimensions(data: bytes) -> dict[str, int]:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return {"width": image.width, "height": image.height}
    except (UnidentifiedImageError, OSError):
        return {}


def attachment(
    base: str, filename: str, data: bytes, content_type: str | None = None, channel: str = "1"
) -> dict[str, Any]:
    """An attachment on the CDN at ``base``; its name is cleaned, and SPOILER_ in the name sets the flag."""
    number, name = snowflake(), re.sub(r"[^\w.-]+", "_", filename)
    url = f"{base}/attachments/{channel}/{number}/{name}"
    kind = content_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    shape = {
        "id": number,
        "filename": name,
        "size": len(data),
        "url": url,
        "proxy_url": url,
        "content_type": kind,
    }
    shape |= _dimensions(data) if kind.startswith("image/") else {}
    return shape | ({"flags": SPOILER} if name.startswith("SPOILER_") else {})


def application(guilds: int = 1, flags: int = 0) -> dict[str, Any]:
    """The bot's application."""
    return {
        "id": APPLICATION,
        "name": "editor",
        "icon": None,
        "description": "",
        "type": None,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(OWNER, "owner"),
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "eligible_oauth2_scopes": [],
    }
