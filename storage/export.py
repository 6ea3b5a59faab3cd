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
from sqlalchemy.ext.asyncio import AsyncSession

from storage.blobs import BlobName, Blobs
from storage.errors import BlobDamaged
from storage.history import History
from storage.people import find_person
from storage.pruning import pictures_of
from storage.schema import ConversationRow, EditRow, InboxItemRow, PictureRow, utc


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
    async with history.database.read() as session:
        row = await find_person(session, platform, user)
        if row is None:
            return Overview(0, 0, 0, 0, None, None)
        conversations = select(ConversationRow.id).where(ConversationRow.user_id == row.id)
        edits = select(func.count(), func.max(EditRow.created_at))
        edits = edits.where(EditRow.conversation_id.in_(conversations))
        count, latest = (await session.execute(edits)).one()
        places = await session.execute(select(func.count()).select_from(conversations.subquery()))
        names = await pictures_of(session, row.id)
        since, conversation_count = utc(row.created_at), places.scalar_one()
    size = await asyncio.to_thread(history.blobs.size, names)
    return Overview(len(names), count, conversation_count, size, since, utc(latest) if latest else None)


async def export(history: History, platform: str, user: str) -> bytes:
    """Return a zip of all that is kept of a user: the pictures, and ``history.json`` that describes them."""
    kept = await overview(history, platform, user)
    edits: list[dict[str, Any]] = []
    files: dict[str, BlobName] = {}
    async with history.database.read() as session:
        row = await find_person(session, platform, user)
        asked = await _requests_of(session, platform, user)
        if row is not None:
            edits, files = await _edits_of(session, row.id)
    about = {
        "platform": platform,
        "user": user,
        "language": row.locale if row else None,
        "agreed_at": row.consented_at if row else None,
        "kept": asdict(kept),
    }
    document = {"about": about, "asked": asked, "edits": edits}
    return await asyncio.to_thread(_zip, history.blobs, document, files)


async def _requests_of(session: AsyncSession, platform: str, user: str) -> list[dict[str, Any]]:
    query = select(InboxItemRow).where(InboxItemRow.platform == platform, InboxItemRow.user == user)
    rows = (await session.execute(query.order_by(InboxItemRow.created_at))).scalars()
    return [
        {"at": row.created_at, "server": row.server, "place": row.place, "text": row.payload.get("text")}
        for row in rows
    ]


async def _edits_of(session: AsyncSession, user: int) -> tuple[list[dict[str, Any]], dict[str, BlobName]]:
    """The edits of a user as plain data, and the blob of each file in the zip."""
    query = select(EditRow, ConversationRow, PictureRow)
    query = query.join(ConversationRow, ConversationRow.id == EditRow.conversation_id)
    query = query.join(PictureRow, PictureRow.id == EditRow.picture_id)
    query = query.where(ConversationRow.user_id == user).order_by(EditRow.source_id, EditRow.number)
    rows, files = [], {}
    for edit, conversation, picture in await session.execute(query):
        suffix = picture.media_type.rpartition("/")[2].replace("jpeg", "jpg")
        name = f"pictures/{edit.source_id}/{edit.number:03d}.{suffix}"
        files[name] = (picture.user_id, picture.sha256)
        hidden = ("delta", "mask")
        rows.append(
            {
                "file": name,
                "at": edit.created_at,
                "server": conversation.server,
                "place": conversation.place,
                "text": edit.text,
                "adjustments": [
                    {key: value for key, value in entry.items() if key not in hidden}
                    for entry in edit.adjustments
                ],
            }
        )
    return rows, files


def _zip(blobs: Blobs, document: dict[str, Any], files: dict[str, BlobName]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(document, indent=2, ensure_ascii=False, default=_plain)
        archive.writestr("history.json", text)
        for name, blob in files.items():
            with suppress(BlobDamaged):  # the rest can still be exported
                archive.writestr(name, blobs.read(*blob))
    return buffer.getvalue()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return utc(value).isoformat()
    raise TypeError(type(value).__name__)
