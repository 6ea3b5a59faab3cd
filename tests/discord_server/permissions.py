"""Permissions of members, computed from guild, roles and overwrites as Discord documents it."""

from __future__ import annotations

from typing import Any

ADMINISTRATOR, MANAGE_GUILD, VIEW_CHANNEL, SEND_MESSAGES, MANAGE_MESSAGES = (
    1 << 3,
    1 << 5,
    1 << 10,
    1 << 11,
    1 << 13,
)
EMBED_LINKS, ATTACH_FILES, READ_MESSAGE_HISTORY, MENTION_EVERYONE = 1 << 14, 1 << 15, 1 << 16, 1 << 17
USE_APPLICATION_COMMANDS, SEND_IN_THREADS, MODERATE_MEMBERS, USE_EXTERNAL_APPS = (
    1 << 31,
    1 << 38,
    1 << 40,
    1 << 50,
)
ADD_REACTIONS, USE_EXTERNAL_EMOJIS = 1 << 6, 1 << 18
EVERYTHING = (1 << 53) - 1
USUAL = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_EXTERNAL_EMOJIS
    | USE_APPLICATION_COMMANDS
    | SEND_IN_THREADS
    | USE_EXTERNAL_APPS
)
"""The permissions of @everyone in a new guild, as far as they matter here."""
DIRECT = USUAL
"""The permissions of everybody in a direct conversation."""
_ROLE, _MEMBER = 0, 1


def _overwritten(
    base: int, overwrites: list[dict[str, Any]], guild_id: str, user_id: str, roles: set[str]
) -> int:
    """``base`` with the channel's overwrites applied: for @everyone, then for all roles together, then for
    the member."""
    of_everyone = [o for o in overwrites if o["type"] == _ROLE and o["id"] == guild_id]
    of_roles = [o for o in overwrites if o["type"] == _ROLE and o["id"] in roles]
    of_member = [o for o in overwrites if o["type"] == _MEMBER and o["id"] == user_id]
    for group in (of_everyone, of_roles, of_member):
        deny = allow = 0
        for overwrite in group:
            deny |= int(overwrite["deny"])
            allow |= int(overwrite["allow"])
        base = (base & ~deny) | allow
    return base


def computed(
    guild_id: str,
    owner_id: str,
    roles: dict[str, dict[str, Any]],
    member: dict[str, Any],
    channel: dict[str, Any] | None = None,
) -> int:
    """A member's permissions in a guild, or in one of its channels."""
    user_id, held = member["user"]["id"], set(member["roles"])
    if user_id == owner_id:
        return EVERYTHING
    base = int(roles[guild_id]["permissions"])
    for role in held:
        base |= int(roles[role]["permissions"])
    if base & ADMINISTRATOR:
        return EVERYTHING
    if channel is None:
        return base
    base = _overwritten(base, channel["permission_overwrites"], guild_id, user_id, held)
    if not base & VIEW_CHANNEL:
        return 0
    return base if base & SEND_MESSAGES else base & ~(ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE)
