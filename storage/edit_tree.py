"""The tree of edits: which edit is shown, undo, redo, and finding edits.

An edit never changes. Undo moves the head to the parent, redo moves it to the child last visited, and an edit
after an undo starts a branch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.database import Database
from storage.errors import NoPicture, NotFound, NothingToRedo, NothingToUndo, UnknownEdit
from storage.people import conversation_owner
from storage.records import Edit, OutsideMessage, edit_from, message_from
from storage.schema import CONVERSATIONS, EDITS, ConversationRow, EditRow, MessageRow, UserRow, utc

_HEAD = select(EDITS).join(CONVERSATIONS, CONVERSATIONS.c.head_id == EDITS.c.id)


class EditTree:
    """The edits of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # finding edits

    async def head(self, conversation: int) -> Edit:
        """Return the edit shown now. Raises NoPicture."""
        async with self.database.rows() as connection:
            query = _HEAD.where(CONVERSATIONS.c.id == conversation)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NoPicture("no picture yet")
        return edit_from(row)

    async def shown(self, platform: str, outside_id: str, place: str) -> Edit | None:
        """Return the edit shown to a user in a place, if there is one. Does not make the conversation."""
        query = _HEAD.join(UserRow, UserRow.id == CONVERSATIONS.c.user_id)
        query = query.where(UserRow.platform == platform, UserRow.outside_id == outside_id)
        async with self.database.rows() as connection:
            row = (await connection.execute(query.where(CONVERSATIONS.c.place == place))).one_or_none()
            return None if row is None else edit_from(row)

    async def edit(self, edit: int) -> Edit:
        """Return one edit by its id. Raises NotFound."""
        async with self.database.rows() as connection:
            row = (await connection.execute(select(EDITS).where(EDITS.c.id == edit))).one_or_none()
        if row is None:
            raise NotFound("the edit was deleted")
        return edit_from(row)

    async def edit_of_job(self, job: str) -> Edit | None:
        """Return the edit that a job of the editor made, None if it made none yet."""
        async with self.database.rows() as connection:
            row = await made_by(connection, job)
            return None if row is None else edit_from(row)

    async def edits(self, source: int) -> list[Edit]:
        """Return all edits of a picture by number, the original first."""
        async with self.database.read() as session:
            query = select(EditRow).where(EditRow.source_id == source).order_by(EditRow.number)
            return [edit_from(row) for row in (await session.execute(query)).scalars()]

    async def recent_edits(
        self, platform: str, outside_id: str, server: str | None = None, limit: int = 20
    ) -> list[Edit]:
        """Return a member's latest edits in a ``server`` or everywhere, without originals."""
        query = select(EditRow).join(ConversationRow, ConversationRow.id == EditRow.conversation_id)
        query = query.join(UserRow, UserRow.id == ConversationRow.user_id)
        query = query.where(
            UserRow.platform == platform, UserRow.outside_id == outside_id, EditRow.number > 0
        )
        query = query if server is None else query.where(ConversationRow.server == server)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(EditRow.id.desc()).limit(limit))
            return [edit_from(row) for row in rows.scalars()]

    async def owner(self, edit: int) -> tuple[str, str]:
        """Return the platform and outside id of the user whose edit it is. Raises NotFound."""
        query = select(UserRow.platform, UserRow.outside_id)
        query = query.join(ConversationRow, ConversationRow.user_id == UserRow.id)
        query = query.join(EditRow, EditRow.conversation_id == ConversationRow.id)
        async with self.database.read() as session:
            row = (await session.execute(query.where(EditRow.id == edit))).one_or_none()
        if row is None:
            raise NotFound("the edit was deleted")
        return row.platform, row.outside_id

    # moving the head

    async def undo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head towards the original, at most as far as it.

        Raises NothingToUndo if it is there already.
        """
        async with self._moving(conversation) as session:
            row = await _head_row(session, conversation)
            if row.parent_id is None:
                raise NothingToUndo("at the original")
            for _ in range(steps):
                if row.parent_id is None:
                    break
                parent = await session.get_one(EditRow, row.parent_id)
                parent.redo_id = row.id
                row = parent
            return await move_head(session, row)

    async def redo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head to the child last visited. Raises NothingToRedo."""
        async with self._moving(conversation) as session:
            row = await _head_row(session, conversation)
            if row.redo_id is None:
                raise NothingToRedo("nothing was undone")
            for _ in range(steps):
                if row.redo_id is None:
                    break
                row = await session.get_one(EditRow, row.redo_id)
            return await move_head(session, row)

    async def goto(self, conversation: int, number: int) -> Edit:
        """Move the head to an edit of the present picture by its number. Raises UnknownEdit."""
        async with self._moving(conversation) as session:
            head = await _head_row(session, conversation)
            query = select(EditRow).where(EditRow.source_id == head.source_id, EditRow.number == number)
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None:
                last = select(func.max(EditRow.number)).where(EditRow.source_id == head.source_id)
                raise UnknownEdit(number, (await session.execute(last)).scalar_one())
            return await move_head(session, row)

    async def show(self, edit: int, conversation: int, since: datetime | None = None) -> Edit:
        """Move the head to an edit of the conversation, for example when a user replies to an old picture.

        Args:
            since: When the edit was made, if that is known: ids of deleted edits are used again.

        Raises:
            NotFound: The edit was deleted, or the id belongs to another edit by now.
        """
        query = select(EDITS, CONVERSATIONS.c.head_id)
        query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == EDITS.c.conversation_id)
        async with self.database.rows() as connection:
            shown = (await connection.execute(query.where(EDITS.c.id == edit))).one_or_none()
        if shown is not None and shown.head_id == edit and _is_same(shown, conversation, since):
            return edit_from(shown)
        async with self._moving(conversation) as session:
            row = await session.get(EditRow, edit)
            if row is None or not _is_same(row, conversation, since):
                raise NotFound("the edit was deleted")
            return await move_head(session, row)

    @asynccontextmanager
    async def _moving(self, conversation: int) -> AsyncIterator[AsyncSession]:
        """A transaction in which nobody else changes the pictures of the conversation's owner."""
        async with self.database.write(brief=True) as session:
            with suppress(NotFound):  # without a conversation there is no head either, which raises NoPicture
                await conversation_owner(await session.connection(), conversation)
            yield session

    # messages of front ends that show edits

    async def link_message(self, platform: str, outside_id: str, edit: int, place: str | None = None) -> None:
        """Record which edit a message shows, and in which place the message is."""
        async with self.database.write() as session:
            await session.execute(
                delete(MessageRow).where(MessageRow.platform == platform, MessageRow.outside_id == outside_id)
            )
            session.add(MessageRow(platform=platform, outside_id=outside_id, edit_id=edit, place=place))

    async def messages_of(self, edit: int) -> list[OutsideMessage]:
        """Return the messages that show an edit."""
        async with self.database.read() as session:
            rows = await session.execute(select(MessageRow).where(MessageRow.edit_id == edit))
            return [message_from(row) for row in rows.scalars()]

    async def edit_of_message(self, platform: str, outside_id: str) -> Edit | None:
        """Return the edit that a message shows, None for any other message."""
        query = select(EditRow).join(MessageRow, MessageRow.edit_id == EditRow.id)
        query = query.where(MessageRow.platform == platform, MessageRow.outside_id == outside_id)
        async with self.database.read() as session:
            row = (await session.execute(query)).scalar_one_or_none()
            return None if row is None else edit_from(row)


