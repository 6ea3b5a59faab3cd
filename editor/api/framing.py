"""Messages with raw bytes: a line of JSON, a line about the attachments, then the attachments themselves.

As base64 in JSON, pictures grow by a third and take milliseconds to write and read. In a frame they stay as
they are. Large attachments carry their SHA-256. A sender may leave out one that the receiver still has from
an earlier frame: a follow-up need not send the picture again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import BaseModel, NonNegativeInt, TypeAdapter, ValidationError

from editor.api.binary import ATTACHMENTS
from editor.api.errors import BadRequest, PictureUnknown

CONTENT_TYPE = "application/vnd.styleclip.frames"
HASHED_BYTES = 16 * 1024
"""Attachments of at least this size carry their hash and can be left out."""


@dataclass(frozen=True)
class Attachment:
    """Bytes of a message; ``sha256`` is None for small ones, ``data`` is None if the sender left it out."""

    size: int
    sha256: str | None
    data: bytes | None

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Describe the bytes of a message."""
        digest = hashlib.sha256(data).hexdigest() if len(data) >= HASHED_BYTES else None
        return cls(len(data), digest, data)


class _Row(BaseModel):
    """An attachment in the table of a frame."""

    size: NonNegativeInt
    sha256: str | None
    omitted: bool


_ROWS = TypeAdapter(list[_Row])


@dataclass(frozen=True)
class Frame:
    """A message as JSON without its bytes, and these."""

    message: bytes
    attachments: tuple[Attachment, ...]

    @classmethod
    def of(cls, message: BaseModel) -> Self:
        """Take the bytes out of a message."""
        taken: list[bytes] = []
        text = message.model_dump_json(context={ATTACHMENTS: taken})
        return cls(text.encode(), tuple(Attachment.of(data) for data in taken))

    def parse(self, adapter: TypeAdapter[Any]) -> Any:
        """Return the message. Raises pydantic's ValidationError."""
        taken = [attachment.data for attachment in self.attachments]
        return adapter.validate_json(self.message, context={ATTACHMENTS: taken})

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return len(self.message) + sum(attachment.size for attachment in self.attachments)

    @property
    def digest(self) -> str:
        """A hash of the whole message, the same whether attachments are left out or not."""
        whole = hashlib.sha256(self.message)
        for attachment in self.attachments:
            whole.update(attachment.sha256.encode() if attachment.sha256 else attachment.data or b"")
        return whole.hexdigest()

    def encode(self, omit: Collection[str] = ()) -> bytes:
        """Return it for sending, without the attachments whose hashes the receiver knows."""
        sent = [None if a.sha256 in omit else a.data for a in self.attachments]
        rows = [
            _Row(size=a.size, sha256=a.sha256, omitted=data is None)
            for a, data in zip(self.attachments, sent, strict=True)
        ]
        return b"\n".join((self.message, _ROWS.dump_json(rows), b"".join(filter(None, sent))))

    def completed(self, find: Callable[[str], bytes | None]) -> Frame:
        """Return it with the bytes that the sender left out. Raises PictureUnknown."""
        found = tuple(
            replace(a, data=find(a.sha256)) if a.data is None and a.sha256 else a for a in self.attachments
        )
        unknown = [a.sha256 for a in found if a.data is None]
        if unknown:
            raise PictureUnknown(sha256=unknown)
        return replace(self, attachments=found)


class FrameReader:
    """Reads frames from chunks of bytes of any size. Raises BadRequest for anything else."""

    def __init__(self, max_bytes: int) -> None:
        self._pending, self._max_bytes = bytearray(), max_bytes

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames that are complete with this chunk."""
        self._pending += chunk
        if len(self._pending) > self._max_bytes:
            raise BadRequest("The message is too long.")
        while (found := _first_frame(self._pending)) is not None:
            frame, end = found
            del self._pending[:end]
            yield frame


def decode(body: bytearray) -> Frame:
    """Return the one frame that a body consists of. Raises BadRequest."""
    found = _first_frame(body)
    if found is None or found[1] != len(body):
        raise BadRequest("This request is not one whole message.")
    return found[0]


def _first_frame(buffer: bytearray) -> tuple[Frame, int] | None:
    """Return the frame at the start of a buffer and where it ends; None if it is incomplete."""
    first = buffer.find(b"\n")
    second = buffer.find(b"\n", first + 1) if first >= 0 else -1
    if second < 0:
        return None
    try:
        rows = _ROWS.validate_json(bytes(buffer[first + 1 : second]))
    except ValidationError:
        raise BadRequest("The attachments of this message are not described.") from None
    position = second + 1
    end = position + sum(row.size for row in rows if not row.omitted)
    if len(buffer) < end:
        return None
    attachments = []
    with memoryview(buffer) as view:
        for row in rows:
            data = None if row.omitted else bytes(view[position : position + row.size])
            position += 0 if row.omitted else row.size
            attachments.append(Attachment(row.size, row.sha256, data))
        return Frame(bytes(view[:first]), tuple(attachments)), end
