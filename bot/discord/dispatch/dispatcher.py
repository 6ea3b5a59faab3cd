"""The desk: every asking is taken once, done in its turn, and answered once.

An asking is written into the inbox before anything is done about it, and closed when its answer has arrived. Whatever is
open when the bot starts was under way when it was killed: it is done again under the same key, which makes no edit twice
(``Conversations.talk``), and its answer is sent under the same nonce, which shows no message twice; a message that had
arrived before is found and completed. A bot that is asked to stop hands over in the same way: it begins nothing new, waits
a while for what it began, and tells whoever still waits that their wish is kept (``drain``).

Several processes may share one inbox: each holds a lock of its own for as long as it lives, whose name stands beside what it
took; what has nobody living beside it is taken over by one of the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import discord
from sqlalchemy.exc import SQLAlchemyError

from bot.conversation.messages import job_of
from bot.discord.dispatch import deferred, handlers
from bot.discord.dispatch.progress import LiveMessage
from bot.discord.dispatch.responder import Outlet
from bot.discord.dispatch.shutdown import HandedOver, before
from bot.discord.errors import TooMany, WishCancelled
from bot.discord.requests import builders
from bot.discord.requests.request import PLATFORM, Asking
from bot.discord.ui import view
from bot.errors import BotError, code_for
from bot.locales import locale_of
from editor.api.errors import Cancelled, EditorError
from storage.errors import StorageError
from storage.inbox import Inbox, InboxItem
from storage.servers import ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_WAITING = 5
"""Wishes of one member in one place that may wait; a further one is told when to come back."""
_USUAL_SECONDS = 3.0
TELLING_SECONDS = 5.0
"""How long a bot that stops takes at most to tell members that their wishes are kept."""

TAKE_OVER_SECONDS = 10.0
"""Between two looks for what a process has left that is gone."""

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


def _jobs(asking: Asking) -> list[str]:
    """What was begun for it."""
    return [job_of(part.key) for part in asking.parts()]


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


class Desk:
    """Takes askings; one for the whole bot."""

    def __init__(self, bot: Bot, inbox: Inbox) -> None:
        self.bot, self.inbox, self.name = bot, inbox, f"desk {uuid.uuid4().hex}"
        self.open: dict[str, Asking] = {}
        """What is under way in this life, by key."""
        self.live: dict[str, LiveMessage] = {}
        """The messages that show it, by the same keys."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._standing = contextlib.AsyncExitStack()
        self._stopped, self._closing, self._over = False, asyncio.Event(), asyncio.Event()
        self._work: dict[str, asyncio.Task[handlers.Result]] = {}
        self._cancelled: set[str] = set()
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

    async def take(
        self, asking: Asking, acknowledge: Acknowledge | None = None, hear: Hear | None = None
    ) -> None:
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
                if asked is not None and await self._its_turn(asking, place):
                    await self._answer(asking, asked, hear)
        except (BotError, StorageError) as error:
            if (asked := await self._accepted(asking, acknowledge)) is not None:
                self._count(asking, asked, await self._tell(asking, error))
        finally:
            self.tasks.discard(task)

    async def _accepted(self, asking: Asking, acknowledge: Acknowledge | None) -> InboxItem | None:
        """Kept first, so that no killed bot leaves an acknowledged wish unanswered; None where there is nothing to do."""
        taken = await self.inbox.accept(
            asking.key, PLATFORM, asking.user, asking.server, asking.place, asking.payload(), self.name
        )
        if asking.key.startswith("message:"):
            await self.inbox.move_cursor(PLATFORM, asking.place, str(asking.number))
        if taken is not None and acknowledge is not None:
            try:
                await acknowledge()
            except discord.HTTPException as error:  # too late: Discord has told the member that it failed
                logger.warning(
                    "an interaction could not be acknowledged: HTTP %d, code %d", error.status, error.code
                )
                await self.inbox.answered(asking.key, counts=False)
                return None
        return taken

    async def _its_turn(self, asking: Asking, place: _Place) -> bool:
        """Wait for it; False where the bot stops before, and the asker knows."""
        try:
            await before(self._closing, place.turn)
        except HandedOver:
            live = LiveMessage(Outlet(self.bot, asking), locale_of(asking.text, asking.locale))
            await self._keep(asking, await live.keep())
            return False
        return True

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, finish what was begun if that takes no more than so many seconds, and hand over the rest."""
        self._closing.set()
        await self._quiet(seconds)
        self._over.set()
        await self._quiet(TELLING_SECONDS)

    async def _quiet(self, seconds: float) -> None:
        """Wait until nothing is under way, or so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.tasks:
                    await asyncio.wait(self.tasks)

    def stop(self) -> None:
        """Let go of everything at once; what was taken stays open in the inbox for the next start."""
        self._stopped = True
        for task in self.tasks:
            task.cancel()

    async def cancel(self, key: str) -> bool:
        """End a wish; its asker is told in its turn. False where it is answered already.

        One that waits is not begun; of one under way the editor stops within a step.
        """
        if not await self.inbox.note(key, cancelled=True):
            return False
        self._cancelled.add(key)
        if (work := self._work.get(key)) is not None:
            with contextlib.suppress(EditorError):  # an editor that is away has nothing to stop
                await self.bot.conversations.cancel(key)  # first, as the work still knows its job
            work.cancel()
        return True

    async def begin(self) -> None:
        """Stand by what is taken here from now on, and begin with what others have left."""
        await self._standing.enter_async_context(self.inbox.database.lock(self.name))
        await self.resume()

    async def look_out(self) -> None:
        """Take over what is left open by processes that are gone, until cancelled."""
        while True:
            await asyncio.sleep(TAKE_OVER_SECONDS)
            try:
                await self.resume()
            except (StorageError, SQLAlchemyError) as error:
                logger.warning("what is left open could not be looked up: %s", type(error).__name__)

    async def end(self) -> None:
        """What is still open is anybody's from now on. Nothing may be under way here any more."""
        await self._standing.aclose()

    async def resume(self) -> None:
        """Begin to do again what a former life or another process left open, each member's in their order."""
        if self._closing.is_set() or self._stopped:
            return
        left = await self.inbox.take_over(PLATFORM, self.name)
        for asked in left:
            task = asyncio.create_task(self._again(asked), name=f"again-{asked.key}")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        if left:
            logger.info("answering %d wishes that an earlier run had taken", len(left))
        await deferred.resume(self.bot)

    async def _again(self, asked: InboxItem) -> None:
        asking = Asking.of(asked.payload)
        if asked.payload.get("cancelled"):
            self._cancelled.add(asking.key)
        async with self._line(asking, most=None) as place:
            if not await self._its_turn(asking, place):
                return
            if not await Outlet(self.bot, asking).acknowledged():
                await self.inbox.answered(asking.key, counts=False)
            else:
                await self._answer(
                    asking,
                    asked,
                    None if asking.heard else partial(builders.again, self.bot, asking),
                    again=True,
                )

    async def _answer(
        self, asking: Asking, asked: InboxItem, hear: Hear | None = None, again: bool = False
    ) -> None:
        self.open[asking.key] = asking
        try:
            outcome = await self._answered(asking, asked, hear, again)
        finally:
            self.open.pop(asking.key, None)
            self._cancelled.discard(asking.key)
        self._count(asking, asked, outcome)

    async def _answered(self, asking: Asking, asked: InboxItem, hear: Hear | None, again: bool) -> str:
        """Answer it one way or another; returns how that went, in one word."""
        try:
            heard = await hear() if hear is not None else asking
            if heard is None:  # deleted meanwhile: there is nobody to answer
                await self.inbox.answered(asking.key, counts=False)
                return "deleted"
            asking = replace(heard, shown=asking.shown)
            return await self._admitted(asking, await self.bot.access.admit(asking, asked), again)
        except (BotError, StorageError) as error:
            return await self._tell(asking, error)
        except discord.HTTPException as error:
            return await self._lost(asking, error)
        except HandedOver:
            return "handed-over"

    def _count(self, asking: Asking, asked: InboxItem, outcome: str) -> None:
        seconds = (datetime.now(UTC) - asked.created_at).total_seconds()
        self.bot.conversations.metrics.answered(asking.way, outcome, max(0.0, seconds))

    async def _admitted(self, asking: Asking, settings: ServerSettings, again: bool) -> str:
        message, outcomes = None, []
        for number, part in enumerate(asking.parts()):
            try:
                message, outcome = await self._one(asking.key, part, settings, number == 0, again)
            except HandedOver as over:
                await self._keep(asking, over.message, part.key)
                raise
            outcomes.append(outcome)
            if asking.key in self._cancelled:
                break
        counts = False if asking.key in self._cancelled else None
        await self.inbox.answered(asking.key, message, counts, _jobs(asking))
        return next((outcome for outcome in outcomes if outcome != "done"), "done")

    async def _keep(self, asking: Asking, message: int | None, part: str | None = None) -> None:
        """Remember the message that says so, for the answer to take its place when the bot is back."""
        if message is not None and asking.member:
            await self.inbox.note(asking.key, shown={**asking.shown, part or asking.key: str(message)})

    async def _one(
        self, key: str, asking: Asking, settings: ServerSettings, first: bool, again: bool
    ) -> tuple[str, str]:
        """Do the work for one picture of the wish ``key``, and show it; returns the message's id, and how it went.

        Raises HandedOver.
        """
        outlet = Outlet(self.bot, asking, first)
        earlier = await self._earlier(asking, outlet) if again else None
        async with LiveMessage(outlet, locale_of(asking.text, asking.locale), earlier) as live:
            try:
                result = await before(self._over, partial(self._done, key, asking, settings, live))
            except HandedOver:
                raise HandedOver(await live.keep()) from None
            message = str(await live.finish(result.card, result.private))
        if result.edit is not None and result.card.shots:
            await self.bot.history.link_message(PLATFORM, message, result.edit, asking.place)
        return message, result.outcome

    @staticmethod
    async def _earlier(asking: Asking, outlet: Outlet) -> int | None:
        """The message in which an earlier life began to answer."""
        shown = asking.shown.get(asking.key)
        return int(shown) if shown is not None else await outlet.earlier(view.tag(asking))

    async def _done(
        self, key: str, asking: Asking, settings: ServerSettings, live: LiveMessage
    ) -> handlers.Result:
        """The result, or that a moderator ended the wish."""
        if key in self._cancelled:
            return handlers.failed(WishCancelled(), asking)
        work = self._work[key] = asyncio.create_task(handlers.do(self.bot, asking, settings, live))
        self.live[key] = live
        try:
            result = await work
        except asyncio.CancelledError:
            if not work.cancelled() or _current().cancelling():
                raise
            return handlers.failed(WishCancelled(), asking)
        finally:
            self._work.pop(key)
            self.live.pop(key)
        return handlers.failed(WishCancelled(), asking) if result.outcome == Cancelled.code else result

    async def _tell(self, asking: Asking, error: Exception) -> str:
        """What is wrong, to the asker alone where that can be; returns it in one word."""
        try:
            message = await Outlet(self.bot, asking).whisper(handlers.failed(error, asking).card)
            await self.inbox.answered(asking.key, str(message), counts=False)
        except discord.HTTPException as lost:
            return await self._lost(asking, lost)
        return code_for(error)

    async def _lost(self, asking: Asking, error: discord.HTTPException) -> str:
        """An answer that cannot be sent: for good where Discord says no, otherwise it stays open for the next start."""
        logger.warning("an answer could not be sent: HTTP %d, code %d", error.status, error.code)
        if error.status < 500:
            await self.inbox.answered(asking.key, counts=False, jobs=_jobs(asking))
        return "lost"
