"""Periodic maintenance."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from storage.history import History
from storage.installation import clock_is_trusted
from storage.retention import Retention
from storage.schema import now
from storage.trash import sweep

logger = logging.getLogger(__name__)


async def upkeep(history: History, days: int, moment: datetime | None = None) -> None:
    """Refill the disk reserve; delete what was unused for ``days``, and files without a row.

    Deletes nothing if another process is already doing this or if the clock jumped.
    """
    database, moment = history.database, moment or now()
    await asyncio.to_thread(database.reserve.fill)
    async with database.if_free("expire") as free:
        if free and await clock_is_trusted(database, moment):
            if count := await Retention(history).expire(days, moment):
                logger.info("deleted %d pictures unused for %d days or their server's own limit", count, days)
            await sweep(database, history.blobs)
