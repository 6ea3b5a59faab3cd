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

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, add_new
from storage.schema import CURSORS, INBOX, JOBS, now

_KEPT = ("text", "counts")
"""What stays of a payload once the request is answered."""
_ITEMS = select(*(column for column in INBOX.c if column.name != "holder"))
_OLDEST_FIRST = (INBOX.c.created_at, INBOX.c.key)


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


def _open(platform: str) -> ColumnElement[bool]:
    return (INBOX.c.platform == platform) & INBOX.c.answered_at.is_(None)


def _of_user(platform: str, server: str | None, user: str) -> ColumnElement[bool]:
    return (INBOX.c.platform == platform) & (INBOX.c.server == server) & (INBOX.c.user == user)


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
        async with self.database.write() as connection:  # so that the time is taken when nobody else writes
            item = InboxItem(key, platform, user, server, place, payload, now())
            new = await add_new(connection, INBOX, **vars(item), holder=holder)
        return None if new is None else item

    async def known(self, key: str) -> bool:
        """Whether the key was let in before."""
        return bool(await self._items(_ITEMS.where(INBOX.c.key == key)))

    async def note(self, key: str, **values: Any) -> bool:
        """Add ``values`` to the payload of an open request; False if it is not open."""
        async with self.database.write() as connection:
            payload = await _lock_payload(connection, key, INBOX.c.answered_at.is_(None))
            if payload is not None:
                await _change(connection, key, payload=payload | values)
        return payload is not None

    async def forget(self, key: str) -> None:
        """Delete a request."""
        async with self.database.write() as connection:
            await connection.execute(delete(INBOX).where(INBOX.c.key == key))

    async def answered(
        self, key: str, message: str | None = None, counts: bool | None = None, jobs: Collection[str] = ()
    ) -> None:
        """Close a request. Of its payload only the words stay, and whether it counts towards quotas.

        Args:
            message: The outside id of the answer.
            counts: Decides anew whether it counts; a refused request does not.
            jobs: Change requests closed in the same transaction. A process killed before that repeats
                everything under the same jobs, which changes nothing twice; one killed after it has nothing
                left to do.
        """
        async with self.database.write() as connection:
            await connection.execute(delete(JOBS).where(JOBS.c.id.in_(jobs)))
            payload = await _lock_payload(connection, key)
            if payload is not None:
                kept = {name: payload[name] for name in _KEPT if name in payload}
                kept |= {} if counts is None else {"counts": counts}
                await _change(connection, key, answered_at=now(), message=message, payload=kept)

    async def open(self, platform: str, server: str | None = None) -> list[InboxItem]:
        """Return the requests that are not answered (of a server), oldest first."""
        query = _ITEMS.where(_open(platform)).order_by(*_OLDEST_FIRST)
        return await self._items(query if server is None else query.where(INBOX.c.server == server))

    async def take_over(self, platform: str, holder: str) -> list[InboxItem]:
        """Claim the open requests whose holder's lock is free, oldest first.

        Each is claimed by exactly one process.
        """
        query = select(INBOX.c.key, INBOX.c.holder).where(_open(platform)).order_by(INBOX.c.key)
        async with self.database.read() as connection:
            found = [(key, other) for key, other in await connection.execute(query) if other != holder]
        holders = {other for _, other in found if other is not None}
        alive = {other for other in holders if await self.database.is_held(other)}
        claimed = []
        async with self.database.write() as connection:
            for key, other in found:  # in order, so that two processes cannot wait for each other's rows
                same = INBOX.c.holder.is_not_distinct_from(other) & INBOX.c.answered_at.is_(None)
                if other not in alive and await _lock_payload(connection, key, same) is not None:
                    await _change(connection, key, holder=holder)
                    claimed.append(key)
        return [item for item in await self.open(platform) if item.key in claimed]

    async def count_open(self, platform: str) -> int:
        """Count the requests that are not answered."""
        async with self.database.read() as connection:
            query = select(func.count()).select_from(INBOX).where(_open(platform))
            return int((await connection.execute(query)).scalar_one())

    async def recent(self, platform: str, server: str | None, user: str, limit: int = 20) -> list[InboxItem]:
        """Return what a member asked in a server (None: in private), newest first."""
        query = _ITEMS.where(_of_user(platform, server, user))
        return await self._items(query.order_by(INBOX.c.created_at.desc(), INBOX.c.key).limit(limit))

    async def _items(self, query: Select[Any]) -> list[InboxItem]:
        async with self.database.read() as connection:
            return [InboxItem(**row._mapping) for row in await connection.execute(query)]

    async def moments_since(
        self, platform: str, server: str | None, user: str, since: datetime
    ) -> list[datetime]:
        """Return the times of a member's requests that count towards quotas, oldest first."""
        query = select(INBOX.c.created_at, INBOX.c.payload)
        query = query.where(_of_user(platform, server, user), INBOX.c.created_at > since)
        async with self.database.read() as connection:
            rows = await connection.execute(query.order_by(INBOX.c.created_at))
            return [moment for moment, payload in rows if payload.get("counts", True)]

    # catching up

    async def cursor(self, platform: str, place: str) -> str | None:
        """Return the newest message of a place that was read."""
        query = select(CURSORS.c.message).where(_cursor(platform, place))
        async with self.database.read() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def move_cursor(self, platform: str, place: str, message: str) -> None:
        """Record the newest message that was read. Ids are numbers, and the cursor never moves back."""
        here = _cursor(platform, place)
        async with self.database.write() as connection:
            await add_new(connection, CURSORS, platform=platform, place=place, message=message)
            query = select(CURSORS.c.message).where(here).with_for_update()
            if int(message) > int((await connection.execute(query)).scalar_one()):
                await connection.execute(update(CURSORS).where(here).values(message=message))

    async def active_places(self, platform: str, since: datetime) -> list[tuple[str, str]]:
        """Return places with their cursors that were read since a time, the latest first."""
        query = select(CURSORS.c.place, CURSORS.c.message).order_by(CURSORS.c.updated_at.desc())
        query = query.where(CURSORS.c.platform == platform, CURSORS.c.updated_at > since)
        async with self.database.read() as connection:
            return [(place, message) for place, message in await connection.execute(query)]


def _cursor(platform: str, place: str) -> ColumnElement[bool]:
    return (CURSORS.c.platform == platform) & (CURSORS.c.place == place)


async def _lock_payload(
    connection: AsyncConnection, key: str, *conditions: ColumnElement[bool]
) -> dict[str, Any] | None:
    """Lock a request until the transaction ends; None if there is none that meets the conditions."""
    query = select(INBOX.c.payload).where(INBOX.c.key == key, *conditions).with_for_update()
    payload: dict[str, Any] | None = (await connection.execute(query)).scalar_one_or_none()
    return payload


async def _change(connection: AsyncConnection, key: str, **values: Any) -> None:
    await connection.execute(update(INBOX).where(INBOX.c.key == key).values(values))
