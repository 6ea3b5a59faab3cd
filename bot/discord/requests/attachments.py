"""Pictures on their way from and to Discord: bounded downloads, and results that fit the upload limit."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Collection, Sequence

import aiohttp
import discord
from yarl import URL

from bot.discord.requests.request import MOST_PICTURES, Upload
from bot.errors import AttachmentElsewhere, AttachmentLost, AttachmentTooLarge
from bot.pictures.fit import fitted
from storage.history import Picture

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""The only hosts that attachments are fetched from."""
MOST_ALT = 1024
_SECONDS = 30.0
_SUFFIXES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg", "image/gif": "gif"}


def of(attachments: Sequence[discord.Attachment]) -> tuple[Upload, ...]:
    """The pictures among attachments; the first attachment where there is none, so that a refusal can be explained."""
    uploads = [Upload(a.url, a.filename, a.size, a.content_type, a.is_spoiler()) for a in attachments]
    pictures = [upload for upload in uploads if (upload.content_type or "").startswith("image/")]
    return tuple((pictures or uploads[:1])[:MOST_PICTURES])


async def download(upload: Upload, most: int, hosts: Collection[str] = CDN_HOSTS) -> bytes:
    """The upload's bytes, at most ``most`` of them whatever it claims to have. Raises AttachmentRefused."""
    if upload.size > most:
        raise AttachmentTooLarge(most=most // 1048576)
    if URL(upload.url).host not in hosts:
        raise AttachmentElsewhere
    data = bytearray()
    try:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(upload.url, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.content.iter_chunked(65536):
                data += part
                if len(data) > most:
                    raise AttachmentTooLarge(most=most // 1048576)
    except (aiohttp.ClientError, TimeoutError):
        raise AttachmentLost from None
    return bytes(data)


async def to_file(picture: Picture, name: str, alt: str, limit: int, spoiler: bool = False) -> discord.File:
    """A result as an upload with alternative text, made smaller where it exceeds ``limit`` bytes."""
    if len(picture.data) > limit:
        picture = await asyncio.to_thread(fitted, picture, limit)
    suffix = _SUFFIXES.get(picture.media_type, "png")
    return discord.File(
        io.BytesIO(picture.data), f"{name}.{suffix}", description=alt[:MOST_ALT], spoiler=spoiler
    )
