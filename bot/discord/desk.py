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
from typing import TYPE_CHECKING

import discord

from bot.discord import cards, works
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


class _Line:
    """The askings of one member in one place, one after the other."""

    def __init__(self) -> None:
        self.lock, self.waiting, self.seconds = asyncio.Lock(), 0, _USUAL_SECONDS


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
    async def line(self, user: str, place: str) -> AsyncIterator[None]:
        """Wait until the earlier wishes of this member in this place are answered, so that their order is kept.

        Enter it before anything else is awaited. Raises TooMany.
        """
        line = self._lines.setdefault((user, place), _Line())
        if line.waiting >= MOST_WAITING:
            raise TooMany(when=f"<t:{int(time.time() + line.waiting * line.seconds) + 1}:R>")
        line.waiting += 1
        try:
            async with line.lock:
                begun = time.monotonic()
                yield
                line.seconds = 0.7 * line.seconds + 0.3 * (time.monotonic() - begun)
        finally:
            line.waiting -= 1
            if not line.waiting:
                self._lines.pop((user, place), None)

    async def take(self, asking: Asking, hear: Callable[[], Awaitable[Asking]] | None = None) -> None:
        """Answer an asking in its turn, unless it was taken before.

        ``hear`` finds out what is wished where that takes time; what it raises is told to the asker.
        """
        task = asyncio.current_task()
        if self._stopped or task is None:
            return
        self.tasks.add(task)
        try:
            async with self.line(asking.owner or asking.user, asking.place):
                heard = await hear() if hear is not None else asking
                if (asked := await self._accept(heard)) is not None:
                    await self._answer(heard, asked)
        except (BotError, StorageError) as error:
            if await self._accept(asking) is not None:
                await self._tell(asking, error)
        finally:
            self.tasks.discard(task)

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
        line = self._lines.setdefault((asking.owner or asking.user, asking.place), _Line())
        line.waiting += 1
        try:
            async with line.lock:
                await self._answer(asking, asked, again=True)
        finally:
            line.waiting -= 1

    async def _accept(self, asking: Asking) -> Asked | None:
        taken = await self.inbox.accept(asking.key, PLATFORM, asking.user, asking.server, asking.place, asking.payload())
        if asking.key.startswith("message:"):
            await self.inbox.move_cursor(PLATFORM, asking.place, str(asking.number))
        return taken

    async def _answer(self, asking: Asking, asked: Asked, again: bool = False) -> None:
        self.open[asking.key] = asking
        try:
            await self._admitted(asking, await self.bot.access.admit(asking, asked), again)
        except BotError as error:
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
