"""Graceful shutdown: work in progress is finished in time, or handed over to the next start of the bot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_Result = TypeVar("_Result")


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
