"""The durable dispatcher: it takes each request once, works on it in its turn, and answers it once.

A request is stored in the inbox before anything is done about it, and closed when its answer has arrived:

    taken -> waiting for its turn -> in progress -> answered

Whatever is open when the bot starts was interrupted by a crash. It is done again under the same key, which
makes no edit twice (``Conversations.talk``), and its answer is sent under the same nonce, which shows no
message twice; a message that had arrived before is found and completed. A bot that is asked to stop begins
nothing new, waits a while for the work in progress, and tells everybody else that their request is kept
(``drain``).

Several processes may share one inbox. Each holds a database lock while it lives and stores the lock's name
with what it takes. Requests whose lock is free are claimed by another process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import discord
from sqlalchemy.exc import SQLAlchemyError

from bot.conversation.messages import job_of
from bot.discord.dispatch import deferred, handlers
from bot.discord.dispatch.member_queue import MemberQueue
from bot.discord.dispatch.progress import ProgressMessage
from bot.discord.dispatch.responder import Responder
from bot.discord.dispatch.shutdown import HandedOver, finish_before
from bot.discord.errors import TooMany, WishCancelled
from bot.discord.requests.request import PLATFORM, Request
from bot.discord.services import Services
from bot.discord.ui.interactions import Acknowledge, Complete
from bot.discord.ui.view import answer_tag
from bot.errors import BotError, code_for
from bot.language.reader import says_stop
from bot.locales import locale_of
from editor.api.errors import Cancelled, EditorError
from storage.errors import StorageError
from storage.inbox import InboxItem
from storage.servers import ServerSettings

logger = logging.getLogger(__name__)

MAX_WAITING = 5
"""Requests of one member in one place that may wait; a further one is refused."""
NOTICE_SECONDS = 5.0
"""How long a stopping bot takes at most to tell members that their requests are kept."""
TAKE_OVER_SECONDS = 10.0
"""How often to look for requests of processes that are gone."""


class RequestDispatcher:
    """Answers the requests of one client."""

    def __init__(self, services: Services) -> None:
        self._services, self._inbox = services, services.inbox
        self.in_progress: set[str] = set()
        """Keys of the requests that this process works on."""
        self.progress: dict[str, ProgressMessage] = {}
        """The messages that show their progress, by the same keys."""
        self.tasks: set[asyncio.Task[None]] = set()
        self._lock = contextlib.AsyncExitStack()
        self._stopped, self._draining, self._time_is_up = False, asyncio.Event(), asyncio.Event()
        self._work: dict[str, asyncio.Task[handlers.Result]] = {}
        self._cancelled: set[str] = set()
        self._queues: dict[tuple[str, str], MemberQueue] = {}

    # start and stop

    async def start(self) -> None:
        """Hold the lock of this process, and answer what a killed process left open."""
        await self._lock.enter_async_context(self._inbox.database.lock(self._services.holder))
        await self.resume()

    async def take_over_forever(self) -> None:
        """Claim what processes leave open that are gone, until cancelled."""
        while True:
            await asyncio.sleep(TAKE_OVER_SECONDS)
            try:
                await self.resume()
            except (StorageError, SQLAlchemyError) as error:
                logger.warning("open requests could not be looked up: %s", type(error).__name__)

    async def drain(self, seconds: float) -> None:
        """Begin nothing new, give the work in progress so many seconds, and hand over the rest."""
        self._draining.set()
        await self._wait_for_tasks(seconds)
        self._time_is_up.set()
        await self._wait_for_tasks(NOTICE_SECONDS)

    async def _wait_for_tasks(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.tasks:
                    await asyncio.wait(self.tasks)

    def stop(self) -> None:
        """Cancel everything at once; it stays open in the inbox for the next start."""
        self._stopped = True
        for task in self.tasks:
            task.cancel()

    async def release(self) -> None:
        """Release the lock, once no task runs any more, so that other processes may claim what is open."""
        await self._lock.aclose()

    async def resume(self) -> None:
        """Answer what another process or an earlier run left open, each member's requests in their order."""
        if self._draining.is_set() or self._stopped:
            return
        left = await self._inbox.take_over(PLATFORM, self._services.holder)
        for item in left:
            task = asyncio.create_task(self._answer_again(item), name=f"again-{item.key}")
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        if left:
            logger.info("answering %d requests that an earlier run had taken", len(left))
        await deferred.notify_interrupted(self._services)

    async def _answer_again(self, item: InboxItem) -> None:
        request = Request.from_payload(item.payload)
        if item.payload.get("cancelled"):
            self._cancelled.add(request.key)
        async with self._queue_of(request).join() as turn:
            if not await self._wait_for_turn(request, turn):
                return
            if not await Responder(self._services.client, request).was_acknowledged():
                await self._inbox.answered(request.key, counts=False)
                return
            reload = partial(self._services.requests.reload, request)
            await self._answer(request, item, None if request.complete else reload, again=True)

    # taking and cancelling requests

    async def take(
        self, request: Request, acknowledge: Acknowledge | None = None, complete: Complete | None = None
    ) -> None:
        """Store a request, acknowledge it, and answer it in its turn, unless it was taken before.

        Args:
            request: the request.
            acknowledge: tells Discord that it arrived.
            complete: finds out the rest of it, if that takes time; its errors are told to the requester.
        """
        task = asyncio.current_task()
        if self._stopped or task is None:
            return
        self.tasks.add(task)
        try:
            queue = self._queue_of(request)
            if queue.length and request.kind == "talk" and says_stop(request.text):
                item = await self._store(request, acknowledge)
                if item is not None:  # it must not wait for what it stops
                    await self._answer(request, item, complete)
                return
            if queue.length >= MAX_WAITING:
                raise TooMany(when=f"<t:{int(time.time() + queue.wait_seconds) + 1}:R>")
            async with queue.join() as turn:  # before anything is awaited, so that the order is kept
                item = await self._store(request, acknowledge)
                if item is not None and await self._wait_for_turn(request, turn):
                    await self._answer(request, item, complete)
        except (BotError, StorageError) as error:
            if (item := await self._store(request, acknowledge)) is not None:
                self._count(request, item, await self._tell(request, error))
        finally:
            self.tasks.discard(task)

    async def cancel(self, key: str) -> bool:
        """Cancel a request; the member who asked is told when the request's turn comes.

        False if it is answered already.
        """
        if not await self._inbox.note(key, cancelled=True):
            return False
        self._cancelled.add(key)
        if (work := self._work.get(key)) is not None:
            with contextlib.suppress(EditorError):  # an editor that is away has nothing to stop
                await self._services.conversations.cancel(key)  # first, while the work still knows its job
            work.cancel()
        return True

    def _queue_of(self, request: Request) -> MemberQueue:
        idle = [name for name, queue in self._queues.items() if not queue.length]
        for name in idle:
            del self._queues[name]
        return self._queues.setdefault((request.owner or request.user, request.place), MemberQueue())

    async def _store(self, request: Request, acknowledge: Acknowledge | None) -> InboxItem | None:
        """Store the request before acknowledging it, so that it is answered even if the bot is killed.

        None if it was taken before, or came too late to be acknowledged.
        """
        item = await self._inbox.accept(
            request.key,
            PLATFORM,
            request.user,
            request.server,
            request.place,
            request.to_payload(),
            self._services.holder,
        )
        if request.key.startswith("message:"):
            await self._inbox.move_cursor(PLATFORM, request.place, str(request.number))
        if item is not None and acknowledge is not None:
            try:
                await acknowledge()
            except discord.HTTPException as error:  # too late: Discord has told the member that it failed
                logger.warning(
                    "an interaction could not be acknowledged: HTTP %d, code %d", error.status, error.code
                )
                await self._inbox.answered(request.key, counts=False)
                return None
        return item

    async def _wait_for_turn(self, request: Request, turn: asyncio.Task[float]) -> bool:
        """Wait for the turn of a request; False if the bot stops first, which the requester is told."""
        try:
            await finish_before(self._draining, turn)
        except HandedOver:
            responder = Responder(self._services.client, request)
            message = ProgressMessage(responder, locale_of(request.text, request.locale))
            await self._remember_unfinished(request, await message.hand_over())
            return False
        return True

    # answering

    async def _answer(
        self, request: Request, item: InboxItem, complete: Complete | None = None, again: bool = False
    ) -> None:
        self.in_progress.add(request.key)
        try:
            outcome = await self._outcome(request, item, complete, again)
        finally:
            self.in_progress.discard(request.key)
            self._cancelled.discard(request.key)
        self._count(request, item, outcome)

    async def _outcome(
        self, request: Request, item: InboxItem, complete: Complete | None, again: bool
    ) -> str:
        """Answer a request, or say why not; returns the outcome in one word."""
        try:
            completed = await complete() if complete is not None else request
            if completed is None:  # the message is deleted: there is nobody to answer
                await self._inbox.answered(request.key, counts=False)
                return "deleted"
            request = replace(completed, unfinished=request.unfinished)
            settings = await self._services.access.admit(request, item)
            return await self._answer_parts(request, settings, again)
        except (BotError, StorageError) as error:
            return await self._tell(request, error)
        except discord.HTTPException as error:
            return await self._lost(request, error)
        except HandedOver:
            return "handed-over"

    async def _answer_parts(self, request: Request, settings: ServerSettings, again: bool) -> str:
        """Answer each picture of a request; returns the first outcome that is not "done"."""
        message, outcomes = None, []
        for number, part in enumerate(request.split()):
            responder = Responder(self._services.client, part, first=number == 0)
            try:
                message, outcome = await self._answer_part(request.key, responder, settings, again)
            except HandedOver as error:
                await self._remember_unfinished(request, error.message, part.key)
                raise
            outcomes.append(outcome)
            if request.key in self._cancelled:
                break
        counts = False if request.key in self._cancelled else None
        await self._inbox.answered(request.key, message, counts, _jobs_of(request))
        return next((outcome for outcome in outcomes if outcome != "done"), "done")

    async def _answer_part(
        self, key: str, responder: Responder, settings: ServerSettings, again: bool
    ) -> tuple[str, str]:
        """Do the work for one part of the request ``key``; returns the message's id and the outcome.

        Raises:
            HandedOver: the bot stops first.
        """
        part = responder.request
        earlier = None
        if again:
            known = part.unfinished.get(part.key)
            earlier = int(known) if known is not None else await responder.find_earlier(answer_tag(part))
        async with ProgressMessage(responder, locale_of(part.text, part.locale), earlier) as progress:
            try:
                work = self._work_on(key, part, settings, progress)
                result = await finish_before(self._time_is_up, work)
            except HandedOver:
                raise HandedOver(await progress.hand_over()) from None
            message = str(await progress.finish(result.message, result.private))
        if result.edit is not None and result.message.pictures:
            await self._services.history.link_message(PLATFORM, message, result.edit, part.place)
        return message, result.outcome

    async def _work_on(
        self, key: str, part: Request, settings: ServerSettings, progress: ProgressMessage
    ) -> handlers.Result:
        """The result of the work, or the notice that a moderator cancelled it."""
        cancelled = handlers.error_result(WishCancelled(), part)
        if key in self._cancelled:
            return cancelled
        work = asyncio.create_task(handlers.handle(self._services, part, settings, progress))
        self._work[key], self.progress[key] = work, progress
        try:
            result = await work
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not work.cancelled() or (task is not None and task.cancelling()):
                raise  # the bot stops
            return cancelled
        finally:
            self._work.pop(key, None)
            self.progress.pop(key, None)
        return cancelled if result.outcome == Cancelled.code and key in self._cancelled else result

    async def _remember_unfinished(self, request: Request, message: int | None, part: str = "") -> None:
        """Store the message that tells the requester to wait, so that the answer can replace it later."""
        if message is not None and request.can_write:
            unfinished: dict[str, Any] = {**request.unfinished, part or request.key: str(message)}
            await self._inbox.note(request.key, unfinished=unfinished)

    async def _tell(self, request: Request, error: Exception) -> str:
        """Tell the requester, privately if possible, what is wrong; returns the outcome in one word."""
        try:
            responder = Responder(self._services.client, request)
            message = await responder.send_privately(handlers.error_result(error, request).message)
            await self._inbox.answered(request.key, str(message), counts=False)
        except discord.HTTPException as lost:
            return await self._lost(request, lost)
        return code_for(error)

    async def _lost(self, request: Request, error: discord.HTTPException) -> str:
        """Give up an answer that Discord refuses; after a server error it is sent at the next start."""
        logger.warning("an answer could not be sent: HTTP %d, code %d", error.status, error.code)
        if error.status < 500:
            await self._inbox.answered(request.key, counts=False, jobs=_jobs_of(request))
        return "lost"

    def _count(self, request: Request, item: InboxItem, outcome: str) -> None:
        seconds = (datetime.now(UTC) - item.created_at).total_seconds()
        self._services.metrics.count_answer(request.origin, outcome, max(0.0, seconds))


def _jobs_of(request: Request) -> list[str]:
    """The editor's jobs that may have been started for a request."""
    return [job_of(part.key) for part in request.split()]
