"""Graceful shutdown: the first signal lets current work finish, the second one ends the program at once."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Drain = Callable[[float], Awaitable[None]]
"""Take no new work, finish current work within this many seconds, and leave the rest for the next start."""


async def until_stopped(drains: Sequence[Drain], seconds: float) -> None:
    """Wait for a signal, then until all front ends are drained or a second signal arrives."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, signals.put_nowait, number)
    await signals.get()
    logger.info("stopping: current work has %g seconds; a second signal stops at once", seconds)
    drained = asyncio.create_task(_drain_all(drains, seconds))
    again = asyncio.create_task(signals.get())
    try:
        await asyncio.wait({drained, again}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        drained.cancel()
        again.cancel()


async def _drain_all(drains: Sequence[Drain], seconds: float) -> None:
    for done in await asyncio.gather(*(drain(seconds) for drain in drains), return_exceptions=True):
        if isinstance(done, Exception):
            logger.error("a front end did not stop gracefully", exc_info=done)
