"""Deleting: after a time, on request, and when a member or a server is gone.

Rows are deleted in one transaction. Then the files that no row names any more are removed, and the database
file is written anew so that no copy of a row is left in it. Where others still need a fact about a deleted
member (a block, a moderator's record), an alias replaces the id (``storage.servers``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.blobs import BlobName
from storage.errors import NotFound
from storage.history import History
from storage.people import find_user, lock_owner
from storage.records import OutsideMessage
from storage.schema import (
    AUDITS,
    BLOCKS,
    CONVERSATIONS,
    CURSORS,
    DELTAS,
    EDITS,
    INBOX,
    MESSAGES,
    PICTURES,
    SERVERS,
    SOURCES,
    USERS,
    now,
)
from storage.servers import Servers, alias

DAYS = 30
"""How long pictures are kept unless it is set otherwise."""


class Retention:
    """Deletes from one history."""

    def __init__(self, history: History) -> None:
        self.history, self.database = history, history.database
        self.servers = Servers(history.database)

    # after a time

    async def expire(self, days: int = DAYS, moment: datetime | None = None) -> int:
        """Delete pictures with all their edits, and answered requests, that were not used for some time.

        Args:
            days: How long they are kept, except in servers that set it themselves.

        Returns:
            The number of pictures.
        """
        moment = moment or now()
        special = await self.servers.with_retention()
        count, gone = 0, set[BlobName]()
        for rule, kept in _rules(USERS.c.platform, CONVERSATIONS.c.server, special, days):
            before = moment - timedelta(days=kept)
            async with self.database.read() as connection:
                users = sorted({user for user, _ in await _unused(connection, rule, before)})
            for user in users:  # each in a transaction of its own, so that nobody waits for all of them
                async with self.database.write() as connection:
                    if await _lock_users(connection, [user]):
                        unused = await _unused(connection, and_(rule, USERS.c.id == user), before)
                        old = [source for _, source in unused]
                        await connection.execute(delete(SOURCES).where(SOURCES.c.id.in_(old)))
                        count, gone = count + len(old), gone | await _prune(connection, [user])
        requests = 0
        async with self.database.write() as connection:
            for rule, kept in _rules(INBOX.c.platform, INBOX.c.server, special, days):
                old_requests = delete(INBOX).where(rule, INBOX.c.answered_at < moment - timedelta(days=kept))
                requests += (await connection.execute(old_requests)).rowcount
        if count or requests or gone:  # writing the database anew takes too long for every hour
            await self._remove_traces(gone)
        return count

    # on request

    async def forget_user(self, platform: str, user: str) -> bool:
        """Delete a user with all rows and files; False if nothing is kept of them."""
        gone: set[BlobName] = set()
        async with self.database.write() as connection:
            await _forget_names(connection, platform, user)
            await connection.execute(delete(INBOX).where(INBOX.c.platform == platform, INBOX.c.user == user))
            row = await find_user(connection, platform, user)
            if row is not None:
                gone = await _pictures_of(connection, row.id)
                private = and_(CONVERSATIONS.c.user_id == row.id, CONVERSATIONS.c.server.is_(None))
                await _forget_cursors(connection, platform, private)
                await connection.execute(delete(USERS).where(USERS.c.id == row.id))
        await self._remove_traces(gone)
        return row is not None

    async def forget_edit(self, edit: int) -> list[OutsideMessage]:
        """Delete one edit and return the messages that showed it, so that the front end can delete them.

        Edits made from it stay, as children of its parent. The original (number 0) takes all edits of its
        picture with it. Raises NotFound.
        """
        async with self.database.write() as connection:
            row = await _edit_row(connection, edit)
            user = await lock_owner(connection, row.conversation_id)
            row = await _edit_row(connection, edit)
            messages = await _messages(connection, _deleted_with(row))
            if row.number == 0:
                await connection.execute(delete(SOURCES).where(SOURCES.c.id == row.source_id))
            else:
                await _take_out(connection, row)
            gone = await _prune(connection, [user])
        await self._remove_traces(gone)
        return messages

    async def messages_of_edit(self, edit: int) -> list[OutsideMessage]:
        """Return the messages that ``forget_edit`` would return. Raises NotFound."""
        async with self.database.read() as connection:
            return await _messages(connection, _deleted_with(await _edit_row(connection, edit)))

    async def messages_of_user(self, platform: str, user: str) -> list[OutsideMessage]:
        """Return the messages that show a user's pictures."""
        mine = select(CONVERSATIONS.c.id).join(USERS, USERS.c.id == CONVERSATIONS.c.user_id)
        mine = mine.where(USERS.c.platform == platform, USERS.c.outside_id == user)
        async with self.database.read() as connection:
            return await _messages(connection, EDITS.c.conversation_id.in_(mine))

    # when somebody is gone

    async def forget_member(self, platform: str, server: str, user: str) -> bool:
        """Delete what a user did in one server, and their id in its records; False if there was nothing."""
        gone: set[BlobName] = set()
        found = 0
        async with self.database.write() as connection:
            here = and_(INBOX.c.platform == platform, INBOX.c.server == server, INBOX.c.user == user)
            await connection.execute(delete(INBOX).where(here))
            await _forget_names(connection, platform, user, server)
            row = await find_user(connection, platform, user)
            if row is not None and await _lock_users(connection, [row.id]):
                theirs = and_(CONVERSATIONS.c.user_id == row.id, CONVERSATIONS.c.server == server)
                found = (await connection.execute(delete(CONVERSATIONS).where(theirs))).rowcount
                gone = await _prune(connection, [row.id])
                await _drop_users_without_conversations(connection, [row.id])
        await self._remove_traces(gone)
        return bool(found)

    async def forget_server(self, platform: str, server: str) -> None:
        """Delete a server: its settings, blocks and records, and all that was done in it."""
        async with self.database.write() as connection:
            asked = delete(INBOX).where(INBOX.c.platform == platform, INBOX.c.server == server)
            await connection.execute(asked)
            of_platform = select(USERS.c.id).where(USERS.c.platform == platform)
            here = and_(CONVERSATIONS.c.server == server, CONVERSATIONS.c.user_id.in_(of_platform))
            members = await connection.execute(select(CONVERSATIONS.c.user_id).where(here).distinct())
            users = await _lock_users(connection, members.scalars())
            await _forget_cursors(connection, platform, here)
            await connection.execute(delete(CONVERSATIONS).where(here))
            row = delete(SERVERS).where(SERVERS.c.platform == platform, SERVERS.c.outside_id == server)
            await connection.execute(row)
            gone = await _prune(connection, users)
            await _drop_users_without_conversations(connection, users)
        await self._remove_traces(gone)

    async def _remove_traces(self, files: set[BlobName]) -> None:
        """Remove files that lost their row, and the bytes of deleted rows in the database file."""
        kept: set[BlobName] = set()
        async with self.database.read() as connection:
            for user in {user for user, _ in files}:
                kept |= await _pictures_of(connection, user)
        await asyncio.to_thread(self.history.blobs.remove, files - kept)
        await self.database.scrub()


