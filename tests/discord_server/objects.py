"""Discord's objects as its API sends them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

_EPOCH = 1420070400000
_increments = count()
BOT, OWNER, APPLICATION, GUILD = "900000000000000001", "900000000000000002", "900000000000000001", "900000000000000003"


def snowflake() -> str:
    """A new id."""
    return str(((int(time.time() * 1000) - _EPOCH) << 22) | (next(_increments) & 0x3FFFFF))


def user(number: str, name: str, bot: bool = False) -> dict[str, Any]:
    """A user."""
    return {
        "id": number, "username": name, "avatar": None, "discriminator": "0", "public_flags": 0, "flags": 0, "bot": bot,
        "global_name": name.title(), "primary_guild": None,
    }  # fmt: skip


def message(channel: str, author: dict[str, Any], content: str, **extra: Any) -> dict[str, Any]:
    """A message."""
    return {
        "id": snowflake(), "type": 0, "channel_id": channel, "author": author, "content": content, "mentions": [],
        "mention_roles": [], "mention_everyone": False, "attachments": [], "embeds": [], "components": [], "pinned": False,
        "tts": False, "flags": 0, "timestamp": datetime.now(UTC).isoformat(), "edited_timestamp": None,
    } | extra  # fmt: skip


def attachment(base: str, filename: str, data: bytes, content_type: str) -> dict[str, Any]:
    """An attachment that lies on the CDN at ``base``."""
    number = snowflake()
    url = f"{base}/attachments/1/{number}/{filename}"
    return {"id": number, "filename": filename, "size": len(data), "url": url, "proxy_url": url, "content_type": content_type}


def application() -> dict[str, Any]:
    """The bot's application."""
    return {
        "id": APPLICATION, "name": "editor", "icon": None, "description": "", "type": None, "verify_key": "0" * 64, "flags": 0,
        "flags_new": "0", "redirect_uris": [], "interactions_endpoint_url": None, "role_connections_verification_url": None,
        "owner": user(OWNER, "owner"), "approximate_guild_count": 1, "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": None, "bot_public": True,
        "bot_require_code_grant": False, "eligible_oauth2_scopes": [],
    }  # fmt: skip


def guild(channels: dict[str, str]) -> dict[str, Any]:
    """A server as GUILD_CREATE sends it; ``channels`` maps ids to names."""
    everyone = {"id": GUILD, "name": "@everyone", "permissions": str((1 << 50) - 1), "position": 0, "color": 0, "hoist": False,
                "managed": False, "mentionable": False, "flags": 0}  # fmt: skip
    rows = [
        {"id": k, "type": 0, "name": v, "position": 0, "permission_overwrites": [], "guild_id": GUILD} for k, v in channels.items()
    ]
    me = {"user": user(BOT, "editor", bot=True), "roles": [], "joined_at": "2024-01-01T00:00:00+00:00", "deaf": False,
          "mute": False, "flags": 0}  # fmt: skip
    return {
        "id": GUILD, "name": "a server", "icon": None, "owner_id": OWNER, "roles": [everyone], "emojis": [], "features": [],
        "channels": rows, "members": [me], "member_count": 2, "large": False, "threads": [], "presences": [], "voice_states": [],
        "stage_instances": [], "stickers": [], "premium_tier": 0, "preferred_locale": "en-US", "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0,
        "system_channel_flags": 0, "afk_timeout": 300, "unavailable": False, "joined_at": "2024-01-01T00:00:00+00:00",
    }  # fmt: skip
