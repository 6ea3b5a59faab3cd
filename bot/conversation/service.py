"""The conversation service that all front ends share: messages become edits and answers.

A message is read into actions (``bot.language``). Actions that change the picture are grouped into steps:
each is one job of the editor and one node of the edit tree. Others only move about in the tree or show it.
Nothing here knows Discord, a browser or a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace

from bot.conversation.animation import animate
from bot.conversation.bundles import Bundles
from bot.conversation.checkpoint import Checkpoint
from bot.conversation.comparison import compare
from bot.conversation.jobs import EditorJobs, Options
from bot.conversation.messages import CompareRequest, OnProgress, Speaker, TalkRequest, Turn, job_of
from bot.conversation.talk import Talk
from bot.errors import BotError, code_for, sentence_for
from bot.language.actions import Action, Answer, Ask
from bot.language.reader import pick, says_stop
from bot.locales import Locale, locale_of
from bot.metrics import Metrics
from bot.pictures.animation import Format
from bot.pictures.brush_mask import read_brush_mask
from bot.pictures.mark import Mark, mark
from editor.api import protocol as wire
from editor.api.client import EditorClient
from editor.api.errors import EditorError
from storage.errors import StorageError
from storage.history import History
from storage.jobs import Job
from storage.records import Conversation, Edit

logger = logging.getLogger(__name__)

MAX_ASKED = 1000
"""Conversations whose last question is remembered."""
ANIMATION_BYTES = 8 * 1024 * 1024


class Conversations:
    """All conversations of one bot, over one history and one editor.

    ``bundle`` is used for new pictures; by default the editor chooses. ``mark`` is put on each result before
    it is stored, never on what the user sent.
    """

    def __init__(
        self,
        history: History,
        editor: EditorClient,
        bundle: str | None = None,
        mark: Mark = mark,
        metrics: Metrics | None = None,
        options: Options | None = None,
    ) -> None:
        self.history, self.editor, self.bundle, self.mark = history, editor, bundle, mark
        self.metrics = metrics or Metrics()
        self.bundles = Bundles(editor, bundle)
        self.jobs = EditorJobs(history, self.bundles, mark, self.metrics, options or Options())
        self._asked: dict[int, tuple[tuple[Action, ...], ...]] = {}
        """The choices of each conversation's last question."""
        self._locks: weakref.WeakValueDictionary[int, asyncio.Lock] = weakref.WeakValueDictionary()

    async def talk(
        self, speaker: Speaker, request: TalkRequest, on_progress: OnProgress | None = None
    ) -> Turn:
        """Answer one message. Never raises for what a user can cause: the answer then says what is wrong."""
        locale = locale_of("" if request.actions is not None else request.text, speaker.locale)
        return await self._with_timing(self._talk(speaker, request, locale, on_progress), locale)

    async def _talk(
        self, speaker: Speaker, request: TalkRequest, locale: Locale, on_progress: OnProgress | None
    ) -> Turn:
        conversation = await self._conversation(speaker)
        if self._says_stop(conversation, request):
            await self.jobs.cancel_conversation(conversation.id)
            return Turn(locale.say("answer.stopped"), (Answer("stop"),), locale=locale.code)
        async with self._alone(conversation.id):
            chosen = replace(request, bundle=request.bundle or self.bundle)
            chosen = replace(chosen, actions=self._picked(conversation.id, chosen))
            checkpoint = Checkpoint(chosen, locale.code, await _mask(request.mask))
            talk = Talk(
                self.jobs, conversation, checkpoint, job_of(request.key), on_progress, speaker.platform
            )
            turn = await talk.turn(request.picture)
            self._remember_choices(conversation.id, turn)
            return turn

    def _picked(self, conversation: int, request: TalkRequest) -> tuple[Action, ...] | None:
        """Return what a message asks for that answers the bot's last question: "yes", "the second", "no"."""
        choices = self._asked.pop(conversation, ())
        if not choices or request.picture is not None or request.actions is not None:
            return request.actions
        place = pick(request.text, len(choices))
        if place is None:
            return None
        return choices[place] if place >= 0 else (Ask("ask.otherwise"),)

    def _remember_choices(self, conversation: int, turn: Turn) -> None:
        asked = [action.choices for action in turn.actions if isinstance(action, Ask) and action.choices]
        if asked:
            self._asked[conversation] = asked[-1]
        while len(self._asked) > MAX_ASKED:
            del self._asked[next(iter(self._asked))]

    def _says_stop(self, conversation: Conversation, request: TalkRequest) -> bool:
        """Whether a message asks to stop a job that is running; such a message must not wait for the job."""
        if (
            not self.jobs.running(conversation.id)
            or request.picture is not None
            or request.actions is not None
        ):
            return False
        return says_stop(request.text)

    async def compare(
        self, speaker: Speaker, request: CompareRequest, on_progress: OnProgress | None = None
    ) -> Turn:
        """Make one change by several methods side by side. The front end checks whose edit it is.

        Each method's picture becomes an edit to continue from; the present edit stays the current one.
        Repeated under the same ``key``, each edit is made once. Never raises for what a user can cause.
        """
        locale = locale_of(request.text, speaker.locale)
        return await self._with_timing(self._compare(speaker, request, locale, on_progress), locale)

    async def _compare(
        self, speaker: Speaker, request: CompareRequest, locale: Locale, on_progress: OnProgress | None
    ) -> Turn:
        conversation = await self._conversation(speaker)
        async with self._alone(conversation.id):
            base = await self._edit(conversation, request.edit)
            return await compare(self.jobs, base, request, await _mask(request.mask), locale, on_progress)

    async def animate(
        self,
        speaker: Speaker,
        edit: int | None = None,
        limit: int = ANIMATION_BYTES,
        kind: Format = "webp",
        on_progress: OnProgress | None = None,
    ) -> Turn:
        """Make a loop of at most ``limit`` bytes from the original to an edit, the newest by default, and
        back.

        Changes nothing. The front end checks whose edit it is. Never raises for what a user can cause.
        """
        locale = locale_of("", speaker.locale)

        async def work() -> Turn:
            chosen = await self._edit(await self._conversation(speaker), edit)
            return await animate(self.jobs, chosen, locale, limit, kind, on_progress)

        return await self._with_timing(work(), locale)

    async def _conversation(self, speaker: Speaker) -> Conversation:
        return await self.history.conversation(speaker.platform, speaker.user, speaker.place, speaker.server)

    async def _edit(self, conversation: Conversation, edit: int | None) -> Edit:
        """Return an edit by its id, or the conversation's current one."""
        return await (self.history.head(conversation.id) if edit is None else self.history.edit(edit))

    async def _with_timing(self, work: Awaitable[Turn], locale: Locale) -> Turn:
        """Return the answer with the time it took; an error becomes an answer too."""
        begun = time.monotonic()
        try:
            turn = await work
        except Exception as error:
            turn = Turn(sentence_for(error, locale), error=code_for(error), locale=locale.code)
        return replace(turn, milliseconds=round(1000 * (time.monotonic() - begun), 1))

    @contextlib.asynccontextmanager
    async def _alone(self, conversation: int) -> AsyncIterator[None]:
        """Allow one turn of a conversation at a time, in order in this process, and among all on this
        database."""
        async with (
            self._locks.setdefault(conversation, asyncio.Lock()),
            self.history.database.lock(f"conversation {conversation}"),
        ):
            yield

    async def cancel(self, key: str) -> None:
        """Stop what the editor does for a message, for good. Raises EditorAway."""
        await self.jobs.cancel(job_of(key))

    async def recover(self) -> list[Edit]:
        """Finish the requests that a stopped bot left unfinished, and return the edits made.

        Requests that a front end stores itself are left to it, and one whose picture had not arrived is
        forgotten. Each waits until its conversation is free, so what another process is still doing is done
        by then.
        """
        made = []
        for job in await self.history.jobs.under_way():
            if job.request.get("kept"):
                continue
            async with self._alone(job.conversation):
                if await self.history.jobs.resume(job.id) and (edit := await self._recover(job)) is not None:
                    made.append(edit)
        return made

    async def _recover(self, job: Job) -> Edit | None:
        turn = None
        try:
            conversation = await self.history.conversation_by_id(job.conversation)
            turn = await Talk(self.jobs, conversation, Checkpoint.from_row(job.request), job.id).turn(None)
        except (BotError, StorageError, EditorError, KeyError, ValueError) as error:
            logger.warning("a stored request could not be finished: %s", type(error).__name__)
        await self.history.jobs.finish(job.id)
        return turn.edit if turn is not None and turn.pictures else None

    async def examples(self, head: Edit | None = None) -> tuple[str, ...]:
        """Return changes to suggest for a picture, or before there is one; none while the editor is away."""
        return await self.jobs.suggestions(head)

    async def hidden(self, edit: Edit) -> bool:
        """Whether an edit's picture is a spoiler."""
        return await self.jobs.hidden(edit)


async def _mask(data: bytes | None) -> wire.PictureData | None:
    """Return a painted mask for the editor. Raises UnusableMask."""
    return None if data is None else await asyncio.to_thread(read_brush_mask, data)
