"""Deleting: after a time, on request, and when a member or a server is gone.

Rows are deleted in one transaction. Then the files that no row names any more are removed, and the database
file is written anew so that no copy of a row is left in it. Where others still need a fact about a deleted
member (a block, a moderator's record), an alias replaces the id (``storage.servers``).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from storage.blobs import BlobName
from storage.errors import NotFound
from storage.history import History
from storage.people import conversation_owner, find_person
from storage.pruning import drop_users_without_conversations, pictures_of, prune, remove_traces
from storage.records import OutsideMessage, message_from
from storage.schema import (
    AuditRow,
    BlockRow,
    ConversationRow,
    CursorRow,
    EditRow,
    InboxItemRow,
    MessageRow,
    ServerRow,
    SourceRow,
    UserRow,
    now,
    utc,
)
from storage.servers import Servers, alias, find_server

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
        for rule, kept in _rules(UserRow.platform, ConversationRow.server, special, days):
            before = moment - timedelta(days=kept)
            async with self.database.read() as session:
                users = sorted({user for user, _ in await _unused(session, rule, before)})
            for user in users:  # each in a transaction of its own, so that nobody waits for all of them
                expired, files = await self._expire_user(user, rule, before)
                count, gone = count + expired, gone | files
        requests = 0
        async with self.database.write() as session:
            for rule, kept in _rules(InboxItemRow.platform, InboxItemRow.server, special, days):
                before = moment - timedelta(days=kept)
                query = delete(InboxItemRow).where(rule, InboxItemRow.answered_at < before)
                requests += len((await session.execute(query.returning(InboxItemRow.key))).all())
        if count or requests or gone:  # writing the database anew takes too long for every hour
            await remove_traces(self.history, gone)
        return count

    async def _expire_user(
        self, user: int, rule: ColumnElement[bool], before: datetime
    ) -> tuple[int, set[BlobName]]:
        """Delete the unused pictures of one user; returns their number and the files to remove."""
        async with self.database.write() as session:
            if not await _locked(session, user):
                return 0, set()
            old = [source for _, source in await _unused(session, and_(rule, UserRow.id == user), before)]
            await session.execute(delete(SourceRow).where(SourceRow.id.in_(old)))
            return len(old), await prune(session, [user])

    # on request

    async def forget_user(self, platform: str, user: str) -> bool:
        """Delete a user with all rows and files; False if nothing is kept of them."""
        async with self.database.write() as session:
            await _forget_names(session, platform, user)
            mine = (InboxItemRow.platform == platform, InboxItemRow.user == user)
            await session.execute(delete(InboxItemRow).where(*mine))
            row = await find_person(session, platform, user)
            gone: set[BlobName] = set()
            if row is not None:
                gone = await pictures_of(session, row.id)
                private = and_(ConversationRow.user_id == row.id, ConversationRow.server.is_(None))
                await _forget_cursors(session, platform, private)
                await session.execute(delete(UserRow).where(UserRow.id == row.id))
        await remove_traces(self.history, gone)
        return row is not None

    async def forget_edit(self, edit: int) -> list[OutsideMessage]:
        """Delete one edit and return the messages that showed it, so that the front end can delete them.

        Edits made from it stay, as children of its parent. The original (number 0) takes all edits of its
        picture with it. Raises NotFound.
        """
        async with self.database.write() as session:
            query = select(EditRow.conversation_id).where(EditRow.id == edit)
            conversation = (await session.execute(query)).scalar_one_or_none()
            if conversation is None:
                raise NotFound("the edit was deleted")
            user = await conversation_owner(await session.connection(), conversation)
            row = await session.get(EditRow, edit)
            if row is None:
                raise NotFound("the edit was deleted")
            messages = await _messages(session, _deleted_with(row))
            if row.number == 0:
                await session.execute(delete(SourceRow).where(SourceRow.id == row.source_id))
            else:
                await _take_out(session, row)
            gone = await prune(session, [user])
        await remove_traces(self.history, gone)
        return messages

    async def messages_of_edit(self, edit: int) -> list[OutsideMessage]:
        """Return the messages that ``forget_edit`` would return. Raises NotFound."""
        async with self.database.read() as session:
            row = await session.get(EditRow, edit)
            if row is None:
                raise NotFound("the edit was deleted")
            return await _messages(session, _deleted_with(row))

    async def messages_of_user(self, platform: str, user: str) -> list[OutsideMessage]:
        """Return the messages that show a user's pictures."""
        mine = select(ConversationRow.id).join(UserRow, UserRow.id == ConversationRow.user_id)
        mine = mine.where(UserRow.platform == platform, UserRow.outside_id == user)
        async with self.database.read() as session:
            return await _messages(session, EditRow.conversation_id.in_(mine))

    # when somebody is gone

    async def forget_member(self, platform: str, server: str, user: str) -> bool:
        """Delete what a user did in one server, and their id in its records; False if there was nothing."""
        gone: set[BlobName] = set()
        found: list[int] = []
        async with self.database.write() as session:
            here = and_(InboxItemRow.platform == platform, InboxItemRow.server == server)
            await session.execute(delete(InboxItemRow).where(here, InboxItemRow.user == user))
            await _forget_names(session, platform, user, server)
            row = await find_person(session, platform, user)
            if row is not None and await _locked(session, row.id):
                theirs = delete(ConversationRow).where(
                    ConversationRow.user_id == row.id, ConversationRow.server == server
                )
                found = list((await session.execute(theirs.returning(ConversationRow.id))).scalars())
                gone = await prune(session, [row.id])
                gone |= await drop_users_without_conversations(session, [row.id])
        await remove_traces(self.history, gone)
        return bool(found)

    async def forget_server(self, platform: str, server: str) -> None:
        """Delete a server: its settings, blocks and records, and all that was done in it."""
        async with self.database.write() as session:
            await session.execute(
                delete(InboxItemRow).where(InboxItemRow.platform == platform, InboxItemRow.server == server)
            )
            of_platform = select(UserRow.id).where(UserRow.platform == platform)
            here = and_(ConversationRow.server == server, ConversationRow.user_id.in_(of_platform))
            members = select(UserRow.id).where(UserRow.id.in_(select(ConversationRow.user_id).where(here)))
            members = members.order_by(UserRow.id).with_for_update(key_share=True)
            users = list((await session.execute(members)).scalars())
            await _forget_cursors(session, platform, here)
            await session.execute(delete(ConversationRow).where(here))
            found = await find_server(session, platform, server)
            if found is not None:
                await session.delete(found)
            gone = await prune(session, users) | await drop_users_without_conversations(session, users)
        await remove_traces(self.history, gone)


