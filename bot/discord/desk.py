"""The desk: every asking is taken once, done in its turn, and answered once.

An asking is written into the inbox before anything is done about it, and closed when its answer has arrived. Whatever is
open when the bot starts was under way when it was killed: it is done again under the same key, which makes no edit twice
(``Conversations.talk``), and its answer is sent under the same nonce, which shows no message twice; a message that had
arrived before is found and completed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import discord

from bot.discord import cards, hearing, works
from bot.discord.asking import PLATFORM, Asking
from bot.discord.errors import TooMany
from bot.discord.live import LiveMessage
from bot.discord.outlets import Outlet
from bot.errors import BotError
from bot.locales import locale_of
from storage.errors import StorageError
from storage.inbox import Asked, Inbox
from storage.servers import ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_WAITING = 5
"""Wishes of one member in one place that may wait; a further one is told when to come back."""
_USUAL_SECONDS = 3.0

Acknowledge = Callable[[], Awaitable[Any]]
Hear = Callable[[], Awaitable[Asking | None]]


class _Line:
    """The askings of one member in one place, one after the other, in the order in which they came."""

    def __init__(self) -> None:
        self.waiting, self.seconds = 0, _USUAL_SECONDS
        self._last: asyncio.Event | None = None

    def join(self) -> _Place:
        """A place at the end."""
        self.waiting += 1
        place = _Place(self._last)
        self._last = place.left
        return place

    def leave(self, place: _Place) -> None:
        """Let the next one come."""
        self.waiting -= 1
        if place.begun is not None:
            self.seconds = 0.7 * self.seconds + 0.3 * (time.monotonic() - place.begun)
        place.left.set()


class _Place:
    """One asking's place in a line."""

    def __init__(self, before: asyncio.Event | None) -> None:
        self.left = asyncio.Event()
        self.begun: float | None = None
        self._before = before

    async def turn(self) -> None:
        """Wait until those before have left."""
        if self._before is not None:
            await self._before.wait()
        self.begun = time.monotonic()


