"""What is kept of a user: an overview, and everything as a zip."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.blobs import BlobName, Blobs
from storage.errors import BlobDamaged
from storage.history import History
from storage.people import find_user
from storage.schema import CONVERSATIONS, EDITS, INBOX, LINES, PICTURES, SOURCES


@dataclass(frozen=True)
class Overview:
    """How much is kept of a user, and since when."""

    pictures: int
    edits: int
    conversations: int
    bytes: int
    since: datetime | None
    latest: datetime | None


async def overview(history: History, platform: str, user: str) -> Overview:
    """Count what is kept of a user."""
    async with history.database.read() as connection:
        row = await find_user(connection, platform, user)
        if row is None:
            return Overview(0, 0, 0, 0, None, None)
        mine = CONVERSATIONS.c.user_id == row.id
        edits = select(func.count(), func.max(EDITS.c.created_at))
        edits = edits.join(CONVERSATIONS, CONVERSATIONS.c.id == EDITS.c.conversation_id).where(mine)
        count, latest = (await connection.execute(edits)).one()
        places = select(func.count()).select_from(CONVERSATIONS).where(mine)
        conversations = (await connection.execute(places)).scalar_one()
        pictures = select(PICTURES.c.user_id, PICTURES.c.sha256).where(PICTURES.c.user_id == row.id)
        names = [(owner, name) for owner, name in await connection.execute(pictures)]
    size = await asyncio.to_thread(history.blobs.size, names)
    return Overview(len(names), count, conversations, size, row.created_at, latest)


async def export(history: History, platform: str, user: str) -> bytes:
    """Return a zip of all that is kept of a user: the pictures, and ``history.json`` that describes them."""
    kept = await overview(history, platform, user)
    async with history.database.read() as connection:
        row = await find_user(connection, platform, user)
        asked = await _requests_of(connection, platform, user)
        edits, files = await _edits_of(connection, row.id) if row is not None else ([], {})
        said = await _lines_of(connection, row.id) if row is not None else []
    about = {
        "platform": platform,
        "user": user,
        "language": row.locale if row else None,
        "agreed_at": row.consented_at if row else None,
        "kept": asdict(kept),
    }
    document = {"about": about, "asked": asked, "edits": edits, "said": said}
    return await asyncio.to_thread(_zip, history.blobs, document, files)


async def _requests_of(connection: AsyncConnection, platform: str, user: str) -> list[dict[str, Any]]:
    query = select(INBOX).where(INBOX.c.platform == platform, INBOX.c.user == user)
    rows = await connection.execute(query.order_by(INBOX.c.created_at))
    return [
        {"at": row.created_at, "server": row.server, "place": row.place, "text": row.payload.get("text")}
        for row in rows
    ]


async def _lines_of(connection: AsyncConnection, user: int) -> list[dict[str, Any]]:
    query = select(LINES).join(SOURCES, SOURCES.c.id == LINES.c.source_id)
    query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == SOURCES.c.conversation_id)
    query = query.where(CONVERSATIONS.c.user_id == user).order_by(LINES.c.id)
    return [
        {"at": row.created_at, "picture": row.source_id, "author": row.author, "text": row.text}
        for row in await connection.execute(query)
    ]


async def _edits_of(
    connection: AsyncConnection, user: int
) -> tuple[list[dict[str, Any]], dict[str, BlobName]]:
    """The edits of a user as plain data, and the blob of each file in the zip."""
    query = select(EDITS, CONVERSATIONS.c.server, CONVERSATIONS.c.place)
    query = query.add_columns(PICTURES.c.sha256, PICTURES.c.media_type)
    query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == EDITS.c.conversation_id)
    query = query.join(PICTURES, PICTURES.c.id == EDITS.c.picture_id)
    query = query.where(CONVERSATIONS.c.user_id == user).order_by(EDITS.c.source_id, EDITS.c.number)
    edits, files = [], {}
    for row in await connection.execute(query):
        suffix = row.media_type.rpartition("/")[2].replace("jpeg", "jpg")
        name = f"pictures/{row.source_id}/{row.number:03d}.{suffix}"
        files[name] = (user, row.sha256)
        adjustments = [
            {key: value for key, value in entry.items() if key not in ("delta", "mask")}
            for entry in row.adjustments
        ]
        edit = {"file": name, "at": row.created_at, "server": row.server, "place": row.place}
        edits.append(edit | {"text": row.text, "adjustments": adjustments})
    return edits, files


def _zip(blobs: Blobs, document: dict[str, Any], files: dict[str, BlobName]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(document, indent=2, ensure_ascii=False, default=datetime.isoformat)
        archive.writestr("history.json", text)
        for name, blob in files.items():
            with suppress(BlobDamaged):  # the rest can still be exported
                archive.writestr(name, blobs.read(*blob))
    return buffer.getvalue()