def _rules(
    platform: Any, server: Any, special: list[tuple[str, str, int]], days: int
) -> list[tuple[ColumnElement[bool], int]]:
    """Conditions on the columns ``platform`` and ``server``, and how many days such rows are kept."""
    own = [(and_(platform == name, server == one), kept) for name, one, kept in special]
    others = or_(server.is_(None), ~or_(*(rule for rule, _ in own))) if own else platform.is_not(None)
    return [*own, (others, days)]


async def _unused(
    connection: AsyncConnection, rule: ColumnElement[bool], before: datetime
) -> list[tuple[int, int]]:
    """User and source of the pictures last used before a time.

    Using is editing, or moving to an edit of the picture.
    """
    edited = select(EDITS.c.source_id, func.max(EDITS.c.created_at).label("at"))
    used = edited.group_by(EDITS.c.source_id).subquery()
    shown = select(EDITS.c.source_id).where(EDITS.c.id == CONVERSATIONS.c.head_id).scalar_subquery()
    query = select(USERS.c.id, SOURCES.c.id, used.c.at, CONVERSATIONS.c.updated_at, shown)
    query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == SOURCES.c.conversation_id)
    query = query.join(USERS, USERS.c.id == CONVERSATIONS.c.user_id)
    query = query.join(used, used.c.source_id == SOURCES.c.id, isouter=True)
    return [
        (user, source)
        for user, source, edited_at, moved_at, head in await connection.execute(query.where(rule))
        if edited_at is None or (max(edited_at, moved_at) if head == source else edited_at) < before
    ]


async def _lock_users(connection: AsyncConnection, users: Iterable[int]) -> list[int]:
    """Lock the data of users until the transaction ends; returns those that are still there."""
    query = select(USERS.c.id).where(USERS.c.id.in_(list(users))).order_by(USERS.c.id)
    return list((await connection.execute(query.with_for_update(key_share=True))).scalars())


async def _edit_row(connection: AsyncConnection, edit: int) -> Any:
    row = (await connection.execute(select(EDITS).where(EDITS.c.id == edit))).one_or_none()
    if row is None:
        raise NotFound("the edit was deleted")
    return row


