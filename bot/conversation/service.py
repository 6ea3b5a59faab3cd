"""The conversation: what a person says and sends becomes edits, and an answer. All front ends speak through this.

A message is read into actions (``bot.language``). Actions that change the picture are grouped into steps, each of which
is one job of the editor and one node of the edit tree; the rest only move about in the tree or show it. Nothing here
knows Discord, a browser or a terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import inspect
import itertools
import logging
import time
import uuid
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from bot import locales
from bot.conversation import interpolation, replies
from bot.conversation.faces import Faces, details_of, from_wire
from bot.errors import (
    BotError,
    NoFaces,
    NothingSaid,
    NothingToAnimate,
    NothingToCompare,
    code_for,
    sentence_for,
)
from bot.language.actions import Ask, to_json
from bot.language.faces import numbers_of
from bot.language.reader import read
from bot.locales import Locale, locale_of
from bot.metrics import Metrics
from bot.pictures.animation import Format, animation
from bot.pictures.mark import Mark, mark
from bot.pictures.painted import painted
from editor.api import protocol as wire
from editor.api.client import EditorClient
from editor.api.errors import EditorError, NoSuchFace, UnknownJob
from editor.api.strength import MAX_STRENGTH, max_strength
from storage.errors import NoPicture, StorageError
from storage.history import Conversation, Edit, Face, History, Job, Picture

logger = logging.getLogger(__name__)

LEAST_STRENGTH = 0.05
"""An adjustment weaker than this is taken off."""
CHANGING = {"add", "scale", "set", "remove", "variations", "transfer"}

OnProgress = Callable[[wire.Event], Awaitable[None] | None]


@dataclass(frozen=True)
class Speaker:
    """Who speaks where: one conversation each. ``locale`` is preferred where a sentence does not show its language."""

    platform: str
    user: str
    place: str
    server: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class Shown:
    """A picture in an answer: the edit it shows and what it is, in words. ``caption`` names the method that made it, where
    methods are shown side by side."""

    edit: int
    number: int
    picture: Picture
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Turn:
    """The answer to one message, in the language ``locale``. ``error`` is a stable word where it could not be followed."""

    reply: str
    actions: tuple[dict[str, Any], ...] = ()
    edit: Edit | None = None
    pictures: tuple[Shown, ...] = ()
    adjustments: tuple[tuple[str, float], ...] = ()
    warnings: tuple[str, ...] = ()
    milliseconds: float = 0.0
    error: str | None = None
    locale: str = locales.DEFAULT
    hidden: bool = False


@dataclass(frozen=True)
class _Asked:
    """What was asked, as it is kept while it is under way. ``kept``: a front end keeps it too, and asks again itself."""

    text: str
    reply_to: int | None
    actions: tuple[dict[str, Any], ...] | None
    locale: str
    kept: bool
    hidden: bool = False
    bundle: str | None = None
    mask: wire.PictureData | None = None
    quality: wire.Quality | None = None
    box: wire.Box | None = None

    def row(self, head: Edit | None) -> dict[str, Any]:
        """As JSON, with the edit that it begins at."""
        mask = None if self.mask is None else self.mask.model_dump(mode="json")
        base = {"base": head.id, "since": head.created_at.isoformat()} if head else {"base": None}
        return asdict(self) | {"mask": mask} | base

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Back from JSON. Raises KeyError."""
        actions, box = row["actions"], row.get("box")
        mask = wire.PictureData.model_validate(row["mask"]) if row.get("mask") else None
        return cls(
            row["text"],
            row["reply_to"],
            None if actions is None else tuple(actions),
            row["locale"],
            row["kept"],
            bool(row.get("hidden")),
            row.get("bundle"),
            mask,
            row.get("quality"),
            None if box is None else tuple(box),
        )


def job_of(key: str | None) -> str:
    """The job's name for a front end's key: the same for the same key, and fit for the editor."""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key is not None else uuid.uuid4().hex


@dataclass
class _Answer:
    """A turn in the making."""

    locale: Locale = field(default_factory=locale_of)
    sentences: list[str] = field(default_factory=list)
    shown: list[Edit] = field(default_factory=list)
    changed: bool = False
    warnings: list[str] = field(default_factory=list)
    job: str = field(default_factory=lambda: uuid.uuid4().hex)
    kept: bool = False
    """The front end keeps what it was asked, and says itself when it is finished."""
    last: bool = False
    """The step that is made now is the last one."""
    finished: bool = False
    """The asking was finished with what it made."""
    mask: wire.PictureData | None = None
    jobs: int = 0
    faces: dict[int, Faces] = field(default_factory=dict)
    """Those of edits that were looked at for this turn, during which nobody else changes them."""
    pictures: dict[int, Picture] = field(default_factory=dict)
    """Those that were made in this turn, by their numbers."""

    @property
    def source_job(self) -> str:
        """The name of the job that makes the picture sent along editable."""
        return f"{self.job}-source"

    def next_job(self) -> str:
        """The name of the next job of the editor: the same one when the same asking is answered again."""
        self.jobs += 1
        return f"{self.job}-{self.jobs}"


