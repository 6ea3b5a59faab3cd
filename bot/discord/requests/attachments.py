"""Pictures from and to Discord: bounded downloads, and files that fit the upload limit."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Collection, Sequence

import aiohttp
import discord
from yarl import URL

from bot.discord.requests.request import MAX_PICTURES, Upload
from bot.errors import AttachmentElsewhere, AttachmentLost, AttachmentTooLarge
from bot.pictures.fit import fit_to_limit
from storage.records import Picture

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""The only hosts that attachments are downloaded from."""
MAX_ALT_TEXT = 1024
_TIMEOUT = aiohttp.ClientTimeout(total=30.0)
_SUFFIXES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg", "image/gif": "gif"}


def uploads_of(attachments: Sequence[discord.Attachment]) -> tuple[Upload, ...]:
    """The pictures among attachments, or else the first attachment, whose refusal explains itself."""
    uploads = [Upload(a.url, a.filename, a.size, a.content_type, a.is_spoiler()) for a in attachments]
    pictures = [upload for upload in uploads if (upload.content_type or "").startswith("image/")]
    return tuple((pictures or uploads[:1])[:MAX_PICTURES])


async def download(upload: Upload, max_bytes: int, hosts: Collection[str] = CDN_HOSTS) -> bytes:
    """Download an upload, and stop at ``max_bytes`` whatever size it claims to have.

    Raises:
        AttachmentRefused: it is too large, on another host, or cannot be fetched.
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