def _deleted_with(row: Any) -> ColumnElement[bool]:
    """The edits that are deleted with this one: the original takes all edits of its picture with it."""
    return EDITS.c.source_id == row.source_id if row.number == 0 else EDITS.c.id == row.id


async def _take_out(connection: AsyncConnection, row: Any) -> None:
    """Delete an edit; its children, and the heads and redos that lead to it, pass to its neighbours."""
    for table, column, successor in (
        (EDITS, EDITS.c.parent_id, row.parent_id),
        (EDITS, EDITS.c.redo_id, row.redo_id),
        (CONVERSATIONS, CONVERSATIONS.c.head_id, row.parent_id),
    ):
        await connection.execute(update(table).where(column == row.id).values({column: successor}))
    await connection.execute(delete(EDITS).where(EDITS.c.id == row.id))


async def _messages(connection: AsyncConnection, condition: ColumnElement[bool]) -> list[OutsideMessage]:
    """The messages that show the edits of a condition."""
    query = select(MESSAGES.c.platform, MESSAGES.c.outside_id, MESSAGES.c.place)
    query = query.join(EDITS, EDITS.c.id == MESSAGES.c.edit_id).where(condition)
    return [OutsideMessage(*row) for row in await connection.execute(query)]


async def _pictures_of(connection: AsyncConnection, user: int) -> set[BlobName]:
    """The files of a user."""
    names = await connection.execute(select(PICTURES.c.sha256).where(PICTURES.c.user_id == user))
    return {(user, name) for name in names.scalars()}


async def _prune(connection: AsyncConnection, users: Iterable[int]) -> set[BlobName]:
    """Delete the unused pictures and deltas of some users; returns the files of the pictures."""
    gone: set[BlobName] = set()
    for user in users:
        mine = select(CONVERSATIONS.c.id).where(CONVERSATIONS.c.user_id == user)
        edits = EDITS.c.conversation_id.in_(mine)
        used = select(EDITS.c.picture_id).where(edits)
        used_too = select(SOURCES.c.picture_id).where(SOURCES.c.conversation_id.in_(mine))
        unused = delete(PICTURES).where(
            PICTURES.c.user_id == user, PICTURES.c.id.not_in(used.union(used_too))
        )
        names = (await connection.execute(unused.returning(PICTURES.c.sha256))).scalars()
        gone |= {(user, name) for name in names}
        stacks = (await connection.execute(select(EDITS.c.adjustments).where(edits))).scalars()
        needed = {entry["delta"] for adjustments in stacks for entry in adjustments}
        query = select(DELTAS.c.id, DELTAS.c.sha256).where(DELTAS.c.user_id == user)
        left = [number for number, name in await connection.execute(query) if name not in needed]
        await connection.execute(delete(DELTAS).where(DELTAS.c.id.in_(left)))
    return gone


async def _drop_users_without_conversations(connection: AsyncConnection, users: Iterable[int]) -> None:
    some = exists().where(CONVERSATIONS.c.user_id == USERS.c.id)
    await connection.execute(delete(USERS).where(USERS.c.id.in_(list(users)), ~some))


async def _forget_cursors(connection: AsyncConnection, platform: str, condition: ColumnElement[bool]) -> None:
    """Delete how far the places of some conversations were read."""
    places = select(CONVERSATIONS.c.place).where(condition)
    await connection.execute(
        delete(CURSORS).where(CURSORS.c.platform == platform, CURSORS.c.place.in_(places))
    )


async def _forget_names(
    connection: AsyncConnection, platform: str, user: str, server: str | None = None
) -> None:
    """Replace a user's id by an alias in what moderators wrote, everywhere or in one server."""
    name = await alias(connection, platform, user)
    servers = select(SERVERS.c.id).where(SERVERS.c.platform == platform)
    servers = servers if server is None else servers.where(SERVERS.c.outside_id == server)
    audits = AUDITS.c.platform == platform
    audits = audits if server is None else and_(audits, AUDITS.c.server_id.in_(servers))
    blocks = BLOCKS.c.server_id.in_(servers)
    for table, rule, ids in ((BLOCKS, blocks, ("member", "actor")), (AUDITS, audits, ("actor", "target"))):
        for row in (await connection.execute(select(table).where(rule))).mappings():
            changes: dict[str, Any] = {column: name for column in ids if row[column] == user}
            if row["reason"] and user in row["reason"]:
                changes["reason"] = row["reason"].replace(user, name)
            written = json.dumps(row.get("details", {}), ensure_ascii=False)
            if user in written:
                changes["details"] = json.loads(written.replace(user, name))
            if changes:
                await connection.execute(update(table).where(table.c.id == row["id"]).values(changes))
