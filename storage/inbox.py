"""Requests from outside, so that each is answered, and answered once.

Whatever a front end receives (a message, a press of a button) has an id of its own. ``accept`` lets each id
in once, in one transaction, before anything is done about it, and ``answered`` closes it. What is open when a
program starts was interrupted. A ``cursor`` says how far a place was read, so that missed messages can be
caught up.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select

from storage.database import Database, added
from storage.schema import CursorRow, InboxItemRow, JobRow, now, utc

_KEPT = ("text", "counts")
"""What stays of a payload once the request is answered."""


@dataclass(frozen=True)
class InboxItem:
    """One request, with the ``payload`` needed to answer it and the answer's outside id (``message``)."""

    key: str
    platform: str
    user: str
    server: str | None
    place: str
    payload: dict[str, Any] = field(repr=False)
    created_at: datetime
    answered_at: datetime | None = None
    message: str | None = None

    @property
    def text(self) -> str:
        """The words of the request, if there were any."""
        return str(self.payload.get("text") or "")


def _item(row: InboxItemRow) -> InboxItem:
    return InboxItem(
        key=row.key,
        platform=row.platform,
        user=row.user,
        server=row.server,
        place=row.place,
        payload=row.payload,
        created_at=utc(row.created_at),
        answered_at=utc(row.answered_at) if row.answered_at else None,
        message=row.message,
    )


def _of_user(platform: str, server: str | None, user: str) -> ColumnElement[bool]:
    return (InboxItemRow.platform == platform) & (InboxItemRow.server == server) & (InboxItemRow.user == user)


class Inbox:
    """The requests of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def accept(
        self,
        key: str,
        platform: str,
        user: str,
        server: str | None,
        place: str,
        payload: dict[str, Any],
        holder: str | None = None,
    ) -> InboxItem | None:
        """Let a request in; None if its key was let in before, by any process.

        The times of requests are in the order in which they were let in.

        Args:
            holder: The lock (``Database.lock``) that the process which answers it holds as long as it lives.
        """
        async with self.database.write() as session:
            await (
                session.connection()
            )  # begins the transaction, so that the time is taken when nobody else writes
            row = await added(
                session,
                InboxItemRow,
                key=key,
                platform=platform,
                user=user,
                server=server,
                place=place,
                payload=payload,
                holder=holder,
                created_at=now(),
            )
            return None if row is None else _item(row)

    async def known(self, key: str) -> bool:
        """Whether the key was let in before."""
        async with self.database.read() as session:
            return await session.get(InboxItemRow, key) is not None

    async def note(self, key: str, **values: Any) -> bool:
        """Add ``values`` to the payload of an open request; False if it is not open."""
        async with self.database.write() as session:
            row = await session.get(InboxItemRow, key, with_for_update=True)
            if row is None or row.answered_at is not None:
                return False
            row.payload = row.payload | values
            return True

    async def forget(self, key: str) -> None:
        """Delete a request."""
        async with self.database.write() as session:
            await session.execute(delete(InboxItemRow).where(InboxItemRow.key == key))

    async def answered(
        self, key: str, message: str | None = None, counts: bool | None = None, jobs: Collection[str] = ()
    ) -> None:
        """Close a request. Of its payload only the words stay, and whether it counts towards quotas.

        Args:
            message: The outside id of the answer.
            counts: Decides anew whether it counts; a refused request does not.
            jobs: Change requests closed in the same transaction. A process killed before that repeats
                everything
                under the same jobs, which changes nothing twice; one killed after it has nothing left to do.
        """
        async with self.database.write() as session:
            await session.execute(delete(JobRow).where(JobRow.id.in_(jobs)))
            row = await session.get(InboxItemRow, key, with_for_update=True)
            if row is not None:
                row.answered_at, row.message = now(), message
                kept = {name: row.payload[name] for name in _KEPT if name in row.payload}
                row.payload = kept if counts is None else kept | {"counts": counts}

    async def open(self, platform: str | None = None, server: str | None = None) -> list[InboxItem]:
        """Return the requests that are not answered, oldest first."""
        query = select(InboxItemRow).where(InboxItemRow.answered_at.is_(None))
        query = query if platform is None else query.where(InboxItemRow.platform == platform)
        query = query if server is None else query.where(InboxItemRow.server == server)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(InboxItemRow.created_at, InboxItemRow.key))
            return [_item(row) for row in rows.scalars()]

    async def take_over(self, platform: str, holder: str) -> list[InboxItem]:
        """Claim the open requests whose holder's lock is free, oldest first.

        Each is claimed by exactly one process.
        """
        query = select(InboxItemRow.key, InboxItemRow.holder).where(
            InboxItemRow.platform == platform, InboxItemRow.answered_at.is_(None)
        )
        async with self.database.read() as session:
            found = [(key, other) for key, other in await session.execute(query) if other != holder]
        holders = {other for _, other in found if other is not None}
        alive = {other for other in holders if await self.database.is_held(other)}
        left = [(key, other) for key, other in found if other not in alive]
        taken = []
        async with self.database.write() as session:
            for key, other in sorted(left):  # sorted, so that two processes cannot wait for each other's rows
                row = await session.get(InboxItemRow, key, with_for_update=True)
                if row is not None and row.answered_at is None and row.holder == other:
                    row.holder = holder
                    taken.append(_item(row))
        return sorted(taken, key=lambda one: (one.created_at, one.key))

    async def count_open(self, platform: str) -> int:
        """Count the requests that are not answered."""
        query = select(func.count()).select_from(InboxItemRow)
        query = query.where(InboxItemRow.platform == platform, InboxItemRow.answered_at.is_(None))
        async with self.database.read() as session:
            return int((await session.execute(query)).scalar_one())

    async def recent(self, platform: str, server: str | None, user: str, limit: int = 20) -> list[InboxItem]:
        """Return what a member asked in a server (None: in private), newest first."""
        query = select(InboxItemRow).where(_of_user(platform, server, user))
        query = query.order_by(InboxItemRow.created_at.desc(), InboxItemRow.key).limit(limit)
        async with self.database.read() as session:
            return [_item(row) for row in (await session.execute(query)).scalars()]

    async def moments_since(
        self, platform: str, server: str | None, user: str, since: datetime
    ) -> list[datetime]:
        """Return the times of a member's requests that count towards quotas, oldest first."""
        query = select(InboxItemRow.created_at, InboxItemRow.payload)
        query = query.where(_of_user(platform, server, user), InboxItemRow.created_at > since)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(InboxItemRow.created_at))
            return [utc(moment) for moment, payload in rows if payload.get("counts", True)]

    # catching up

    async def cursor(self, platform: str, place: str) -> str | None:
        """Return the newest message of a place that was read."""
        async with self.database.read() as session:
            row = await session.get(CursorRow, (platform, place))
            return row.message if row else None

    async def move_cursor(self, platform: str, place: str, message: str) -> None:
        """Record the newest message that was read. Ids are numbers, and the cursor never moves back."""
        async with self.database.write() as session:
            await added(session, CursorRow, platform=platform, place=place, message=message)
            row = await session.get_one(CursorRow, (platform, place), with_for_update=True)
            if int(message) > int(row.message):
                row.message = message

    async def active_places(self, platform: str, since: datetime) -> list[tuple[str, str]]:
        """Return places with their cursors that were read since a time, the latest first."""
        query = select(CursorRow).where(CursorRow.platform == platform, CursorRow.updated_at > since)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(CursorRow.updated_at.desc()))
            return [(row.place, row.message) for row in rows.scalars()]
