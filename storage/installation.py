"""What a database knows of itself: its name, and whether the clock can be trusted.

Pictures are deleted by their age. A clock that is a month ahead for a single start would make every picture
old. So the time is recorded at each check, and after a jump nothing is deleted until the clock was regular
for some days.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, add_new
from storage.schema import CONVERSATIONS, EDITS, INBOX, INSTALLATION, USERS, now

logger = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(days=2)
"""If more passed since the last check, the clock jumped, or the program did not run."""
BACKWARD = timedelta(hours=2)
DOUBT = timedelta(days=2)
"""For so long nothing is deleted after a jump."""
_ROW = select(INSTALLATION).where(INSTALLATION.c.id == 1).with_for_update()


async def lock_installation(connection: AsyncConnection, moment: datetime | None = None) -> Row[Any]:
    """Return the row of this database, made when it is new; locked until the transaction ends."""
    row = (await connection.execute(_ROW)).one_or_none()
    if row is None:
        latest = await _latest_use(connection) or moment or now()
        await add_new(connection, INSTALLATION, id=1, checked_at=latest)
        row = (await connection.execute(_ROW)).one()
    return row


async def change_installation(connection: AsyncConnection, **values: Any) -> None:
    """Change the row of this database."""
    await connection.execute(update(INSTALLATION).values(values))


async def _latest_use(connection: AsyncConnection) -> datetime | None:
    """The latest time that any row tells of."""
    columns = (USERS.c.created_at, CONVERSATIONS.c.updated_at, EDITS.c.created_at, INBOX.c.created_at)
    times = [(await connection.execute(select(func.max(column)))).scalar_one() for column in columns]
    return max((time for time in times if time is not None), default=None)


async def clock_is_trusted(database: Database, moment: datetime) -> bool:
    """Check the clock; False if it jumped, now or lately, so that no age can be told by it."""
    async with database.write() as connection:
        row = await lock_installation(connection, moment)
        passed, doubted = moment - row.checked_at, row.doubted_at
        if passed < -BACKWARD or (passed > LONGEST_PAUSE and doubted is None):
            text = "the clock is %s %s the last check: nothing is deleted for the next %d days"
            way = "after" if passed > timedelta() else "before"
            logger.warning(text, str(abs(passed)).partition(".")[0], way, DOUBT.days)
            doubted = moment
        elif doubted is not None and moment - doubted >= DOUBT:
            doubted = None
        await change_installation(connection, checked_at=moment, doubted_at=doubted)
    return doubted is None
