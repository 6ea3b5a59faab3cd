"""Pictures on their way from and to Discord: bounded downloads, and results that fit the upload limit."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Collection

import aiohttp
import discord
from yarl import URL

from bot.errors import AttachmentElsewhere, AttachmentLost, AttachmentTooLarge
from bot.pictures.fit import fitted
from storage.history import Picture

CDN_HOSTS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""The only hosts that attachments are fetched from."""
_SECONDS = 30.0
_SUFFIXES = {"image/png": "png", "image/webp": "webp", "image/jpeg": "jpg", "image/gif": "gif"}


def chosen(attachments: Collection[discord.Attachment]) -> discord.Attachment | None:
    """The first attachment that says it is a picture, else the first one at all, so that a refusal can be explained."""
    pictures = [a for a in attachments if (a.content_type or "").startswith("image/")]
    return next(iter(pictures or attachments), None)


async def download(attachment: discord.Attachment, most: int, hosts: Collection[str] = CDN_HOSTS) -> bytes:
    """The attachment's bytes, at most ``most`` of them whatever it claims to have. Raises AttachmentRefused."""
    if attachment.size > most:
        raise AttachmentTooLarge(most=most // 1048576)
    if URL(attachment.url).host not in hosts:
        raise AttachmentElsewhere
    data = bytearray()
    try:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(attachment.url, allow_redirects=False) as answer:
            answer.raise_for_status()
            async for part in answer.content.iter_chunked(65536):
                data += part
                if len(data) > most:
                    raise AttachmentTooLarge(most=most // 1048576)
    except (aiohttp.ClientError, TimeoutError):
        raise AttachmentLost from None
    return bytes(data)


async def to_file(picture: Picture, name: str, alt: str, limit: int) -> discord.File:
    """A result as an upload with alternative text; re-encoded as WebP where it exceeds ``limit`` bytes."""
    fit = await asyncio.to_thread(fitted, picture, limit)
    return discord.File(io.BytesIO(fit.data), f"{name}.{_SUFFIXES.get(fit.media_type, 'png')}", description=alt[:1024])
