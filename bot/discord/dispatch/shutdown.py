"""Closing: what is under way when the bot is asked to stop is finished in time, or handed over to its next start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Given = TypeVar("Given")


class HandedOver(Exception):
    """The bot stops before this is done; ``message`` is the one that says so to the asker, where it can be changed later."""

    def __init__(self, message: int | None = None) -> None:
        super().__init__("handed over")
        self.message = message


async def before(end: asyncio.Event, work: Callable[[], Awaitable[Given]]) -> Given:
    """What the work gives, if it is done before the end comes. Raises HandedOver otherwise; the work is cancelled then."""
    if end.is_set():
        raise HandedOver
    doing, ending = asyncio.ensure_future(work()), asyncio.ensure_future(end.wait())
    try:
        await asyncio.wait({doing, ending}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise HandedOver
        return doing.result()
    finally:
        doing.cancel()
        ending.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)