def to_picture(data: wire.PictureData) -> Picture:
    """A picture of the editor as it is kept and shown."""
    return Picture(data.data, data.media_type, data.width, data.height)


def steps_of(actions: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Group neighbouring actions that change the picture into steps; every other action stands alone.

    A step ends before an action that speaks of an adjustment which the same step only adds.
    """
    steps: list[list[dict[str, Any]]] = []
    added: set[str] = set()
    for action in actions:
        alone = action["do"] not in CHANGING
        open_step = bool(steps) and steps[-1][-1]["do"] in CHANGING
        if (
            alone
            or not open_step
            or action.get("target") in added
            or action["do"] in ("variations", "transfer")
        ):
            steps.append([])
            added = set()
        if action["do"] == "add":
            added.add(action["prompt"])
        steps[-1].append(action)
    return steps


def strengths_after(layers: list[wire.Adjustment], action: dict[str, Any]) -> list[wire.Adjustment]:
    """The adjustments after a ``scale``, ``set`` or ``remove``; the newest of equal prompts is meant."""
    target = action["target"]
    numbers = (
        [i for i, layer in enumerate(layers) if layer.prompt == target][-1:]
        if target != "all"
        else range(len(layers))
    )
    result = list(layers)
    for number in numbers:
        old, most = result[number].strength, max_strength(result[number].most)
        new = old * action["factor"] if action["do"] == "scale" else action.get("strength", 0.0)
        result[number] = result[number].model_copy(update={"strength": round(max(-most, min(most, new)), 4)})
    return [layer for layer in result if abs(layer.strength) >= LEAST_STRENGTH]


class Conversations:
    """All conversations of one bot, over one history and one editor.

    ``mark`` is put on each result before it is stored, never on what the user sent. ``quality`` and ``inversion_seconds`` are
    those of new pictures, as ``wire.InvertRequest`` has them; ``search_seconds`` what a wish may be searched for, 0 for not at
    all, where quick methods show nothing of it.
    """

    def __init__(
        self,
        history: History,
        editor: EditorClient,
        bundle: str | None = None,
        mark: Mark = mark,
        metrics: Metrics | None = None,
        quality: wire.Quality = "standard",
        inversion_seconds: float | None = None,
        search_seconds: float = 20.0,
    ) -> None:
        self.history, self.editor, self.bundle, self.mark = history, editor, bundle, mark
        self.metrics = metrics or Metrics()
        self.quality, self.inversion_seconds, self.search_seconds = quality, inversion_seconds, search_seconds
        self._locks: weakref.WeakValueDictionary[int, asyncio.Lock] = weakref.WeakValueDictionary()
        self._bundles: tuple[wire.BundleInfo, ...] = ()
        self._running: set[str] = set()

    async def talk(
        self,
        speaker: Speaker,
        text: str = "",
        picture: bytes | None = None,
        reply_to: int | None = None,
        on_progress: OnProgress | None = None,
        *,
        key: str | None = None,
        actions: Sequence[dict[str, Any]] | None = None,
        hidden: bool = False,
        bundle: str | None = None,
        mask: bytes | None = None,
        quality: wire.Quality | None = None,
        box: wire.Box | None = None,
    ) -> Turn:
        """Answer one message: words, a picture, or both; ``reply_to`` goes on from that edit. Never raises for what a
        user can cause: the answer then says what is wrong, and nothing is lost.

        ``hidden``: the picture is covered until it is clicked, and so is all that is made of it.
        ``bundle``, ``quality``: those for a new picture, where they are not the usual ones. ``box``: left, top and side in pixels
        of the square of a new picture that is edited, where the face is not to be looked for.
        ``mask``: where the wishes may act, painted white on black over the whole picture in any size.
        ``actions`` are what a button or menu means, where nothing has to be read. A front end that keeps what it was
        asked gives a ``key``: asked again under it, until its job (``job_of``) is finished, the same wish begins where it began
        first and makes each of its edits once, so that a bot that was killed at any moment can simply ask again.
        """
        begun, locale = time.monotonic(), locale_of("" if actions is not None else text, speaker.locale)
        try:
            conversation = await self.history.conversation(
                speaker.platform, speaker.user, speaker.place, speaker.server
            )
            async with self._alone(conversation.id):
                fixed, chosen = None if actions is None else tuple(actions), bundle or self.bundle
                place = await _painted(mask)
                asked = _Asked(
                    text, reply_to, fixed, locale.code, key is not None, hidden, chosen, place, quality, box
                )
                job = job_of(key)
                turn = await self._once(conversation, job, asked, picture, on_progress)
        except Exception as error:
            turn = self.failed(error, locale)
        return replace(turn, milliseconds=round(1000 * (time.monotonic() - begun), 1))

    @contextlib.asynccontextmanager
    async def _alone(self, conversation: int) -> AsyncIterator[None]:
        """One turn of a conversation at a time: in this process in the order of asking, and among all on this database."""
        async with (
            self._locks.setdefault(conversation, asyncio.Lock()),
            self.history.database.lock(f"conversation {conversation}"),
        ):
            yield

    async def cancel(self, key: str) -> None:
        """Stop what the editor does for a wish: within one step, and for good. Raises EditorAway."""
        for job in [job for job in self._running if job.startswith(job_of(key))]:
            with contextlib.suppress(UnknownJob):
                await self.editor.cancel(job)

    @staticmethod
    def failed(error: Exception, locale: Locale) -> Turn:
        """The answer to a message that could not be followed."""
        return Turn(sentence_for(error, locale), error=code_for(error), locale=locale.code)

    async def recover(self) -> list[Edit]:
        """Finish what a bot that is gone was asked and had begun; returns the edits made.

        What a front end keeps itself is left to it. A wish whose picture had not arrived yet is forgotten. Whatever a living bot
        does, in this process or another, is done by the time its conversation is free.
        """
        made = []
        for job in await self.history.jobs_under_way():
            if _Asked.of(job.request).kept:
                continue
            async with self._alone(job.conversation):
                if (
                    await self.history.is_under_way(job.id)
                    and (edit := await self._recovered(job)) is not None
                ):
                    made.append(edit)
        return made

    async def _recovered(self, job: Job) -> Edit | None:
        turn = None
        try:
            conversation = await self.history.conversation_by_id(job.conversation)
            turn = await self._once(conversation, job.id, _Asked.of(job.request), None, None)
        except (BotError, StorageError, EditorError, KeyError) as error:
            logger.warning("a wish under way could not be finished: %s", type(error).__name__)
        await self.history.finish_job(job.id)
        return turn.edit if turn is not None and turn.pictures else None

    async def examples(self, head: Edit | None = None) -> tuple[str, ...]:
        """Wishes that the bundle of a picture answers well, before there is one those of all bundles in turn; empty while the
        editor is away."""
        if head is not None:
            bundle = await self._info((await self.history.source(head.source)).bundle)
            return bundle.examples if bundle else ()
        in_turn = itertools.zip_longest(*(bundle.examples for bundle in await self._known()))
        return tuple(dict.fromkeys(example for row in in_turn for example in row if example is not None))

    async def _known(self) -> tuple[wire.BundleInfo, ...]:
        """The bundles that pictures may go to: all of them, or the one that was set."""
        await self._info(None)
        return tuple(bundle for bundle in self._bundles if self.bundle in (None, bundle.name))

    async def reload_bundles(self) -> tuple[wire.BundleInfo, ...]:
        """Have the editor read its bundles anew; returns what is there now. Raises EditorError."""
        self._bundles = tuple(await self.editor.reload())
        return self._bundles

    async def _info(self, name: str | None) -> wire.BundleInfo | None:
        """A bundle by its name, else the first; None while the editor is away."""
        if not self._bundles:
            with contextlib.suppress(EditorError):
                self._bundles = tuple(await self.editor.bundles())
        return next((b for b in self._bundles if b.name == name), self._bundles[0] if self._bundles else None)

    async def _languages(self, name: str | None) -> tuple[str, ...]:
        """Those of a bundle's text-image model."""
        bundle = await self._info(name)
        return bundle.languages if bundle else ("en",)

    # one message

    async def _once(
        self,
        conversation: Conversation,
        job: str,
        asked: _Asked,
        picture: bytes | None,
        on_progress: OnProgress | None,
    ) -> Turn:
        """Answer from where the same asking was first begun, which is remembered before anything changes."""
        answer = _Answer(locales.get(asked.locale), job=job, kept=asked.kept, mask=asked.mask)
        async with self.history.database.together():
            head = await self._start(conversation, asked.reply_to)
            if head is not None:
                await self._faces(head, answer)
        begun = await self.history.begin_job(job, conversation.id, asked.row(head))
        try:
            if not begun.new or asked.reply_to is not None:
                head = await self._shown(conversation, begun.request)
            source = None if begun.new else await self.history.edit_of_job(answer.source_job)
            turn = await self._answer(conversation, answer, asked, head, picture, source, on_progress)
        except Exception:
            await self._finish(answer)
            raise
        await self._finish(answer)
        return turn

    async def _finish(self, answer: _Answer) -> None:
        """Forget what was asked; not where the answer is broken off, so that it is made when the bot is back."""
        if not answer.kept and not answer.finished:
            await self.history.finish_job(answer.job)

    async def _answer(
        self,
        conversation: Conversation,
        answer: _Answer,
        asked: _Asked,
        head: Edit | None,
        picture: bytes | None,
        source: Edit | None,
        on_progress: OnProgress | None,
    ) -> Turn:
        """``source``: the picture sent along, where it was made editable before."""
        faces = await self._faces(head, answer) if head else None
        before = faces.spoken_of if faces else []
        new = picture is not None or source is not None
        if asked.actions is None:
            languages = await self._languages(asked.bundle if new or faces is None else faces.source.bundle)
            actions = self._read(answer.locale, asked.text, before, languages, new)
            if faces is not None and any(
                action["do"] == "face" for action in actions
            ):  # of which it may say "less" too
                actions = self._read(answer.locale, asked.text, faces.everything(actions), languages, new)
        else:
            actions = list(asked.actions)
        if new:
            head = (
                source
                if picture is None
                else await self._receive(conversation, picture, asked, answer, on_progress, actions)
            )
            assert head is not None
            answer.shown, answer.changed = [head], True
            if not any(action["do"] == "transfer" for action in actions):
                before = []
        elif head is None and any(action["do"] not in ("ask", "show") for action in actions):
            raise NoPicture("no picture yet")
        steps = steps_of(actions)
        for number, step in enumerate(steps, 1):
            answer.last = number == len(steps)
            head = await self._do(conversation, head, step, asked.text, answer, before, on_progress)
        if head is not None and actions and all(action["do"] == "face" for action in actions):
            answer.sentences.append(replies.chosen(answer.locale, await self._faces(head, answer)))
        return await self._turn(head, actions, answer)

    async def _start(self, conversation: Conversation, reply_to: int | None) -> Edit | None:
        """Where a message begins."""
        if (
            reply_to is not None
            and (edit := await self.history.edit(reply_to)).conversation == conversation.id
        ):
            return edit
        try:
            return await self.history.head(conversation.id)
        except NoPicture:
            return None

    async def _shown(self, conversation: Conversation, begun: Mapping[str, Any]) -> Edit | None:
        """Go where an asking was begun. Raises NotFound where that is gone."""
        if begun["base"] is None:
            return None
        since = begun.get("since")
        return await self.history.show(
            begun["base"], conversation.id, datetime.fromisoformat(since) if since else None
        )

    @staticmethod
    def _read(
        locale: Locale,
        text: str,
        before: Sequence[wire.Adjustment],
        languages: Sequence[str],
        has_picture: bool,
    ) -> list[dict[str, Any]]:
        if not text.strip():
            if not has_picture:
                raise NothingSaid
            return []
        actions = [
            to_json(replies.in_words(locale, action))
            for action in read(text, [layer.prompt for layer in before], languages)
            if not (has_picture and action == Ask("ask.nothing"))  # text with a picture may ask for nothing
        ]
        return actions

    async def _do(
        self,
        conversation: Conversation,
        head: Edit | None,
        step: list[dict[str, Any]],
        text: str,
        answer: _Answer,
        before: list[wire.Adjustment],
        on_progress: OnProgress | None,
    ) -> Edit | None:
        """One step; returns the edit shown after it."""
        first = step[0]
        kind = first["do"]
        if kind == "ask":
            answer.sentences.append(first["question"])
            return head
        if kind == "show":
            await self._show(head, first["what"], answer)
            return head
        if head is None:
            raise NoPicture("no picture yet")
        if kind in ("undo", "redo", "goto", "reset"):
            head = await self._move(conversation, first)
            answer.sentences.append(replies.moved(answer.locale, first, head))
            answer.shown, answer.changed = [head], True
            return head
        if kind == "face":
            await self._choose(head, first["place"], on_progress, answer)
            return head
        if kind == "transfer":
            step = [replies.wish_again(layer) for layer in before]
            if not step:
                answer.sentences.append(answer.locale.say("reply.nothing-to-transfer"))
                return head
        if kind == "variations":
            return await self._variations(head, int(first.get("count") or 3), answer, on_progress)
        return await self._change(head, step, text, answer, on_progress)

    async def _move(self, conversation: Conversation, action: dict[str, Any]) -> Edit:
        if action["do"] == "undo":
            return await self.history.undo(conversation.id, int(action.get("steps") or 1))
        if action["do"] == "redo":
            return await self.history.redo(conversation.id, int(action.get("steps") or 1))
        return await self.history.goto(conversation.id, 0 if action["do"] == "reset" else int(action["edit"]))

    async def _show(self, head: Edit | None, what: str, answer: _Answer) -> None:
        if what == "help" or head is None:
            answer.sentences.append(replies.help_text(answer.locale, await self.examples(head)))
            return
        edits = await self.history.edits(head.source)
        if what == "history":
            answer.sentences.append(replies.history(answer.locale, edits, head))
        elif what == "adjustments":
            answer.sentences.append(replies.adjustments(answer.locale, head))
        else:
            answer.sentences.append(
                answer.locale.say("reply.original" if what == "original" else "reply.compared")
            )
            answer.shown = [edits[0]] if what == "original" else [edits[0], head]

    # what the editor does

    async def _run(
        self, conversation: int, request: wire.Request, on_progress: OnProgress | None, job: str
    ) -> wire.Result:
        def heard(event: wire.Event) -> Awaitable[None] | None:
            self.metrics.saw(event)
            return on_progress(event) if on_progress is not None else None

        self._running.add(job)
        try:
            return await self.editor.run(job, wire.Job(user=str(conversation), request=request), heard)
        finally:
            self._running.discard(job)

    async def _receive(
        self,
        conversation: Conversation,
        picture: bytes,
        asked: _Asked,
        answer: _Answer,
        on_progress: OnProgress | None,
        actions: Sequence[dict[str, Any]],
    ) -> Edit:
        """Make a new picture editable; it becomes the head."""
        job = answer.source_job
        named = next((action["place"] for action in actions if action["do"] == "face"), None)
        face = {1: 0, -1: -1}.get(named) if named else None  # those that every picture with a face has
        quality = asked.quality or self.quality
        request = wire.InvertRequest(
            bundle=asked.bundle,
            picture=picture,
            face=face,
            box=asked.box,
            quality=quality,
            seconds=self.inversion_seconds,
        )
        result = await self._run(conversation.id, request, on_progress, job)
        assert isinstance(result, wire.InvertResult)
        latent = result.inversion.latent
        details = details_of(result) | {"hidden": asked.hidden, "quality": quality}
        several = any(action["do"] == "face" for action in actions)
        warnings = tuple(code for code in result.warnings if not (several and code == "several-faces"))
        warnings += ("no-time",) if wire.quality_is_below(result.inversion.fidelity.quality, quality) else ()
        answer.warnings.extend(warnings)
        edit = await self.history.add_source(
            conversation.id,
            to_picture(result.picture),
            latent.bundle,
            latent.fingerprint,
            from_wire(latent.w),
            details,
            job,
            result.inversion.tuning,
        )
        known, examples = await self._known(), await self.examples(edit)
        taken = replies.face_name(answer.locale, result.face or 0, result.faces)
        answer.sentences.extend(
            replies.received(answer.locale, warnings, known, examples, not actions, taken)
        )
        return edit

    async def _faces(self, edit: Edit, answer: _Answer | None = None) -> Faces:
        """The faces of an edit's picture, with what is in force on each; for one ``answer`` they are read once."""
        if answer is not None and edit.id in answer.faces:
            return answer.faces[edit.id]
        async with self.history.database.together():
            source = await self.history.source(edit.source)
            others = await self.history.faces(edit.source) if source.details.get("faces", 0) > 1 else []
            layers = await self.history.adjustments(edit.id)
        faces = Faces.of(source, others, layers)
        if answer is not None:
            answer.faces[edit.id] = faces
        return faces

    async def _original(self, faces: Faces) -> bytes:
        """The picture that they are in. It may come from afar: no session may wait for it."""
        return await self.history.original(faces.source)

    async def _request(self, base: Edit) -> wire.EditRequest:
        """An edit of the face that is spoken of, the first where there are several."""
        faces = await self._faces(base)
        return faces.request(faces.chosen[0], await self._original(faces))

    async def _choose(
        self, head: Edit, place: int | None, on_progress: OnProgress | None, answer: _Answer
    ) -> None:
        """From now on other faces are spoken of; one that is new is made editable first. Raises NoFaces, NoSuchFace."""
        faces = await self._faces(head, answer)
        source = faces.source
        if not faces.count:
            if place is None:
                return  # all of one
            raise NoFaces
        numbers = numbers_of(place, faces.count)
        if not numbers and place is not None:
            raise NoSuchFace(number=abs(place), reason="left" if place > 0 else "right", faces=faces.count)
        for number in numbers:
            if number in faces.inversions:
                continue
            request = wire.InvertRequest(
                bundle=source.bundle,
                picture=await self._original(faces),
                face=number,
                quality=source.details.get("quality", self.quality),
                seconds=self.inversion_seconds,
            )
            result = await self._run(head.conversation, request, on_progress, f"{answer.job}-face-{number}")
            assert isinstance(result, wire.InvertResult)
            latent, tuning = from_wire(result.inversion.latent.w), result.inversion.tuning
            await self.history.add_face(source.id, Face(number, latent, details_of(result), tuning))
        await self.history.choose_faces(source.id, numbers)
        answer.faces.clear()

    async def _change(
        self,
        base: Edit,
        actions: list[dict[str, Any]],
        text: str,
        answer: _Answer,
        on_progress: OnProgress | None,
    ) -> Edit:
        """One step of changes: one job, one new edit under ``base`` unless nothing changed."""
        faces, told, made = await self._faces(base, answer), [], []
        picture = await self._original(faces)
        for number in faces.chosen:
            mine = _about(actions, faces.layers.get(number, ()))
            if not mine:
                continue
            request = _changed(faces.request(number, picture), mine, answer.mask)
            result, job = await self._edited(base, request, answer, on_progress)
            before = faces.layers.get(number, ())
            told.append((number, replies.changed(answer.locale, mine, before, result)))
            answer.warnings.extend(f"{e.verdict}: {e.prompt}" for e in result.effects if e.verdict != "done")
            if request.adjustments != before or any(effect.verdict != "refused" for effect in result.effects):
                faces = faces.with_layers(number, result.adjustments)
                made.append((result, job))
        answer.sentences.extend(replies.by_face(answer.locale, told, faces.count))
        if not told:
            answer.sentences.append(answer.locale.say("ask.no-target"))
        if not made:
            return base
        effects = tuple(effect for result, _ in made for effect in result.effects)
        last, job = made[-1]
        result, ends = last.model_copy(update={"effects": effects}), answer.last and not answer.kept
        edit, made_now = await self._record(base, text, result, job, faces, answer.job if ends else None)
        answer.finished = ends
        answer.pictures[edit.picture] = made_now
        answer.shown, answer.changed = [edit], True
        return edit

    async def _edited(
        self, base: Edit, request: wire.EditRequest, answer: _Answer, on_progress: OnProgress | None
    ) -> tuple[wire.EditResult, str]:
        """The result of an edit, and the job that made it: a search, where quick methods show nothing of a wish that other
        pictures do show. Few wishes are like that, so only they take seconds."""
        job = answer.next_job()
        result = await self._run(base.conversation, request, on_progress, job)
        assert isinstance(result, wire.EditResult)
        if result.worth_a_search and self.search_seconds > 0:
            job, longer = (
                answer.next_job(),
                request.model_copy(update={"search": True, "seconds": self.search_seconds}),
            )
            result = await self._run(base.conversation, longer, on_progress, job)
            assert isinstance(result, wire.EditResult)
        self.metrics.wished(result.effects)
        return result, job

    async def _record(
        self,
        base: Edit,
        text: str,
        result: wire.EditResult,
        job: str,
        faces: Faces | None = None,
        answers: str | None = None,
    ) -> tuple[Edit, Picture]:
        """A result as an edit, and its picture; ``faces`` as they are after it, where it is not of the one that is spoken of
        alone. ``answers``: the asking that this is all of."""
        effects = [effect.model_dump(mode="json") for effect in result.effects]
        if faces is None:
            faces = await self._faces(base)
            faces = faces.with_layers(faces.chosen[0], result.adjustments)
        layers = faces.stored()
        picture = await asyncio.to_thread(self.mark, to_picture(result.picture))
        return await self.history.record_edit(
            base, text[:2000], layers, effects, picture, job, answers
        ), picture

    async def _variations(
        self, head: Edit, count: int, answer: _Answer, on_progress: OnProgress | None
    ) -> Edit:
        """Looks near the present one, each an edit of its own; the head stays where it was."""
        request, made = await self._request(head), []
        before = sum(
            edit.parent == head.id and replies.is_variation(edit)
            for edit in await self.history.edits(head.source)
        )
        for seed in range(
            before + 1, before + max(1, min(4, count)) + 1
        ):  # other looks than those that were shown already
            job, seeded = answer.next_job(), request.model_copy(update={"seed": 1000 * head.number + seed})
            result = await self._run(head.conversation, seeded, on_progress, job)
            assert isinstance(result, wire.EditResult)
            edit, answer.pictures[edit.picture] = await self._record(head, f"variation {seed}", result, job)
            made.append(edit)
        answer.shown, answer.changed = made, True
        answer.sentences.append(replies.variations(answer.locale, made))
        return await self.history.show(head.id, head.conversation)

    async def animate(
        self,
        speaker: Speaker,
        edit: int | None = None,
        limit: int = 8 * 1024 * 1024,
        kind: Format = "webp",
        on_progress: OnProgress | None = None,
    ) -> Turn:
        """The way from the original to an edit (the speaker's head unless given) and back, as a loop of at most ``limit`` bytes.

        Changes nothing, and whose the edit is, is the front end's to ask. Never raises for what a user can cause.
        """
        begun, locale = time.monotonic(), locale_of("", speaker.locale)
        try:
            conversation = await self.history.conversation(
                speaker.platform, speaker.user, speaker.place, speaker.server
            )
            chosen = await (self.history.head(conversation.id) if edit is None else self.history.edit(edit))
            picture = await self._animated(chosen, limit, kind, on_progress)
            shown = Shown(chosen.id, chosen.number, picture, replies.alt_of_animation(locale, chosen))
            layers = tuple((r["prompt"], float(r["strength"])) for r in chosen.recipes)
            turn = Turn(locale.say("reply.animated"), (), chosen, (shown,), layers, locale=locale.code)
        except Exception as error:
            turn = self.failed(error, locale)
        return replace(turn, milliseconds=round(1000 * (time.monotonic() - begun), 1))

    async def _animated(
        self, edit: Edit, limit: int, kind: Format, on_progress: OnProgress | None
    ) -> Picture:
        request = await self._request(edit)
        if not request.adjustments:
            raise NothingToAnimate()

        async def render(partly: wire.EditRequest) -> bytes:
            result = await self._run(edit.conversation, partly, None, uuid.uuid4().hex)
            assert isinstance(result, wire.EditResult)
            return result.picture.data

        async def report(step: int, total: int) -> None:
            if on_progress is not None:
                answer = on_progress(wire.Progress(number=step, stage="render", step=step, total=total))
                if inspect.isawaitable(answer):
                    await answer

        way = await interpolation.between(request, render, report)
        last = await self.history.picture(edit.picture)
        return await asyncio.to_thread(animation, [request.picture, *way, last.data], limit, True, kind)

    async def compare(
        self,
        speaker: Speaker,
        text: str,
        edit: int | None = None,
        on_progress: OnProgress | None = None,
        key: str | None = None,
        methods: tuple[wire.MethodName, ...] = (),
        mask: bytes | None = None,
    ) -> Turn:
        """The first wish in ``text`` by several methods side by side, from an edit (the speaker's head unless given).

        Each method's picture becomes an edit that can be gone on from; the head stays where it was. Asked again under the
        same ``key``, each is made once. ``mask`` as for ``talk``. Whose the edit is, is the front end's to ask. Never raises for
        what a user can cause.
        """
        begun, locale = time.monotonic(), locale_of(text, speaker.locale)
        try:
            conversation = await self.history.conversation(
                speaker.platform, speaker.user, speaker.place, speaker.server
            )
            async with self._alone(conversation.id):
                chosen = await (
                    self.history.head(conversation.id) if edit is None else self.history.edit(edit)
                )
                place = await _painted(mask)
                turn = await self._compared(chosen, text, locale, methods, job_of(key), on_progress, place)
        except Exception as error:
            turn = self.failed(error, locale)
        return replace(turn, milliseconds=round(1000 * (time.monotonic() - begun), 1))

    async def _compared(
        self,
        base: Edit,
        text: str,
        locale: Locale,
        methods: tuple[wire.MethodName, ...],
        job: str,
        on_progress: OnProgress | None,
        mask: wire.PictureData | None,
    ) -> Turn:
        request = await self._request(base)
        languages = await self._languages(request.inversion.latent.bundle)
        actions = self._read(locale, text, request.adjustments, languages, False)
        wanted = next((action for action in actions if action["do"] == "add"), None)
        if wanted is None:
            raise NothingToCompare
        asked = wire.CompareRequest(
            picture=request.picture,
            inversion=request.inversion,
            adjustments=request.adjustments,
            other_faces=request.other_faces,
            change=_wish(wanted, mask),
            methods=methods,
        )
        result = await self._run(base.conversation, asked, on_progress, job)
        assert isinstance(result, wire.CompareResult)
        rows: list[tuple[wire.MethodResult, Edit | None]] = []
        shown = []
        for row in result.rows:
            if row.adjustment is None:
                rows.append((row, None))
                continue
            made, picture = await self._of_method(base, row, text, job)
            rows.append((row, made))
            alt, caption = replies.alt_of_method(locale, made, row.method), replies.method(locale, row.method)
            shown.append(Shown(made.id, made.number, picture, alt, caption))
        await self.history.show(base.id, base.conversation)
        layers = tuple((r["prompt"], float(r["strength"])) for r in base.recipes)
        reply = replies.compared(locale, replies.name_of(locale, wanted), rows)
        return Turn(
            reply, (wanted,), base, tuple(shown), layers, locale=locale.code, hidden=await self.hidden(base)
        )

    async def _of_method(
        self, base: Edit, row: wire.MethodResult, text: str, job: str
    ) -> tuple[Edit, Picture]:
        """What one method made, as an edit under ``base`` and its picture."""
        result = wire.EditResult(picture=row.picture, adjustments=row.adjustments, effects=(row.effect,))
        return await self._record(base, text, result, f"{job}-{row.method}")

    async def hidden(self, edit: Edit) -> bool:
        """Whether it was made of a picture that came covered."""
        return bool((await self.history.source(edit.source)).details.get("hidden"))

    async def _turn(self, head: Edit | None, actions: list[dict[str, Any]], answer: _Answer) -> Turn:
        async with self.history.database.together():
            shown = [
                await self.shown(edit, answer.locale, answer.pictures.get(edit.picture))
                for edit in answer.shown
            ]
            read = next(
                (
                    faces
                    for faces in answer.faces.values()
                    if head is not None and faces.source.id == head.source
                ),
                None,
            )
            hidden = read.hidden if read else head is not None and await self.hidden(head)
        layers = tuple((r["prompt"], float(r["strength"])) for r in head.recipes) if head else ()
        return Turn(
            answer.locale.joined(answer.sentences),
            tuple(actions),
            head,
            tuple(shown),
            layers,
            tuple(answer.warnings),
            locale=answer.locale.code,
            hidden=hidden,
        )

    async def shown(self, edit: Edit, locale: Locale, picture: Picture | None = None) -> Shown:
        """An edit with its ``picture``, read where it is not at hand, and alternative text."""
        picture = picture or await self.history.picture(edit.picture)
        return Shown(edit.id, edit.number, picture, replies.alt(locale, edit))


def _about(actions: Sequence[dict[str, Any]], layers: Sequence[wire.Adjustment]) -> list[dict[str, Any]]:
    """The actions that are about a face with these adjustments: new wishes, and changes of what is in force on it."""
    prompts = {layer.prompt for layer in layers}
    return [
        action
        for action in actions
        if action["do"] == "add" or action["target"] in prompts | ({"all"} if prompts else set())
    ]


def _changed(
    request: wire.EditRequest, actions: Sequence[dict[str, Any]], mask: wire.PictureData | None
) -> wire.EditRequest:
    """An edit with the changes and wishes of some actions in it."""
    layers = list(request.adjustments)
    for action in actions:
        if action["do"] != "add":
            layers = strengths_after(layers, action)
    wishes = tuple(_wish(action, mask) for action in actions if action["do"] == "add")
    return request.model_copy(
        update={"kind": "edit" if wishes else "render", "adjustments": tuple(layers), "changes": wishes}
    )


async def _painted(mask: bytes | None) -> wire.PictureData | None:
    """What was painted, for the editor. Raises UnusableMask."""
    return None if mask is None else await asyncio.to_thread(painted, mask)


def _wish(action: dict[str, Any], mask: wire.PictureData | None = None) -> wire.Change:
    keep = tuple(action.get("keep") or ())
    strength = max(-MAX_STRENGTH, min(MAX_STRENGTH, float(action.get("strength", 1.0))))
    said = action.get("said")
    return wire.Change(
        prompt=action["prompt"][:300],
        said=said[:300] if said else None,
        strength=strength,
        region=action.get("region"),
        mask=mask,
        keep=keep,
        method=action.get("method"),
    )
