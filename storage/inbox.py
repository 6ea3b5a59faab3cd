"""What was asked from outside, so that it is answered, and answered once.

Whatever the outside sends (a message, a press of a button) has an id of its own. ``accept`` lets each id in once, in one
transaction, before anything is done about it; ``answered`` closes it. What is still open when a program starts was under
way when the former one was killed. ``cursor`` tells how far a place was read, to catch up on what was said meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from storage.database import Database, added
from storage.schema import CursorRow, InboxItemRow, JobRow, now, utc

_KEPT = ("text", "counts")


@dataclass(frozen=True)
class InboxItem:
    """Something asked: ``payload`` is what the front end needs to answer it, ``message`` the answer's outside id."""

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
        """The words, where there were any."""
        return str(self.payload.get("text") or "")


def _asked(row: InboxItemRow) -> InboxItem:
    answered = utc(row.answered_at) if row.answered_at else None
    return InboxItem(
        row.key,
        row.platform,
        row.user,
        row.server,
        row.place,
        row.payload,
        utc(row.created_at),
        answered,
        row.message,
    )


class Inbox:
    """The asked and the answered of one database."""

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
        """Let something in; None where its key was let in before, by whomever. Times are in the order of letting in.

        ``holder``: the lock (``Database.lock``) that whoever answers it holds for as long as they live.
        """
        async with self.database.write() as session:
            await (
                session.connection()
            )  # the time is taken when nobody else writes any more: with SQLite that begins here
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
            return None if row is None else _asked(row)

    async def known(self, key: str) -> bool:
        """Whether the key was let in before."""
        async with self.database.read() as session:
            return await session.get(InboxItemRow, key) is not None

    async def note(self, key: str, **values: Any) -> bool:
        """Remember more about something open: ``values`` are put into its payload. False where it is not open."""
        async with self.database.write() as session:
            row = await session.get(InboxItemRow, key, with_for_update=True)
            if row is None or row.answered_at is not None:
                return False
            row.payload = row.payload | values
            return True

    async def forget(self, key: str) -> None:
        """Let nothing of it stay."""
        async with self.database.write() as session:
            await session.execute(delete(InboxItemRow).where(InboxItemRow.key == key))

    async def answered(
        self, key: str, message: str | None = None, counts: bool | None = None, jobs: Collection[str] = ()
    ) -> None:
        """Close it; of its payload only the words stay, and whether it counts (``counts`` decides anew: a refusal does not).

        The ``jobs`` that it began are finished with it, in one transaction: whoever is killed before does it all again under
        the same jobs, which change nothing twice, and whoever is killed after has nothing left to do.
        """
        async with self.database.write() as session:
            await session.execute(delete(JobRow).where(JobRow.id.in_(jobs)))
            row = await session.get(InboxItemRow, key, with_for_update=True)
            if row is not None:
                row.answered_at, row.message = now(), message
                kept = {name: row.payload[name] for name in _KEPT if name in row.payload}
                row.payload = kept if counts is None else kept | {"counts": counts}

    async def open(self, platform: str | None = None, server: str | None = None) -> list[InboxItem]:
        """What was let in and not answered, oldest first."""
        query = (
            select(InboxItemRow)
            .where(InboxItemRow.answered_at.is_(None))
            .order_by(InboxItemRow.created_at, InboxItemRow.key)
        )
        query = query if platform is None else query.where(InboxItemRow.platform == platform)
        query = query if server is None else query.where(InboxItemRow.server == server)
        async with self.database.read() as session:
            return [_asked(row) for row in (await session.execute(query)).scalars()]

    async def take_over(self, platform: str, holder: str) -> list[InboxItem]:
        """Take what is open and has nobody left who would answer it, oldest first; each goes to exactly one who asks."""
        query = select(InboxItemRow.key, InboxItemRow.holder).where(
            InboxItemRow.platform == platform, InboxItemRow.answered_at.is_(None)
        )
        async with self.database.read() as session:
            found = [(key, other) for key, other in await session.execute(query) if other != holder]
        alive = {
            other
            for other in {other for _, other in found}
            if other is not None and await self.database.is_held(other)
        }
        left = [(key, other) for key, other in found if other not in alive]
        taken = []
        async with self.database.write() as session:
            for key, other in sorted(
                left
            ):  # sorted: two who take from the same heap wait for each other, not in a circle
                row = await session.get(InboxItemRow, key, with_for_update=True)
                if row is not None and row.answered_at is None and row.holder == other:
                    row.holder = holder
                    taken.append(_asked(row))
        return sorted(taken, key=lambda one: (one.created_at, one.key))

    async def count_open(self, platform: str) -> int:
        """How many were let in and not answered."""
        async with self.database.read() as session:
            query = (
                select(func.count())
                .select_from(InboxItemRow)
                .where(InboxItemRow.platform == platform, InboxItemRow.answered_at.is_(None))
            )
            return int((await session.execute(query)).scalar_one())

    async def recent(self, platform: str, server: str | None, user: str, limit: int = 20) -> list[InboxItem]:
        """What a member asked in a server (``None``: in private), newest first."""
        query = select(InboxItemRow).where(
            InboxItemRow.platform == platform, InboxItemRow.server == server, InboxItemRow.user == user
        )
        async with self.database.read() as session:
            rows = await session.execute(
                query.order_by(InboxItemRow.created_at.desc(), InboxItemRow.key).limit(limit)
            )
            return [_asked(row) for row in rows.scalars()]

    async def moments_since(
        self, platform: str, server: str | None, user: str, since: datetime
    ) -> list[datetime]:
        """When a member asked for something that takes work (``payload["counts"]``, true where absent), oldest first."""
        query = select(InboxItemRow.created_at, InboxItemRow.payload).order_by(InboxItemRow.created_at)
        query = query.where(
            InboxItemRow.platform == platform, InboxItemRow.server == server, InboxItemRow.user == user
        )
        async with self.database.read() as session:
            rows = await session.execute(query.where(InboxItemRow.created_at > since))
            return [utc(moment) for moment, payload in rows if payload.get("counts", True)]

    async def count_since(self, platform: str, server: str | None, user: str, since: datetime) -> int:
        """How many such requests there were."""
        return len(await self.moments_since(platform, server, user, since))

    async def prune(self, before: datetime) -> int:
        """Forget what was answered before a moment; returns how many."""
        async with self.database.write() as session:
            query = select(func.count()).select_from(InboxItemRow).where(InboxItemRow.answered_at < before)
            count = (await session.execute(query)).scalar_one()
            await session.execute(delete(InboxItemRow).where(InboxItemRow.answered_at < before))
            return int(count)

    # catching up

    async def cursor(self, platform: str, place: str) -> str | None:
        """The newest message of a place that was looked at."""
        async with self.database.read() as session:
            row = await session.get(CursorRow, (platform, place))
            return row.message if row else None

    async def move_cursor(self, platform: str, place: str, message: str) -> None:
        """Remember the newest message looked at; ids are numbers, and the cursor only goes forward."""
        async with self.database.write() as session:
            row = await session.get(CursorRow, (platform, place), with_for_update=True)
            if row is None:
                await added(session, CursorRow, platform=platform, place=place, message=message)
                row = await session.get_one(CursorRow, (platform, place), with_for_update=True)
            if int(message) > int(row.message):
                row.message = message

    async def active_places(self, platform: str, since: datetime) -> list[tuple[str, str]]:
        """Places with their cursors that were spoken in since a moment, the liveliest first."""
        query = select(CursorRow).where(CursorRow.platform == platform, CursorRow.updated_at > since)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(CursorRow.updated_at.desc()))
            return [(row.place, row.message) for row in rows.scalars()]
