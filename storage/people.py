"""What is remembered of users apart from pictures: their language, and that they agreed to the notice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage.database import Database, added
from storage.errors import NotFound
from storage.schema import CONVERSATIONS, USERS, UserRow, utc


class People:
    """The users of one database, by platform and outside id."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def locale(self, platform: str, person: str) -> str | None:
        """Return the language that the user's program last named."""
        async with self.database.read() as session:
            row = await find_person(session, platform, person)
            return row.locale if row else None

    async def remember_locale(self, platform: str, person: str, locale: str) -> None:
        """Record a language; nothing is written if it is known."""
        if await self.locale(platform, person) != locale:
            async with self.database.write() as session:
                (await person_row(session, platform, person)).locale = locale[:20]

    async def consented(self, platform: str, person: str) -> datetime | None:
        """Return when the user agreed to the notice, None if they did not."""
        async with self.database.read() as session:
            row = await find_person(session, platform, person)
            return utc(row.consented_at) if row and row.consented_at else None

    async def consent(self, platform: str, person: str, moment: datetime | None) -> None:
        """Record that the user agreed, or withdrew (None)."""
        async with self.database.write() as session:
            (await person_row(session, platform, person)).consented_at = moment


async def find_person(session: AsyncSession, platform: str, person: str) -> UserRow | None:
    """Return the row of a user, if there is one."""
    query = select(UserRow).where(UserRow.platform == platform, UserRow.outside_id == person)
    return (await session.execute(query)).scalar_one_or_none()


async def person_row(session: AsyncSession, platform: str, person: str) -> UserRow:
    """Return the row of a user, and make it if it is new."""
    row = await find_person(session, platform, person) or await added(
        session, UserRow, platform=platform, outside_id=person
    )
    row = row or await find_person(session, platform, person)
    assert row is not None
    return row


async def conversation_owner(connection: AsyncConnection, conversation: int) -> int:
    """Return the id of a conversation's user, and lock the user's data for the transaction.

    Raises NotFound.
    """
    query = select(USERS.c.id).join(CONVERSATIONS, CONVERSATIONS.c.user_id == USERS.c.id)
    query = query.where(CONVERSATIONS.c.id == conversation).with_for_update(of=USERS, key_share=True)
    user = (await connection.execute(query)).scalar_one_or_none()
    if user is None:
        raise NotFound("the conversation was deleted")
    return int(user)
