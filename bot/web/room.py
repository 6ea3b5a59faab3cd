"""A person's web chat while it goes on: messages wait in a queue, and every open page hears what happens.

A *thread* is the conversation about one picture: the picture's id, or a name that the page makes up
("new-…") until the picture is there. Messages of all threads are answered one after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.conversation.messages import CompareRequest, Speaker, TalkRequest, Turn
from bot.conversation.service import Conversations, says_stop
from bot.errors import code_for, sentence_for
from bot.language.actions import to_json
from bot.locales import DEFAULT, get
from editor.api import protocol as wire
from editor.api.errors import EditorError
from storage.errors import NoPicture, NotFound
from storage.records import Edit
from storage.transcripts import Line, Transcripts

PERSON, BOT, NOTE = "person", "bot", "note"
"""Authors of lines: a note says what a button did."""
MAX_WAITING = 20
_STOP_SECONDS = 0.1
_MAX_DRAFTS, _MAX_DRAFT_LINES = 20, 100
Event = dict[str, Any]
Describe = Callable[[str, int | None], Awaitable[Event]]


class QueueFull(Exception):
    """Too many messages wait."""


@dataclass(frozen=True)
class Message:
    """One message of a page.

    Attributes:
        thread: Which conversation it belongs to.
        request: What is asked for; the room decides which edit it continues from.
        speaker: Who sent it, and in which language.
        compare: All methods do the change, side by side.
        look: Thread of the picture whose look a new picture may take over.
        quiet: It comes from a button, and its answer is told as a note.
    """

    thread: str
    request: TalkRequest
    speaker: Speaker
    compare: bool = False
    look: str | None = None
    quiet: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def summary(self) -> Event:
        """Return what a page shows of it while it waits."""
        text, picture = self.request.text, self.request.picture is not None
        actions = [to_json(action) for action in self.request.actions or ()]
        return {"id": self.id, "text": text, "picture": picture, "quiet": self.quiet, "actions": actions}


@dataclass
class _Running:
    message: Message
    task: asyncio.Task[Turn]
    progress: Event = field(default_factory=dict)
    stopping: bool = False


class Room:
    """The web chat of one person."""

    def __init__(
        self,
        conversations: Conversations,
        transcripts: Transcripts,
        describe: Describe,
        drained: asyncio.Event,
    ) -> None:
        """``describe`` returns the state of a picture in a language, for the pages."""
        self.conversations, self.transcripts = conversations, transcripts
        self._describe, self._drained = describe, drained
        self.waiting: OrderedDict[str, Message] = OrderedDict()
        self.running: _Running | None = None
        self.worker: asyncio.Task[None] | None = None
        self.drafts: OrderedDict[str, list[Line]] = OrderedDict()
        """Lines of threads that have no picture yet."""
        self._sources: dict[str, int] = {}
        self._listeners: set[asyncio.Queue[Event | None]] = set()

    @property
    def idle(self) -> bool:
        """Whether nobody listens and nothing would be lost."""
        return not (self._listeners or self.waiting or self.running or self.drafts)

    # what pages hear

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Queue[Event | None]]:
        """Give a queue of everything that happens from now on; None at the end of the server."""
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def tell(self, event: Event | None) -> None:
        """Tell every open page."""
        for queue in self._listeners:
            queue.put_nowait(event)

    def source_of(self, thread: str) -> int | None:
        """Return the picture of a thread."""
        return int(thread) if thread.isdigit() else self._sources.get(thread)

    def name_of(self, thread: str) -> str:
        """Return the name of a thread, which is its picture once that is known."""
        source = self.source_of(thread)
        return thread if source is None else str(source)

    def work(self) -> Event:
        """Return what is running and what waits."""
        running = self.running
        now = None
        if running is not None:
            now = self._summary(running.message)
            now |= {"progress": running.progress, "stopping": running.stopping}
        return {"running": now, "queue": [self._summary(message) for message in self.waiting.values()]}

    def _summary(self, message: Message) -> Event:
        return message.summary() | {"thread": self.name_of(message.thread)}

    # messages

    async def post(self, message: Message) -> None:
        """Answer a message after those that wait, or at once if it says to stop. Raises QueueFull."""
        if self.running is not None and not message.compare and says_stop(message.request):
            await self._add(message.thread, Line(PERSON, message.request.text))
            await self.stop()
            self.tell({"event": "turn", "message": message.id, "thread": message.thread, "line": None})
            return
        if len(self.waiting) >= MAX_WAITING:
            raise QueueFull
        self.waiting[message.id] = message
        self._tell_work()
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self._work())

    def withdraw(self, message: str) -> bool:
        """Take back a message that waits; False if it does not wait any more."""
        found = self.waiting.pop(message, None) is not None
        self._tell_work()
        return found

    async def stop(self) -> bool:
        """Stop what is running; False if nothing is."""
        running = self.running
        if running is None:
            return False
        running.stopping = True
        self._tell_work()
        while not running.task.done():  # between two jobs of the editor there is nothing to cancel
            with contextlib.suppress(EditorError):
                await self.conversations.stop(running.message.speaker)
            await asyncio.wait({running.task}, timeout=_STOP_SECONDS)
        return True

    def close(self) -> None:
        """Answer nothing more, and let the pages go."""
        self.waiting.clear()
        self.tell(None)

    def _tell_work(self) -> None:
        self.tell({"event": "work"} | self.work())

    async def _work(self) -> None:
        while self.waiting and not self._drained.is_set():
            _, message = self.waiting.popitem(last=False)
            await self._answer(message)

    async def _answer(self, message: Message) -> None:
        source = self.source_of(message.thread)
        task = asyncio.create_task(self._turn(message, source))
        running = self.running = _Running(message, task)
        self._tell_work()
        if not message.quiet:
            picture = message.request.picture is not None
            said = Line(PERSON, message.request.text, details={"picture": True} if picture else {})
            await self._add(message.thread, said)
        turn = await self._finished(running)
        if running.stopping and turn.error is not None:
            turn = replace(turn, reply=get(turn.locale).say("answer.stopped"), error="stopped")
        self.conversations.metrics.count_answer(
            message.speaker.platform, turn.error, turn.milliseconds / 1000
        )
        self.running = None
        await self._tell_turn(message, turn, source)

    async def _finished(self, running: _Running) -> Turn:
        """Return the turn, or that the bot stops before it is finished."""
        drained = asyncio.create_task(self._drained.wait())
        try:
            await asyncio.wait({running.task, drained}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            drained.cancel()
        message, locale = running.message, get(running.message.speaker.locale or DEFAULT)
        if running.task.done() and not running.task.cancelled():
            if (error := running.task.exception()) is None:
                return running.task.result()
            assert isinstance(error, Exception)
            return Turn(sentence_for(error, locale), error=code_for(error), locale=locale.code)
        running.task.cancel()
        key = "web.kept" if message.request.picture is None else "web.kept.picture"
        key = "web.stopping" if message.compare else key  # it changes nothing, so it is not stored
        return Turn(locale.say(key), error="handed-over", locale=locale.code)

    async def _turn(self, message: Message, source: int | None) -> Turn:
        """Let the conversations answer, from the edit that the thread shows."""
        base = await self._shown(source)
        request, speaker = message.request, message.speaker
        if message.compare:
            chosen = CompareRequest(request.text, base.id if base else None, mask=request.mask)
            return await self.conversations.compare(speaker, chosen, self._progress)
        if base is None and request.picture is not None and message.look is not None:
            base = await self._shown(self.source_of(message.look))
        begin = replace(request, reply_to=base.id if base else None, fresh=base is None)
        return await self.conversations.talk(speaker, begin, self._progress)

    async def _shown(self, source: int | None) -> Edit | None:
        if source is None:
            return None
        try:
            return await self.transcripts.shown(source)
        except NotFound:
            return None

    async def _progress(self, event: wire.Event) -> None:
        running = self.running
        body = event.model_dump(mode="json", exclude={"result"})
        if running is not None and body["event"] in ("queued", "started", "progress"):
            running.progress = body | {"preview": body.get("preview") or running.progress.get("preview")}
            self.tell(body | {"message": running.message.id, "thread": self.name_of(running.message.thread)})

    async def _tell_turn(self, message: Message, turn: Turn, source: int | None) -> None:
        """Store the answer, and tell the pages what is shown now."""
        if message.request.picture is not None:
            source = await self._adopt(message, turn) or source
        quiet = len(turn.pictures) < 2 and (message.quiet or turn.error == "stopped")
        details: Event = {"pictures": [picture_json(shown) for shown in turn.pictures], "error": turn.error}
        edit = turn.edit.id if turn.edit is not None and turn.edit.source == source else None
        line = Line(NOTE if quiet else BOT, turn.reply, edit, details)
        line = await self._add(message.thread, line, tell=False)
        state = await self._describe(turn.locale, source)
        self.tell(
            {"event": "turn", "message": message.id, "thread": message.thread, "line": line_json(line)}
            | {"quiet": quiet, "reply": turn.reply, "pictures": details["pictures"], "error": turn.error}
            | {"actions": [to_json(action) for action in turn.actions], "warnings": list(turn.warnings)}
            | {"milliseconds": turn.milliseconds}
            | state
            | self.work()
        )

    async def _adopt(self, message: Message, turn: Turn) -> int | None:
        """Give a thread its new picture, and store the lines that were said before it was there."""
        head = turn.edit
        if head is None:  # the picture may be there although a change of it failed
            speaker = message.speaker
            conversation = await self.conversations.history.conversation(
                speaker.platform, speaker.user, speaker.place
            )
            with contextlib.suppress(NoPicture):
                head = await self.conversations.history.head(conversation.id)
            if head is None or head.number or await self.transcripts.lines(head.source):
                return None
        if message.thread.isdigit() and int(message.thread) == head.source:
            return head.source
        self._sources[message.thread] = head.source
        drafts = self.drafts.pop(message.thread, [])
        await self.transcripts.add(head.source, [replace(line, id=None) for line in drafts])
        return head.source

    async def _add(self, thread: str, line: Line, tell: bool = True) -> Line:
        """Keep a line: stored, or in memory as long as there is no picture."""
        source = self.source_of(thread)
        if source is not None:
            with contextlib.suppress(NotFound):
                [line] = await self.transcripts.add(source, [line])
        else:
            lines = self.drafts.setdefault(thread, [])
            line = replace(line, id=-len(lines) - 1)
            lines.append(line)
            del lines[:-_MAX_DRAFT_LINES]
            while len(self.drafts) > _MAX_DRAFTS:
                self.drafts.popitem(last=False)
        if tell:
            self.tell({"event": "said", "thread": self.name_of(thread), "line": line_json(line)})
        return line

    async def lines(self, thread: str) -> list[Line]:
        """Return what was said in a thread."""
        source = self.source_of(thread)
        return self.drafts.get(thread, []) if source is None else await self.transcripts.lines(source)


def line_json(line: Line) -> Event:
    """Return a line as the pages get it."""
    return {"id": line.id, "author": line.author, "text": line.text, "edit": line.edit} | line.details


def picture_json(shown: Any) -> Event:
    """Return a picture of an answer as the pages get it."""
    return {
        "edit": shown.edit,
        "number": shown.number,
        "url": f"/api/pictures/{shown.edit}",
        "alt": shown.alt,
        "caption": shown.caption,
    }