def _rules(
    platform: Any, server: Any, special: list[tuple[str, str, int]], days: int
) -> list[tuple[ColumnElement[bool], int]]:
    """Conditions on the columns ``platform`` and ``server``, and how many days such rows are kept."""
    own = [(and_(platform == name, server == one), kept) for name, one, kept in special]
    others = or_(server.is_(None), ~or_(*(rule for rule, _ in own))) if own else platform.is_not(None)
    return [*own, (others, days)]


async def _unused(
    session: AsyncSession, rule: ColumnElement[bool], before: datetime
) -> list[tuple[int, int]]:
    """User and source of the pictures last used before a time.

    Using is editing, or moving to an edit of the picture.
    """
    edited = select(EditRow.source_id, func.max(EditRow.created_at).label("at"))
    used = edited.group_by(EditRow.source_id).subquery()
    shown = select(EditRow.source_id).where(EditRow.id == ConversationRow.head_id).scalar_subquery()
    query = select(UserRow.id, SourceRow.id, used.c.at, ConversationRow.updated_at, shown)
    query = query.join(ConversationRow, ConversationRow.id == SourceRow.conversation_id)
    query = query.join(UserRow, UserRow.id == ConversationRow.user_id)
    query = query.join(used, used.c.source_id == SourceRow.id, isouter=True)
    unused = []
    for user, source, edited_at, moved_at, head in (await session.execute(query.where(rule))).all():
        times = [edited_at, moved_at] if head == source else [edited_at]
        if edited_at is None or max(map(utc, times)) < before:
            unused.append((user, source))
    return unused


async def _locked(session: AsyncSession, user: int) -> bool:
    """Lock the data of a user until the transaction ends; False if the user was deleted."""
    return await session.get(UserRow, user, with_for_update={"key_share": True}) is not None


def _deleted_with(row: EditRow) -> ColumnElement[bool]:
    """The edits that are deleted with this one: the original takes all edits of its picture with it."""
    return EditRow.source_id == row.source_id if row.number == 0 else EditRow.id == row.id


async def _take_out(session: AsyncSession, row: EditRow) -> None:
    """Delete an edit; its children, and the heads and redos that lead to it, pass to its neighbours."""
    parent, redo = {"parent_id": row.parent_id}, {"redo_id": row.redo_id}
    await session.execute(update(EditRow).where(EditRow.parent_id == row.id).values(parent))
    await session.execute(update(EditRow).where(EditRow.redo_id == row.id).values(redo))
    heads = update(ConversationRow).where(ConversationRow.head_id == row.id)
    await session.execute(heads.values(head_id=row.parent_id))
    await session.execute(delete(EditRow).where(EditRow.id == row.id))


async def _messages(session: AsyncSession, condition: ColumnElement[bool]) -> list[OutsideMessage]:
    """The messages that show the edits of a condition."""
    query = select(MessageRow).join(EditRow, EditRow.id == MessageRow.edit_id).where(condition)
    return [message_from(row) for row in (await session.execute(query)).scalars()]


async def _forget_cursors(session: AsyncSession, platform: str, condition: ColumnElement[bool]) -> None:
    """Delete how far the places of some conversations were read."""
    places = select(ConversationRow.place).where(condition)
    await session.execute(
        delete(CursorRow).where(CursorRow.platform == platform, CursorRow.place.in_(places))
    )


async def _forget_names(session: AsyncSession, platform: str, user: str, server: str | None = None) -> None:
    """Replace a user's id by an alias in what moderators wrote, everywhere or in one server."""
    name = await alias(session, platform, user)
    servers = select(ServerRow.id).where(ServerRow.platform == platform)
    servers = servers if server is None else servers.where(ServerRow.outside_id == server)
    blocks = await session.execute(select(BlockRow).where(BlockRow.server_id.in_(servers)))
    for block in blocks.scalars():
        block.member = name if block.member == user else block.member
        block.actor = name if block.actor == user else block.actor
        block.reason = block.reason.replace(user, name) if block.reason else block.reason
    query = select(AuditRow).where(AuditRow.platform == platform)
    query = query if server is None else query.where(AuditRow.server_id.in_(servers))
    for row in (await session.execute(query)).scalars():
        row.actor = name if row.actor == user else row.actor
        row.target = name if row.target == user else row.target
        row.reason = row.reason.replace(user, name) if row.reason else row.reason
        written = json.dumps(row.details, ensure_ascii=False)
        if user in written:
            row.details = json.loads(written.replace(user, name))
