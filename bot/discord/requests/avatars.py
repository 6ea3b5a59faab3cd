"""A member's avatar as the picture to edit: "make my avatar cuter"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import discord

from bot.discord.requests.request import Upload

SIZE = 1024
"""Pixels of the square picture that is requested from Discord."""
_AVATAR = r"(?:avatar|profile (?:picture|pic|photo)|pfp)"
_OWN = re.compile(rf"\bmy {_AVATAR}\b|我的?(?:头像|頭像)", re.IGNORECASE)
_OTHER = re.compile(
    rf"<@!?(?P<id>[0-9]{{15,20}})>(?:['’]s?)?\s*(?:的\s*)?(?:{_AVATAR}|头像|頭像)", re.IGNORECASE
)


def avatar_owner(
    text: str, author: discord.abc.User, mentions: Sequence[discord.abc.User]
) -> discord.abc.User | None:
    """The member whose avatar a sentence is about, None if it is about none."""
    if _OWN.search(text):
        return author
    found = _OTHER.search(text)
    return next((user for user in mentions if found and user.id == int(found["id"])), None)


def as_picture_request(text: str) -> str:
    """The sentence with the avatar as "it": "make my avatar cuter" becomes "make it cuter"."""
    return _OTHER.sub(_it, _OWN.sub(_it, text)).strip()


def _it(match: re.Match[str]) -> str:
    return "它" if "像" in match.group() else "it"


def upload_of(user: discord.abc.User) -> Upload:
    """The avatar that this member shows here, as a still PNG."""
    asset = user.display_avatar.replace(size=SIZE, static_format="png", format="png")
    return Upload(asset.url, f"avatar-{user.id}.png", 0, "image/png")
