"""Pictures from and to Discord: bounded downloads, members' avatars, and files that fit the upload limit."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Collection, Sequence

import aiohttp
import discord
from yarl import URL

from bot.discord.request import MAX_PICTURES, Upload
from bot.errors import AttachmentElsewhere, AttachmentLost, AttachmentTooLarge
from bot.pictures.fit import fit_to_limit
from storage.records import Picture

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""The only hosts that attachments are downloaded from."""
MAX_ALT_TEXT = 1024
AVATAR_SIZE = 1024  # pixels of the square avatar that is requested from Discord
_TIMEOUT = aiohttp.ClientTimeout(total=30.0)
_SUFFIXES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg", "image/gif": "gif"}
_AVATAR = r"(?:avatar|profile (?:picture|pic|photo)|pfp)"
_OWN = re.compile(rf"\bmy {_AVATAR}\b|我的?(?:头像|頭像)", re.IGNORECASE)
_OTHER = re.compile(
    rf"<@!?(?P<id>[0-9]{{15,20}})>(?:['’]s?)?\s*(?:的\s*)?(?:{_AVATAR}|头像|頭像)", re.IGNORECASE
)


def uploads_of(attachments: Sequence[discord.Attachment]) -> tuple[Upload, ...]:
    """The pictures among attachments, or else the first attachment, whose refusal explains itself."""
    uploads = [Upload(a.url, a.filename, a.size, a.content_type, a.is_spoiler()) for a in attachments]
    pictures = [upload for upload in uploads if (upload.content_type or "").startswith("image/")]
    return tuple((pictures or uploads[:1])[:MAX_PICTURES])


async def download(upload: Upload, max_bytes: int, hosts: Collection[str] = CDN_HOSTS) -> bytes:
    """Download an upload, and stop at ``max_bytes`` whatever size it claims to have.

    Raises:
        BotError: It is too large, on another host, or cannot be fetched.
    """
    too_large = AttachmentTooLarge(most=max_bytes // 1048576)
    if upload.size > max_bytes:
        raise too_large
    if URL(upload.url).host not in hosts:
        raise AttachmentElsewhere
    data = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(upload.url, allow_redirects=False, raise_for_status=True) as response,
        ):
            async for part in response.content.iter_chunked(65536):
                data += part
                if len(data) > max_bytes:
                    raise too_large
    except (aiohttp.ClientError, TimeoutError):
        raise AttachmentLost from None
    return bytes(data)


async def to_file(picture: Picture, name: str, alt: str, limit: int, spoiler: bool = False) -> discord.File:
    """A result as a file with alternative text, shrunk if it exceeds ``limit`` bytes."""
    if len(picture.data) > limit:
        picture = await asyncio.to_thread(fit_to_limit, picture, limit)
    name = f"{name}.{_SUFFIXES.get(picture.media_type, 'png')}"
    return discord.File(io.BytesIO(picture.data), name, description=alt[:MAX_ALT_TEXT], spoiler=spoiler)


def avatar_owner(
    text: str, author: discord.abc.User, mentions: Sequence[discord.abc.User]
) -> discord.abc.User | None:
    """The member whose avatar a sentence is about, None if it is about none."""
    if _OWN.search(text):
        return author
    found = _OTHER.search(text)
    return next((user for user in mentions if found and user.id == int(found["id"])), None)


def without_avatar(text: str) -> str:
    """The sentence with the avatar as "it": "make my avatar cuter" becomes "make it cuter"."""

    def pronoun(match: re.Match[str]) -> str:
        return "它" if "像" in match.group() else "it"

    return _OTHER.sub(pronoun, _OWN.sub(pronoun, text)).strip()


def avatar_of(user: discord.abc.User) -> Upload:
    """The avatar that a member shows here, as a still PNG."""
    asset = user.display_avatar.replace(size=AVATAR_SIZE, static_format="png", format="png")
    return Upload(asset.url, f"avatar-{user.id}.png", 0, "image/png")