class Desk:
    """Takes askings; one for the whole bot."""

    def __init__(self, bot: Bot, inbox: Inbox) -> None:
        self.bot, self.inbox = bot, inbox
        self.open: dict[str, Asking] = {}
        """What is under way in this life, by key."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._stopped = False
        self._lines: dict[tuple[str, str], _Line] = {}

    @asynccontextmanager
    async def _line(self, asking: Asking, most: int | None = MOST_WAITING) -> AsyncIterator[_Place]:
        """A place in the line of this member in this place; its order is that of entering, as nothing is awaited before.

        Raises TooMany where already ``most`` wait.
        """
        name = asking.owner or asking.user, asking.place
        line = self._lines.setdefault(name, _Line())
        if most is not None and line.waiting >= most:
            raise TooMany(when=f"<t:{int(time.time() + line.waiting * line.seconds) + 1}:R>")
        place = line.join()
        try:
            yield place
        finally:
            line.leave(place)
            if not line.waiting:
                self._lines.pop(name, None)

    async def take(self, asking: Asking, acknowledge: Acknowledge | None = None, hear: Hear | None = None) -> None:
        """Keep an asking, acknowledge it, and answer it in its turn, unless it was taken before.

        ``hear`` finds out what is wished where that takes time; what it raises is told to the asker.
        """
        task = asyncio.current_task()
        if self._stopped or task is None:
            return
        self.tasks.add(task)
        try:
            async with self._line(asking) as place:
                asked = await self._accepted(asking, acknowledge)
                await place.turn()
                if asked is not None:
                    await self._answer(asking, asked, hear)
        except (BotError, StorageError) as error:
            if await self._accepted(asking, acknowledge) is not None:
                await self._tell(asking, error)
        finally:
            self.tasks.discard(task)

    async def _accepted(self, asking: Asking, acknowledge: Acknowledge | None) -> Asked | None:
        """Kept first, so that no killed bot leaves an acknowledged wish unanswered; None where there is nothing to do."""
        taken = await self.inbox.accept(asking.key, PLATFORM, asking.user, asking.server, asking.place, asking.payload())
        if asking.key.startswith("message:"):
            await self.inbox.move_cursor(PLATFORM, asking.place, str(asking.number))
        if taken is not None and acknowledge is not None:
            try:
                await acknowledge()
            except discord.HTTPException as error:  # too late: Discord has told the member that it failed
                logger.warning("an interaction could not be acknowledged: HTTP %d, code %d", error.status, error.code)
                await self.inbox.answered(asking.key, counts=False)
                return None
        return taken

    def stop(self) -> None:
        """Let go of everything at once; what was taken stays open in the inbox for the next start."""
        self._stopped = True
        for task in self.tasks:
            task.cancel()

    async def resume(self) -> None:
        """Begin to do again what a former life left open, each member's in their order."""
        for asked in await self.inbox.open(PLATFORM):
            task = asyncio.create_task(self._again(asked), name=f"again-{asked.key}")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        if self.tasks:
            logger.info("answering %d wishes that an earlier run had taken", len(self.tasks))

    async def _again(self, asked: Asked) -> None:
        asking = Asking.of(asked.payload)
        async with self._line(asking, most=None) as place:
            await place.turn()
            if not await Outlet(self.bot, asking).acknowledged():
                await self.inbox.answered(asking.key, counts=False)
            else:
                await self._answer(asking, asked, None if asking.heard else partial(hearing.again, self.bot, asking), again=True)

    async def _answer(self, asking: Asking, asked: Asked, hear: Hear | None = None, again: bool = False) -> None:
        self.open[asking.key] = asking
        try:
            heard = await hear() if hear is not None else asking
            if heard is None:  # deleted meanwhile: there is nobody to answer
                await self.inbox.answered(asking.key, counts=False)
                return
            await self._admitted(heard, await self.bot.access.admit(heard, asked), again)
        except (BotError, StorageError) as error:
            await self._tell(asking, error)
        except discord.HTTPException as error:
            await self._lost(asking, error)
        finally:
            self.open.pop(asking.key, None)

    async def _admitted(self, asking: Asking, settings: ServerSettings, again: bool) -> None:
        message = None
        for number, part in enumerate(asking.parts()):
            message = await self._one(part, settings, number == 0, again)
        await self.inbox.answered(asking.key, message)

    async def _one(self, asking: Asking, settings: ServerSettings, first: bool, again: bool) -> str:
        """Do the work for one picture, and show it; returns the message's id."""
        outlet = Outlet(self.bot, asking, first)
        earlier = await outlet.earlier(cards.tag(asking)) if again else None
        async with LiveMessage(outlet, locale_of(asking.text, asking.locale), earlier) as live:
            result = await works.do(self.bot, asking, settings, live)
            message = str(await live.finish(result.card, result.private))
        if result.edit is not None and result.card.shots:
            await self.bot.history.link_message(PLATFORM, message, result.edit, asking.place)
        await self.bot.conversations.settle(asking.key)
        return message

    async def _tell(self, asking: Asking, error: Exception) -> None:
        """What is wrong, to the asker alone where that can be."""
        try:
            message = await Outlet(self.bot, asking).whisper(works.failed(error, asking).card)
            await self.inbox.answered(asking.key, str(message), counts=False)
        except discord.HTTPException as lost:
            await self._lost(asking, lost)

    async def _lost(self, asking: Asking, error: discord.HTTPException) -> None:
        """An answer that cannot be sent: for good where Discord says no, otherwise it stays open for the next start."""
        logger.warning("an answer could not be sent: HTTP %d, code %d", error.status, error.code)
        if error.status < 500:
            await self.inbox.answered(asking.key, counts=False)
            await self.bot.conversations.settle(asking.key)
