"""What is remembered of a person beside their pictures: the language they speak, and that they agreed to be served."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage import statements
from storage.database import Database, added
from storage.errors import NotFound
from storage.schema import UserRow, utc


class People:
    """The persons of one database, by platform and outside id."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def locale(self, platform: str, person: str) -> str | None:
        """The language that the person's program last named."""
        async with self.database.read() as session:
            row = await find_person(session, platform, person)
            return row.locale if row else None

    async def remember_locale(self, platform: str, person: str, locale: str) -> None:
        """Remember a language; writes only where it is news."""
        if await self.locale(platform, person) != locale:
            async with self.database.write() as session:
                (await person_row(session, platform, person)).locale = locale[:20]

    async def consented(self, platform: str, person: str) -> datetime | None:
        """When the person agreed to the notice, None when they did not."""
        async with self.database.read() as session:
            row = await find_person(session, platform, person)
            return utc(row.consented_at) if row and row.consented_at else None

    async def consent(self, platform: str, person: str, moment: datetime | None) -> None:
        """The person agrees, or takes it back (None)."""
        async with self.database.write() as session:
            (await person_row(session, platform, person)).consented_at = moment


async def find_person(session: AsyncSession, platform: str, person: str) -> UserRow | None:
    """The row of a person, if there is one."""
    query = select(UserRow).where(UserRow.platform == platform, UserRow.outside_id == person)
    return (await session.execute(query)).scalar_one_or_none()


async def person_row(session: AsyncSession, platform: str, person: str) -> UserRow:
    """The row of a person, made when it is new."""
    row = await find_person(session, platform, person) or await added(
        session, UserRow, platform=platform, outside_id=person
    )
    row = row or await find_person(session, platform, person)
    assert row is not None
    return row


async def owner_held(connection: AsyncConnection, conversation: int) -> int:
    """The id of the person whose conversation it is, whose pictures and edits nobody else changes until the transaction ends.

    Raises NotFound.
    """
    user = (await connection.execute(statements.OWNER, {"conversation": conversation})).scalar_one_or_none()
    if user is None:
        raise NotFound("the conversation was deleted")
    return int(user)
