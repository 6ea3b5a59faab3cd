"""What was said about each picture, and a person's pictures with their conversations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import NotFound
from storage.records import Edit, edit_from
from storage.schema import CONVERSATIONS, EDITS, LINES, SOURCES, USERS

MAX_LINES = 400
"""Lines of a conversation that are read; older ones stay stored."""
_MAX_TITLE = 80


@dataclass(frozen=True)
class Line:
    """One line of a conversation.

    Attributes:
        author: Who says it, a word of the front end.
        edit: Id of the edit that was shown after it.
        details: Further plain data of the front end.
        id: None until it is stored.
    """

    author: str
    text: str
    edit: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    id: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class Opened:
    """A picture of a person with its conversation.

    Attributes:
        shown: The edit to show.
        title: The name that the person gave it, or nothing.
        edits: How many edits it has, the original excluded.
        used_at: When the last edit was made.
    """

    source: int
    shown: Edit
    title: str
    edits: int
    used_at: datetime


class Transcripts:
    """The conversations of one database, by picture."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def add(self, source: int, lines: Iterable[Line]) -> list[Line]:
        """Store lines, and return them with their ids. Raises NotFound if the picture was deleted."""
        stored = []
        async with self.database.write() as connection:
            await _require_source(connection, source)
            for line in lines:
                values = {"source_id": source, "author": line.author, "text": line.text}
                values |= {"edit_id": line.edit, "details": line.details}
                values |= {"created_at": line.created_at} if line.created_at else {}
                row = await connection.execute(insert(LINES).values(values).returning(*LINES.c))
                stored.append(_line(row.one()))
        return stored

    async def lines(self, source: int) -> list[Line]:
        """Return the latest lines about a picture, oldest first."""
        query = select(LINES).where(LINES.c.source_id == source).order_by(LINES.c.id.desc())
        async with self.database.read() as connection:
            rows = (await connection.execute(query.limit(MAX_LINES))).all()
        return [_line(row) for row in reversed(rows)]

    async def shown(self, source: int) -> Edit:
        """Return the edit of a picture that was shown last. Raises NotFound."""
        edits = select(EDITS).where(EDITS.c.source_id == source)
        said = edits.join(LINES, LINES.c.edit_id == EDITS.c.id).where(LINES.c.source_id == source)
        queries = (
            edits.join(CONVERSATIONS, CONVERSATIONS.c.head_id == EDITS.c.id),
            said.order_by(LINES.c.id.desc()).limit(1),
            edits.order_by(EDITS.c.id.desc()).limit(1),
        )
        async with self.database.read() as connection:
            for query in queries:
                if (row := (await connection.execute(query)).one_or_none()) is not None:
                    return edit_from(row)
        raise NotFound("the picture was deleted")

    async def opened(self, platform: str, person: str) -> list[Opened]:
        """Return a person's pictures, the one used last first."""
        edits, used = func.count(EDITS.c.id).label("edits"), func.max(EDITS.c.created_at).label("used")
        query = select(SOURCES.c.id, SOURCES.c.details, edits, used)
        query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == SOURCES.c.conversation_id)
        query = query.join(USERS, USERS.c.id == CONVERSATIONS.c.user_id)
        query = query.join(EDITS, EDITS.c.source_id == SOURCES.c.id).group_by(SOURCES.c.id)
        query = query.where(USERS.c.platform == platform, USERS.c.outside_id == person)
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        found = []
        for row in rows:
            shown, title = await self.shown(row.id), row.details.get("title", "")
            found.append(Opened(row.id, shown, title, row.edits - 1, row.used))
        return sorted(found, key=lambda one: one.used_at, reverse=True)

    async def rename(self, source: int, title: str) -> None:
        """Give a picture a name; an empty one takes it away. Raises NotFound."""
        async with self.database.write() as connection:
            details = await _require_source(connection, source) | {"title": title.strip()[:_MAX_TITLE]}
            await connection.execute(update(SOURCES).where(SOURCES.c.id == source).values(details=details))


async def _require_source(connection: AsyncConnection, source: int) -> dict[str, Any]:
    """Lock a picture and return its details. Raises NotFound."""
    query = select(SOURCES.c.details).where(SOURCES.c.id == source).with_for_update()
    details = (await connection.execute(query)).scalar_one_or_none()
    if details is None:
        raise NotFound("the picture was deleted")
    return dict(details)


def _line(row: Row[Any]) -> Line:
    return Line(row.author, row.text, row.edit_id, row.details, row.id, row.created_at)
