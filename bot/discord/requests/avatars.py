"""A member's avatar as a picture to edit: "make my avatar cuter"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import discord

from bot.discord.requests.request import Upload

SIDE = 1024
"""Pixels that are asked of the CDN; avatars are square."""
_OWN = re.compile(r"\bmy (?:avatar|profile (?:picture|pic|photo)|pfp)\b|我的?(?:头像|頭像)", re.IGNORECASE)
_ANOTHER = re.compile(
    r"<@!?(?P<id>[0-9]{15,20})>(?:['’]s?)?\s*(?:的\s*)?(?:avatar|profile (?:picture|pic|photo)|pfp|头像|頭像)",
    re.IGNORECASE,
)


def whose(
    text: str, author: discord.abc.User, mentions: Sequence[discord.abc.User]
) -> discord.abc.User | None:
    """The member whose avatar a sentence speaks of, None where it speaks of none."""
    if _OWN.search(text):
        return author
    found = _ANOTHER.search(text)
    return next((user for user in mentions if found and user.id == int(found["id"])), None)


def without(text: str) -> str:
    """The sentence about the avatar as a sentence about a picture: "make my avatar cuter" -> "make it cuter"."""
    return _ANOTHER.sub(_it, _OWN.sub(_it, text)).strip()


def _it(match: re.Match[str]) -> str:
    return "它" if "像" in match.group() else "it"


def upload(user: discord.abc.User) -> Upload:
    """The avatar that is shown for this member here, as a still PNG."""
    asset = user.display_avatar.replace(size=SIDE, static_format="png", format="png")
    return Upload(asset.url, f"avatar-{user.id}.png", 0, "image/png")
