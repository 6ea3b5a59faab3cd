"""The requests of one member in one place, answered one at a time in the order in which they came."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

USUAL_SECONDS = 3.0
"""How long an answer takes, until the first one is measured."""


class MemberQueue:
    """A first-in, first-out queue. ``seconds`` is the running average of the time that one answer takes."""

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
