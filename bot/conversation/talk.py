"""Answers one message: reads it into actions, carries them out one step at a time, and says what was done."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot import locales
from bot.conversation import replies
from bot.conversation.answers import Circumstances, answer
from bot.conversation.checkpoint import Checkpoint
from bot.conversation.conversion import inversion_details, stored_array, stored_picture
from bot.conversation.faces import Faces, numbers_of
from bot.conversation.jobs import EditorJobs
from bot.conversation.messages import OnProgress, Shown, Turn, strengths
from bot.conversation.planning import (
    addition_of,
    change_of,
    changes_for,
    edit_request,
    repeated,
    steps_of,
)
from bot.errors import NoFaces, NothingSaid
from bot.language.actions import (
    Action,
    Add,
    Answer,
    Ask,
    Face,
    Goto,
    Redo,
    Reset,
    Show,
    Topic,
    Transfer,
    Undo,
    Variations,
    What,
)
from bot.language.reader import read
from editor.api import protocol as wire
from editor.api.errors import NoSuchFace
from storage.errors import NoPicture
from storage.records import Conversation, Edit, NewSource, Picture

MAX_VARIATIONS = 4
_BESIDE_A_PICTURE = (
    Ask("ask.nothing"),
    Answer("greeting"),
    Answer("thanks"),
    Answer("praise"),
    Answer("smalltalk"),
)
"""Text that needs no answer of its own when it comes with a picture."""


class Talk:
    """One message while it is being answered.

    Each job of the editor is named after ``job``, so that the same request makes the same edits when it is
    repeated. ``platform`` is the name of the front end.
    """

    def __init__(
        self,
        jobs: EditorJobs,
        conversation: Conversation,
        checkpoint: Checkpoint,
        job: str,
        on_progress: OnProgress | None = None,
        platform: str = "",
    ) -> None:
        self.platform = platform
        self.jobs, self.history, self.conversation = jobs, jobs.history, conversation
        self.checkpoint, self.request = checkpoint, checkpoint.request
        self.job, self.on_progress = job, on_progress
        self.locale = locales.get(checkpoint.locale)
        self._job_names = (f"{job}-{number}" for number in itertools.count(1))
        self._sentences: list[str] = []
        self._shown: list[Edit] = []
        self._warnings: list[str] = []
        self._choices: list[str] = []
        self._faces: dict[int, Faces] = {}
        self._pictures: dict[int, Picture] = {}
        self._last_step = self._finished = False
        self._first_edit: wire.EditResult | None = None

    async def turn(self, picture: bytes | None) -> Turn:
        """Answer the message, starting from the edit that the same request started from the first time."""
        async with self.history.database.shared_snapshot():
            head = await self._start()
            if head is not None:
                await self._faces_of(head)
        stored, supersede = self.checkpoint.row(head), not self.checkpoint.kept
        begun = await self.history.jobs.begin(self.job, self.conversation.id, stored, supersede)
        try:
            if not begun.new or self.request.reply_to is not None:
                head = await self._return_to(begun.request)
            source = None if begun.new else await self.history.edit_of_job(self._source_job)
            turn = await self._answer(head, picture, source)
        except Exception:
            await self._finish()
            raise
        await self._finish()
        return turn

    @property
    def _source_job(self) -> str:
        """Name of the job that makes the message's picture editable."""
        return f"{self.job}-source"

    async def _start(self) -> Edit | None:
        """Return the edit that the message continues from."""
        reply_to = self.request.reply_to
        if reply_to is not None:
            edit = await self.history.edit(reply_to)
            if edit.conversation == self.conversation.id:
                return edit
        try:
            return await self.history.head(self.conversation.id)
        except NoPicture:
            return None

    async def _return_to(self, begun: Mapping[str, Any]) -> Edit | None:
        """Show the edit that the stored request started from. Raises NotFound if it was deleted."""
        if begun["base"] is None:
            return None
        since = datetime.fromisoformat(begun["since"]) if begun.get("since") else None
        return await self.history.show(begun["base"], self.conversation.id, since)

    async def _finish(self) -> None:
        """Forget the stored request, unless the front end or the last edit does.

        A cancelled one stays for recovery.
        """
        if not self.checkpoint.kept and not self._finished:
            await self.history.jobs.finish(self.job)

    async def _answer(self, head: Edit | None, picture: bytes | None, source: Edit | None) -> Turn:
        """Carry out the message; ``source`` is its picture if an earlier attempt made it editable."""
        faces = await self._faces_of(head) if head else None
        before = faces.in_force if faces else []
        new = picture is not None or source is not None
        actions = await self._actions(faces, new)
        steps = steps_of(actions)
        if new:
            first = steps[0] if steps else ()
            head = source if picture is None else await self._receive(picture, actions, first)
            assert head is not None
            self._shown = [head]
        elif head is None and any(not isinstance(action, Ask | Show | Answer) for action in actions):
            raise NoPicture("no picture yet")
        for number, step in enumerate(steps, 1):
            self._last_step = number == len(steps)
            head = await self._do(head, step, before)
        if head is not None and actions and all(isinstance(action, Face) for action in actions):
            self._sentences.append(replies.chosen(self.locale, await self._faces_of(head)))
        return await self._finished_turn(head, actions)

    async def _actions(self, faces: Faces | None, has_picture: bool) -> list[Action]:
        """Return what the message asks for."""
        if self.request.actions is not None:
            return [replies.in_words(self.locale, action) for action in self.request.actions]
        named = faces.source.bundle if faces is not None and not has_picture else self.request.bundle
        languages = await self.jobs.bundles.languages(named)
        if faces is None:
            return await self._read((), languages, has_picture)
        actions = await self._read(faces.in_force, languages, has_picture)
        if any(isinstance(action, Face) for action in actions):  # "less" may mean what that face has
            actions = await self._read(faces.all_in_force(actions), languages, has_picture)
        return actions

    async def _read(
        self, in_force: Sequence[wire.Adjustment], languages: Sequence[str], has_picture: bool
    ) -> list[Action]:
        text = self.request.text
        if not text.strip():
            if not has_picture:
                raise NothingSaid
            return []
        prompts = [layer.prompt for layer in in_force]
        actions = await self.jobs.options.reader.read(text, prompts, languages)
        if has_picture:  # text with a picture need not ask for anything
            actions = [action for action in actions if action not in _BESIDE_A_PICTURE]
        names = {layer.prompt: replies.name_of(self.locale, layer) for layer in in_force}
        for action in actions:
            if isinstance(action, Ask):
                said = replies.choices(self.locale, action, names)
                read_again = [tuple(read(one, prompts, languages)) for one in said]
                pairs = zip(said, read_again, action.choices, strict=True)
                self._choices += [one for one, again, choice in pairs if again == choice]
        return [replies.in_words(self.locale, action, names) for action in actions]

    async def _do(
        self, head: Edit | None, step: Sequence[Action], before: Sequence[wire.Adjustment]
    ) -> Edit | None:
        """Carry out one step, and return the edit shown after it; ``before`` was in force before a new
        picture."""
        match step[0]:
            case Ask(question=question):
                self._sentences.append(question)
                return head
            case Answer(topic=topic):
                self._sentences.append(await self._answer_question(topic, head))
                return head
            case Show(what=what):
                await self._show(head, what)
                return head
        if head is None:
            raise NoPicture("no picture yet")
        match step[0]:
            case Undo() | Redo() | Goto() | Reset() as action:
                head = await self._move(action)
                self._sentences.append(replies.moved(self.locale, action, head))
                self._shown = [head]
                return head
            case Face(place=place):
                await self._choose(head, place)
                return head
            case Variations(count=count):
                return await self._variations(head, count)
            case Transfer():
                if not before:
                    self._sentences.append(self.locale.say("reply.nothing-to-transfer"))
                    return head
                step = [addition_of(layer) for layer in before]
        return await self._change(head, step)

    async def _answer_question(self, topic: Topic, head: Edit | None) -> str:
        """Answer a message that asks for no change."""
        circumstances = Circumstances(
            self.platform,
            head is not None,
            await self.jobs.suggestions(head),
            self.jobs.options.retention_days,
        )
        return answer(self.locale, topic, circumstances)

    async def _show(self, head: Edit | None, what: What) -> None:
        if what == "help" or head is None:
            self._sentences.append(replies.help_text(self.locale, await self.jobs.suggestions(head)))
            return
        edits = await self.history.edits(head.source)
        match what:
            case "history":
                self._sentences.append(replies.history(self.locale, edits, head))
            case "adjustments":
                self._sentences.append(replies.adjustments(self.locale, head))
            case "original":
                self._sentences.append(self.locale.say("reply.original"))
                self._shown = [edits[0]]
            case "compare":
                self._sentences.append(self.locale.say("reply.compared"))
                self._shown = [edits[0], head]

    async def _move(self, action: Undo | Redo | Goto | Reset) -> Edit:
        conversation = self.conversation.id
        match action:
            case Undo(steps=steps):
                return await self.history.undo(conversation, steps)
            case Redo(steps=steps):
                return await self.history.redo(conversation, steps)
            case Goto(edit=number):
                return await self.history.goto(conversation, number)
            case Reset():
                return await self.history.goto(conversation, 0)

    async def _receive(self, picture: bytes, actions: Sequence[Action], first: Sequence[Action]) -> Edit:
        """Make a new picture editable and show it; the same job applies the changes that are the ``first``
        step."""
        added = [action for action in first if isinstance(action, Add)]
        changes = tuple(change_of(action, self.checkpoint.mask) for action in added)
        places = [action.place for action in actions if isinstance(action, Face)]
        request = wire.InvertRequest(
            bundle=self.request.bundle,
            picture=picture,
            face={1: 0, -1: -1}.get(places[0] or 0) if places else None,  # other places may not exist
            box=self.request.box,
            quality=self.request.quality or self.jobs.options.quality,
            seconds=self.jobs.options.inversion_seconds,
            changes=changes if len(added) == len(first) else (),
        )
        result = await self.jobs.run(
            self.conversation.id, request, self._source_job, wire.InvertResult, self.on_progress
        )
        made, self._first_edit = result.inversion, result.edit
        warnings = [code for code in result.warnings if not (places and code == "several-faces")]
        if wire.quality_is_below(made.fidelity.quality, request.quality):
            warnings.append("no-time")
        self._warnings += warnings
        new = NewSource(
            stored_picture(result.picture),
            made.latent.bundle,
            made.latent.fingerprint,
            stored_array(made.latent.w),
            inversion_details(result) | {"hidden": self.request.hidden, "quality": request.quality},
            made.tuning,
        )
        edit = await self.history.add_source(self.conversation.id, new, self._source_job)
        received = replies.Received(
            warnings,
            await self.jobs.bundles.selectable(),
            await self.jobs.suggestions(edit),
            alone=not actions,
            face=replies.face_name(self.locale, result.face or 0, result.faces),
        )
        self._sentences += replies.received(self.locale, received)
        return edit

    async def _faces_of(self, edit: Edit) -> Faces:
        """The faces of an edit's picture, read once: nobody else changes them during this turn."""
        if edit.id not in self._faces:
            self._faces[edit.id] = await self.jobs.faces(edit)
        return self._faces[edit.id]

    async def _choose(self, head: Edit, place: int | None) -> None:
        """Choose the faces that changes apply to from now on. Raises NoFaces, NoSuchFace."""
        faces = await self._faces_of(head)
        if not faces.count:
            if place is None:
                return  # "all of them" means the picture's one face
            raise NoFaces
        numbers = numbers_of(place, faces.count)
        if not numbers and place is not None:
            raise NoSuchFace(number=abs(place), reason="left" if place > 0 else "right", faces=faces.count)
        for number in numbers:
            if number not in faces.inversions:
                await self.jobs.add_face(head, faces, number, f"{self.job}-face-{number}", self.on_progress)
        await self.history.choose_faces(faces.source.id, numbers)
        self._faces.clear()

    async def _change(self, base: Edit, step: Sequence[Action]) -> Edit:
        """Make one step of changes: one job for each chosen face, and one new edit unless nothing changed."""
        faces, told = await self._faces_of(base), []
        picture = await self.history.original(faces.source)
        results: list[tuple[wire.EditResult, str]] = []
        first, self._first_edit = self._first_edit, None
        for number in faces.chosen:
            before = faces.layers.get(number, ())
            changes = changes_for(step, before)
            present = {} if self.checkpoint.mask else repeated(changes, before)
            sentences = [replies.already(self.locale, layer) for layer in present.values()]
            self._choices += replies.offers(self.locale, list(present.values()), ())
            changes = [change for change in changes if change not in present]
            if changes:
                request = edit_request(faces.request(number, picture), changes, self.checkpoint.mask)
                result, job = await self.jobs.edit(base, request, self._job_names, self.on_progress, first)
                sentences += replies.changed(self.locale, changes, before, result)
                self._choices += replies.offers(self.locale, (), result.effects)
                if request.adjustments != before or any(e.verdict != "refused" for e in result.effects):
                    faces = faces.with_layers(number, result.adjustments)
                    results.append((result, job))
                self._warnings += [f"{e.verdict}: {e.prompt}" for e in result.effects if e.verdict != "done"]
            if sentences:
                told.append((number, sentences))
        self._sentences += replies.by_face(self.locale, told, faces.count)
        if not told:
            self._sentences.append(self.locale.say("ask.no-target"))
        return await self._record(base, faces, results) if results else base

    async def _record(self, base: Edit, faces: Faces, results: Sequence[tuple[wire.EditResult, str]]) -> Edit:
        """Store the results of one step, one for each changed face, as one edit; the last has the picture."""
        effects = tuple(effect for result, _ in results for effect in result.effects)
        last, job = results[-1]
        ends = self._last_step and not self.checkpoint.kept
        edit, picture = await self.jobs.record(
            base,
            self.request.text,
            last.model_copy(update={"effects": effects}),
            job,
            faces,
            self.job if ends else None,
        )
        self._finished = ends
        self._pictures[edit.picture] = picture
        self._shown = [edit]
        return edit

    async def _variations(self, head: Edit, count: int) -> Edit:
        """Make looks near the present one, each an edit of its own; the same edit stays the current one."""
        request, made = await self.jobs.edit_request_for(head), []
        edits = await self.history.edits(head.source)
        earlier = sum(edit.parent == head.id and replies.is_variation(edit) for edit in edits)
        for seed in range(earlier + 1, earlier + 1 + max(1, min(MAX_VARIATIONS, count))):
            job, seeded = (
                next(self._job_names),
                request.model_copy(update={"seed": 1000 * head.number + seed}),
            )
            result = await self.jobs.run(head.conversation, seeded, job, wire.EditResult, self.on_progress)
            edit, picture = await self.jobs.record(head, f"variation {seed}", result, job)
            self._pictures[edit.picture] = picture
            made.append(edit)
        self._shown = made
        self._sentences.append(replies.variations(self.locale, made))
        return await self.history.show(head.id, head.conversation)

    async def _finished_turn(self, head: Edit | None, actions: Sequence[Action]) -> Turn:
        """Return the answer, with the pictures to show."""
        async with self.history.database.shared_snapshot():
            shown = [await self._picture_of(edit) for edit in self._shown]
            faces = [faces for faces in self._faces.values() if head and faces.source.id == head.source]
            hidden = faces[0].hidden if faces else head is not None and await self.jobs.hidden(head)
        if head is not None and head.number == 1 and head.picture in self._pictures:  # the first result
            suggestions = await self.jobs.suggestions(head)
            self._sentences.append(replies.with_examples(self.locale, "reply.next", suggestions[:1]))
        return Turn(
            self.locale.joined(self._sentences),
            tuple(actions),
            head,
            tuple(shown),
            strengths(head) if head else (),
            tuple(self._warnings),
            locale=self.locale.code,
            hidden=hidden,
            choices=tuple(dict.fromkeys(self._choices)),
        )

    async def _picture_of(self, edit: Edit) -> Shown:
        picture = self._pictures.get(edit.picture) or await self.history.picture(edit.picture)
        return Shown(edit.id, edit.number, picture, replies.alt(self.locale, edit))
