"""What is remembered of users apart from pictures: their language, and that they agreed to the notice."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, add_new
from storage.errors import NotFound
from storage.schema import CONVERSATIONS, USERS


class People:
    """The users of one database, by platform and outside id."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def locale(self, platform: str, person: str) -> str | None:
        """Return the language that the user's program last named."""
        row = await self._row(platform, person)
        return row.locale if row else None

    async def remember_locale(self, platform: str, person: str, locale: str) -> None:
        """Record a language; nothing is written if it is known."""
        if await self.locale(platform, person) != locale:
            await self._change(platform, person, locale=locale[:20])

    async def consented(self, platform: str, person: str) -> datetime | None:
        """Return when the user agreed to the notice, None if they did not."""
        row = await self._row(platform, person)
        return row.consented_at if row else None

    async def consent(self, platform: str, person: str, moment: datetime | None) -> None:
        """Record that the user agreed, or withdrew (None)."""
        await self._change(platform, person, consented_at=moment)

    async def _row(self, platform: str, person: str) -> Row[Any] | None:
        async with self.database.read() as connection:
            return await find_user(connection, platform, person)

    async def _change(self, platform: str, person: str, **values: Any) -> None:
        async with self.database.write() as connection:
            user = await user_id(connection, platform, person)
            await connection.execute(update(USERS).where(USERS.c.id == user).values(values))


async def find_user(connection: AsyncConnection, platform: str, person: str) -> Row[Any] | None:
    """Return the row of a user, if there is one."""
    query = select(USERS).where(USERS.c.platform == platform, USERS.c.outside_id == person)
    return (await connection.execute(query)).one_or_none()


async def user_id(connection: AsyncConnection, platform: str, person: str) -> int:
    """Return the id of a user's row, which is added if it is new."""
    row = await find_user(connection, platform, person)
    if row is None and (new := await add_new(connection, USERS, platform=platform, outside_id=person)):
        return int(new)
    row = row or await find_user(connection, platform, person)
    assert row is not None
    return int(row.id)


async def lock_owner(connection: AsyncConnection, conversation: int) -> int:
    """Return the id of a conversation's user, and lock the user's data for the transaction.

    Raises NotFound.
    """
    query = select(USERS.c.id).join(CONVERSATIONS, CONVERSATIONS.c.user_id == USERS.c.id)
    query = query.where(CONVERSATIONS.c.id == conversation).with_for_update(of=USERS, key_share=True)
    user = (await connection.execute(query)).scalar_one_or_none()
    if user is None:
        raise NotFound("the conversation was deleted")
    return int(user)
