"""The tree of edits: which edit is shown, undo, redo, and finding edits.

An edit never changes. Undo moves the head to the parent, redo moves it to the child last visited, and an edit
after an undo starts a branch.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database
from storage.errors import NoPicture, NotFound, NothingToRedo, NothingToUndo, UnknownEdit
from storage.people import lock_owner
from storage.records import Edit, edit_from
from storage.schema import CONVERSATIONS, EDITS, MESSAGES, USERS

_HEAD = select(EDITS).join(CONVERSATIONS, CONVERSATIONS.c.head_id == EDITS.c.id)


class EditTree:
    """The edits of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # finding edits

    async def head(self, conversation: int) -> Edit:
        """Return the edit shown now. Raises NoPicture."""
        found = await self._one(_HEAD.where(CONVERSATIONS.c.id == conversation))
        if found is None:
            raise NoPicture("no picture yet")
        return found

    async def shown(self, platform: str, outside_id: str, place: str) -> Edit | None:
        """Return the edit shown to a user in a place, if there is one. Does not make the conversation."""
        query = _HEAD.join(USERS, USERS.c.id == CONVERSATIONS.c.user_id)
        query = query.where(USERS.c.platform == platform, USERS.c.outside_id == outside_id)
        return await self._one(query.where(CONVERSATIONS.c.place == place))

    async def edit(self, edit: int) -> Edit:
        """Return one edit by its id. Raises NotFound."""
        found = await self._one(select(EDITS).where(EDITS.c.id == edit))
        if found is None:
            raise NotFound("the edit was deleted")
        return found

    async def edit_of_job(self, job: str) -> Edit | None:
        """Return the edit that a job of the editor made, None if it made none yet."""
        return await self._one(select(EDITS).where(EDITS.c.job == job))

    async def edit_of_message(self, platform: str, outside_id: str) -> Edit | None:
        """Return the edit that a message shows, None for any other message."""
        query = select(EDITS).join(MESSAGES, MESSAGES.c.edit_id == EDITS.c.id)
        return await self._one(query.where(_is_message(platform, outside_id)))

    async def _one(self, query: Select[Any]) -> Edit | None:
        async with self.database.read(brief=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else edit_from(row)

    async def edits(self, source: int) -> list[Edit]:
        """Return all edits of a picture by number, the original first."""
        query = select(EDITS).where(EDITS.c.source_id == source).order_by(EDITS.c.number)
        async with self.database.read() as connection:
            return [edit_from(row) for row in await connection.execute(query)]

    async def owner(self, edit: int) -> tuple[str, str]:
        """Return the platform and outside id of the user whose edit it is. Raises NotFound."""
        query = select(USERS.c.platform, USERS.c.outside_id)
        query = query.join(CONVERSATIONS, CONVERSATIONS.c.user_id == USERS.c.id)
        query = query.join(EDITS, EDITS.c.conversation_id == CONVERSATIONS.c.id).where(EDITS.c.id == edit)
        async with self.database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("the edit was deleted")
        return row.platform, row.outside_id

    async def link_message(self, platform: str, outside_id: str, edit: int, place: str | None = None) -> None:
        """Record which edit a message shows, and in which place the message is."""
        values = {"platform": platform, "outside_id": outside_id, "edit_id": edit, "place": place}
        async with self.database.write() as connection:
            await connection.execute(delete(MESSAGES).where(_is_message(platform, outside_id)))
            await connection.execute(insert(MESSAGES).values(values))

    # moving the head

    async def undo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head towards the original, at most as far as it.

        Raises NothingToUndo if it is there already.
        """
        async with self._moving(conversation) as connection:
            row = await _head_row(connection, conversation)
            if row.parent_id is None:
                raise NothingToUndo("at the original")
            for _ in range(steps):
                if row.parent_id is None:
                    break
                await _set_redo(connection, row.parent_id, row.id)
                row = await _edit_row(connection, row.parent_id)
            return await move_head(connection, row)

    async def redo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head to the child last visited. Raises NothingToRedo."""
        async with self._moving(conversation) as connection:
            row = await _head_row(connection, conversation)
            if row.redo_id is None:
                raise NothingToRedo("nothing was undone")
            for _ in range(steps):
                if row.redo_id is None:
                    break
                row = await _edit_row(connection, row.redo_id)
            return await move_head(connection, row)

    async def goto(self, conversation: int, number: int) -> Edit:
        """Move the head to an edit of the present picture by its number. Raises UnknownEdit."""
        async with self._moving(conversation) as connection:
            head = await _head_row(connection, conversation)
            query = select(EDITS).where(EDITS.c.source_id == head.source_id, EDITS.c.number == number)
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                last = select(func.max(EDITS.c.number)).where(EDITS.c.source_id == head.source_id)
                raise UnknownEdit(number, (await connection.execute(last)).scalar_one())
            return await move_head(connection, row)

    async def show(self, edit: int, conversation: int, since: datetime | None = None) -> Edit:
        """Move the head to an edit of the conversation, for example when a user replies to an old picture.

        Args:
            since: When the edit was made, if that is known: ids of deleted edits are used again.

        Raises:
            NotFound: The edit was deleted, or the id belongs to another edit by now.
        """
        query = select(EDITS, CONVERSATIONS.c.head_id)
        query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == EDITS.c.conversation_id)
        query = query.where(EDITS.c.id == edit, EDITS.c.conversation_id == conversation)
        query = query if since is None else query.where(EDITS.c.created_at == since)
        async with self.database.read(brief=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is not None and row.head_id == edit:
            return edit_from(row)
        async with self._moving(conversation) as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                raise NotFound("the edit was deleted")
            return await move_head(connection, row)

    @asynccontextmanager
    async def _moving(self, conversation: int) -> AsyncIterator[AsyncConnection]:
        """A transaction in which nobody else changes the pictures of the conversation's owner."""
        async with self.database.write(brief=True) as connection:
            with suppress(NotFound):  # without a conversation there is no head either, which raises NoPicture
                await lock_owner(connection, conversation)
            yield connection


def _is_message(platform: str, outside_id: str) -> Any:
    return (MESSAGES.c.platform == platform) & (MESSAGES.c.outside_id == outside_id)


async def move_head(connection: AsyncConnection, row: Row[Any]) -> Edit:
    """Show an edit, and let redo lead back to it from each of its ancestors."""
    await set_head(connection, row.conversation_id, row.id)
    child = row
    while child.parent_id is not None:
        parent = await _edit_row(connection, child.parent_id)
        if parent.redo_id == child.id:
            break
        await _set_redo(connection, parent.id, child.id)
        child = parent
    return edit_from(row)


async def set_head(connection: AsyncConnection, conversation: int, edit: int) -> None:
    """Make an edit the head of a conversation, if it is not already."""
    here = (CONVERSATIONS.c.id == conversation, CONVERSATIONS.c.head_id.is_distinct_from(edit))
    await connection.execute(update(CONVERSATIONS).where(*here).values(head_id=edit))


async def _set_redo(connection: AsyncConnection, parent: int, child: int) -> None:
    await connection.execute(update(EDITS).where(EDITS.c.id == parent).values(redo_id=child))


async def _edit_row(connection: AsyncConnection, edit: int) -> Row[Any]:
    return (await connection.execute(select(EDITS).where(EDITS.c.id == edit))).one()


async def _head_row(connection: AsyncConnection, conversation: int) -> Row[Any]:
    row = (await connection.execute(_HEAD.where(CONVERSATIONS.c.id == conversation))).one_or_none()
    if row is None:
        raise NoPicture("no picture yet")
    return row
