"""What a database knows of itself: its name, and whether the clock can be trusted.

Pictures are deleted by their age. A clock that is a month ahead for a single start would make every picture
old. So the time is recorded at each check, and after a jump nothing is deleted until the clock was regular
for some days.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database import Database, added
from storage.schema import ConversationRow, EditRow, InboxItemRow, InstallationRow, UserRow, now, utc

logger = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(days=2)
"""If more passed since the last check, the clock jumped, or the program did not run."""
BACKWARD = timedelta(hours=2)
DOUBT = timedelta(days=2)
"""For so long nothing is deleted after a jump."""


async def installation(session: AsyncSession, moment: datetime | None = None) -> InstallationRow:
    """The row of this database, made when it is new; held until the transaction ends."""
    row = await session.get(InstallationRow, 1, with_for_update=True)
    if row is None:
        latest = await _latest_use(session) or moment or now()
        await added(session, InstallationRow, id=1, checked_at=latest)
        row = await session.get_one(InstallationRow, 1, with_for_update=True)
    return row


async def _latest_use(session: AsyncSession) -> datetime | None:
    """The latest time that any row tells of."""
    columns = (UserRow.created_at, ConversationRow.updated_at, EditRow.created_at, InboxItemRow.created_at)
    times = [(await session.execute(select(func.max(column)))).scalar_one() for column in columns]
    return max((utc(time) for time in times if time is not None), default=None)


async def clock_is_trusted(database: Database, moment: datetime | None = None) -> bool:
    """Check the clock; False if it jumped, now or lately, so that no age can be told by it."""
    moment = moment or now()
    async with database.write() as session:
        row = await installation(session, moment)
        passed, doubted = moment - utc(row.checked_at), utc(row.doubted_at) if row.doubted_at else None
        row.checked_at = moment
        if passed < -BACKWARD or (passed > LONGEST_PAUSE and doubted is None):
            row.doubted_at = moment
            text = "the clock is %s %s the last check: nothing is deleted for the next %d days"
            way = "after" if passed > timedelta() else "before"
            logger.warning(text, str(abs(passed)).partition(".")[0], way, DOUBT.days)
            return False
        if doubted is not None and moment - doubted < DOUBT:
            return False
        row.doubted_at = None
        return True
