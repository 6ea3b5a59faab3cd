"""What is deleted by age, every hour: unused pictures, answered requests, and files without a row."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from storage.history import History
from storage.installation import clock_is_trusted
from storage.retention import Retention
from storage.schema import now
from storage.sweep import sweep

logger = logging.getLogger(__name__)


async def upkeep(history: History, days: int, moment: datetime | None = None) -> None:
    """Delete what was not used for ``days``, unless another process is at it or the clock jumped."""
    database, moment = history.database, moment or now()
    await asyncio.to_thread(database.reserve.fill)
    async with database.if_free("expire") as free:
        if not free or not await clock_is_trusted(database, moment):
            return
        if count := await Retention(history).expire(days, moment):
            logger.info("deleted %d pictures that were not used for long", count)
        await sweep(database, history.blobs)
