"""Change requests under way, so that a bot that was killed finishes them.

A row is written before the editor is asked, and removed once the request was answered, with a picture or with
an error. No row means "answered". A request that was answered must never be repeated, so a row that cannot be
removed at once (the disk is full) is removed later, and is not recovered meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.database import Database, add_new
from storage.errors import DiskFull, StorageError
from storage.schema import JOBS, now

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""A request that was begun so often and never answered probably kills the bot, and is dropped."""
_TROUBLE = (StorageError, SQLAlchemyError, OSError)
_JOBS = select(JOBS.c.id, JOBS.c.conversation_id, JOBS.c.request, JOBS.c.created_at)


@dataclass(frozen=True)
class Job:
    """A change request under way; ``new`` if it was begun just now."""

    id: str
    conversation: int
    request: dict[str, Any] = field(repr=False)
    created_at: datetime
    new: bool = False


class Jobs:
    """The change requests under way of one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._closing: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self, job: str, conversation: int, request: dict[str, Any], supersede: bool = False
    ) -> Job:
        """Remember a request; if the id is known, return what was remembered first.

        Args:
            supersede: Drop older requests of the conversation. They were interrupted, and the
                conversation has moved on.
        """
        new = Job(job, conversation, request, now(), new=True)
        values = {"conversation_id": conversation, "request": request, "created_at": new.created_at}
        async with self.database.write(brief=True) as connection:
            if await add_new(connection, JOBS, id=job, **values) is None:
                return Job(*(await connection.execute(_JOBS.where(JOBS.c.id == job))).one())
            if supersede:
                others = delete(JOBS).where(JOBS.c.conversation_id == conversation, JOBS.c.id != job)
                if dropped := (await connection.execute(others)).rowcount:
                    logger.warning("dropped %d interrupted requests: a newer message came first", dropped)
        return new

    async def finish(self, job: str) -> None:
        """Close a request that was answered.

        This never fails: if it cannot be written now, it is tried again until it is.
        """
        try:
            await self._close(job)
        except _TROUBLE as error:
            logger.warning("an answered request cannot be closed yet: %s", type(error).__name__)
            self._closing[job] = asyncio.create_task(self._close_later(job))

    async def _close(self, job: str) -> None:
        try:
            await self._remove(job)
        except DiskFull:
            if not await asyncio.to_thread(self.database.reserve.release):
                raise
            await self._remove(job)

    async def _remove(self, job: str) -> None:
        async with self.database.write(brief=True) as connection:
            await close_job(connection, job)

    async def _close_later(self, job: str) -> None:
        """Try until it works, holding a lock that tells other processes not to recover the request."""
        async with AsyncExitStack() as stack:
            held = False
            for pause in chain((1, 2, 4, 8, 16, 32), repeat(60)):
                with suppress(*_TROUBLE):
                    if not held:
                        await stack.enter_async_context(self.database.lock(_answered(job)))
                        held = True
                    await self._close(job)
                    break
                await asyncio.sleep(pause)
        del self._closing[job]

    async def under_way(self) -> list[Job]:
        """Requests that were begun and not answered, oldest first."""
        async with self.database.read() as connection:
            rows = await connection.execute(_JOBS.order_by(JOBS.c.created_at))
            return [Job(*row) for row in rows if row.id not in self._closing]

    async def resume(self, job: str) -> bool:
        """Count one more attempt at an interrupted request; False if it was answered or is dropped.

        The caller holds the lock of the conversation, so nobody else works on the request.
        """
        if job in self._closing or await self.database.is_held(_answered(job)):
            return False
        again = update(JOBS).where(JOBS.c.id == job).values(attempts=JOBS.c.attempts + 1)
        async with self.database.write() as connection:
            attempts = (await connection.execute(again.returning(JOBS.c.attempts))).scalar_one_or_none()
            if attempts is not None and attempts > MOST_ATTEMPTS:
                logger.warning("dropped a request that was interrupted %d times", MOST_ATTEMPTS)
                await close_job(connection, job)
        return attempts is not None and attempts <= MOST_ATTEMPTS

    async def close(self) -> None:
        """Try once more to close what was answered, and stop."""
        closing = dict(self._closing)
        for task in closing.values():
            task.cancel()
        await asyncio.gather(*closing.values(), return_exceptions=True)
        for job in closing:
            with suppress(*_TROUBLE):
                await self._close(job)


async def close_job(connection: AsyncConnection, job: str) -> None:
    """Close an answered request in a transaction."""
    await connection.execute(delete(JOBS).where(JOBS.c.id == job))


def _answered(job: str) -> str:
    """The lock held for a request that was answered and is not closed yet."""
    return f"answered {job}"
