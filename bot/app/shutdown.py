"""Stopping: the first signal lets what is under way be finished, the second one does not wait for it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Sequence

logger = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Drain = Callable[[float], Awaitable[None]]
"""Lets a front end begin nothing new and finish what it began within so many seconds, then hand over the rest."""


async def until_stopped(drains: Sequence[Drain], seconds: float) -> None:
    """Return when the program is to end: all front ends are drained after one signal, or there was another one."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, signals.put_nowait, number)
    await signals.get()
    logger.info("stopping: what is under way has %g seconds; a second signal stops at once", seconds)
    drained = asyncio.create_task(_all(drains, seconds))
    again = asyncio.create_task(signals.get())
    try:
        await asyncio.wait({drained, again}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        drained.cancel()
        again.cancel()


async def _all(drains: Sequence[Drain], seconds: float) -> None:
    for done in await asyncio.gather(*(drain(seconds) for drain in drains), return_exceptions=True):
        if isinstance(done, Exception):
            logger.error("a front end could not be stopped gracefully", exc_info=done)