async def made_by(connection: AsyncConnection, job: str | None) -> Row[Any] | None:
    """Return the row of the edit that a job made, if it made one."""
    if job is None:
        return None
    return (await connection.execute(select(EDITS).where(EDITS.c.job == job))).one_or_none()


async def move_head(session: AsyncSession, row: EditRow) -> Edit:
    """Show an edit, and let redo lead back to it from each of its ancestors."""
    await set_head(await session.connection(), row.conversation_id, row.id)
    child = row
    while child.parent_id is not None:
        parent = await session.get_one(EditRow, child.parent_id)
        if parent.redo_id == child.id:
            break
        parent.redo_id = child.id
        child = parent
    return edit_from(row)


async def set_head(connection: AsyncConnection, conversation: int, edit: int) -> None:
    """Make an edit the head of a conversation, if it is not already."""
    here = (CONVERSATIONS.c.id == conversation, CONVERSATIONS.c.head_id.is_distinct_from(edit))
    await connection.execute(update(CONVERSATIONS).where(*here).values(head_id=edit))


async def _head_row(session: AsyncSession, conversation: int) -> EditRow:
    query = select(EditRow).join(ConversationRow, ConversationRow.head_id == EditRow.id)
    row = (await session.execute(query.where(ConversationRow.id == conversation))).scalar_one_or_none()
    if row is None:
        raise NoPicture("no picture yet")
    return row


def _is_same(row: EditRow | Row[Any], conversation: int, since: datetime | None) -> bool:
    return row.conversation_id == conversation and since in (None, utc(row.created_at))
