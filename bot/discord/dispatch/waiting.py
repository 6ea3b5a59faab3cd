"""Waiting: for the earlier requests of the same member, and for work unless the bot stops first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

USUAL_SECONDS = 3.0  # how long an answer takes, until the first one is measured

_Result = TypeVar("_Result")


class MemberQueue:
    """The requests of one member in one place, answered one at a time in the order in which they came.

    ``seconds`` is the running average of the time that one answer takes.
    """

    def __init__(self) -> None:
        self.length, self.seconds = 0, USUAL_SECONDS
        self._lock = asyncio.Lock()

    @property
    def wait_seconds(self) -> float:
        """The estimated time until a new request gets its turn."""
        return self.length * self.seconds

    @asynccontextmanager
    async def join(self) -> AsyncIterator[asyncio.Task[float]]:
        """Join the end of the queue inside the block; yields a task that ends when the turn comes."""
        self.length += 1
        turn = asyncio.create_task(self._acquire())
        try:
            yield turn
        finally:
            self.length -= 1
            if turn.done() and not turn.cancelled():
                self.seconds = 0.7 * self.seconds + 0.3 * (time.monotonic() - turn.result())
                self._lock.release()
            else:
                turn.cancel()

    async def _acquire(self) -> float:
        await self._lock.acquire()
        return time.monotonic()


class HandedOver(Exception):
    """The bot stops before the work is done.

    ``message`` is the message that tells the requester so, if it can be edited later.
    """

    def __init__(self, message: int | None = None) -> None:
        super().__init__("handed over")
        self.message = message


async def finish_before(end: asyncio.Event, work: Awaitable[_Result]) -> _Result:
    """Return the result of the work, or cancel the work as soon as ``end`` is set.

    Raises:
        HandedOver: the end came first.
    """
    working, ending = asyncio.ensure_future(work), asyncio.ensure_future(end.wait())
    try:
        if end.is_set():
            raise HandedOver  # a task that is cancelled before its first step never runs
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HandedOver
        return working.result()
    finally:
        working.cancel()
        ending.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)
