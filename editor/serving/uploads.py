"""Request bodies: bounded in time and in memory, and a cache of pictures that need not be sent again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import StreamReader, web
from cachetools import LRUCache
from pydantic import TypeAdapter

from editor.api.errors import BadRequest, Overloaded, TooSlow
from editor.api.framing import CONTENT_TYPE, Attachment, Frame, decode
from editor.api.protocol import Job

JOBS: TypeAdapter[Job] = TypeAdapter(Job)
MAX_BODY = 224 * 1024 * 1024
"""Bytes of one request: a lossless picture of 50 megapixels, as base64."""
MAX_HELD = 512 * 1024 * 1024
"""Bytes of all requests that are being read, wait or run."""
WAIT_SECONDS = 60.0
"""How long a request waits for others to finish before it is refused."""
CHUNK, CHUNK_SECONDS = 1024 * 1024, 30.0
"""A body is read in chunks of this many bytes, each of which must arrive within this time."""
CACHED_BYTES = 128 * 1024 * 1024


class ByteBudget:
    """Bounds the bytes of requests that are held at once."""

    def __init__(self, limit: int = MAX_HELD, wait_seconds: float = WAIT_SECONDS) -> None:
        self.limit, self.wait_seconds, self.held = limit, wait_seconds, 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Count ``size`` bytes for the length of the block; waits for room first. Raises Overloaded.

        A request larger than the limit is held alone.
        """
        async with self._changed:
            try:
                async with asyncio.timeout(self.wait_seconds):
                    await self._changed.wait_for(lambda: not self.held or self.held + size <= self.limit)
            except TimeoutError:
                raise Overloaded(retry_after=5) from None
            self.held += size
        try:
            yield
        finally:
            self.held -= size
            async with self._changed:
                self._changed.notify_all()


class AttachmentCache:
    """Large attachments of recent requests by hash, the least recently used dropped first. Thread-safe."""

    def __init__(self, max_bytes: int = CACHED_BYTES) -> None:
        self._data: LRUCache[str, bytes] = LRUCache(max_bytes, len)
        self._lock = threading.Lock()

    def find(self, sha256: str) -> bytes | None:
        """Return the attachment with this hash."""
        with self._lock:
            found: bytes | None = self._data.get(sha256)
            return found

    def keep(self, frame: Frame) -> None:
        """Remember the large attachments of a frame. Their hashes must be right."""
        with self._lock:
            for attachment in frame.attachments:
                if attachment.sha256 and attachment.data and attachment.size <= self._data.maxsize:
                    self._data[attachment.sha256] = attachment.data


def declared_size(request: web.BaseRequest) -> int:
    """Return how many bytes a request's body may have, before any is read. Raises BadRequest."""
    size = MAX_BODY if request.content_length is None else request.content_length
    if size > MAX_BODY:
        raise BadRequest("This request is too large.")
    return size


async def read_body(content: StreamReader) -> bytearray:
    """Read a request's body. Raises TooSlow when it stops or drips, BadRequest when it is too large."""
    body = bytearray()
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                body += await content.readexactly(CHUNK)
        except asyncio.IncompleteReadError as rest:
            body += rest.partial
            return body
        except TimeoutError:
            raise TooSlow() from None
        if len(body) > MAX_BODY:
            raise BadRequest("This request is too large.")


def parse_job(body: bytearray, content_type: str, cache: AttachmentCache) -> tuple[Job, str]:
    """Return the job in a body, a frame or plain JSON, and a hash of it.

    Raises pydantic's ValidationError, BadRequest, PictureUnknown. Takes milliseconds a megabyte: call it off
    the event loop.
    """
    if content_type != CONTENT_TYPE:
        job = JOBS.validate_json(body)
        return job, Frame.of(job).digest
    received = decode(body)
    sent = tuple(Attachment.of(a.data) if a.data is not None else a for a in received.attachments)
    frame = Frame(received.message, sent).completed(cache.find)
    cache.keep(frame)
    job = frame.parse(JOBS)
    return job, frame.digest
