"""Jobs of the editor for a conversation, and their results as edits in the history."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from bot.conversation.bundles import Bundles
from bot.conversation.conversion import inversion_details, stored_array, stored_picture
from bot.conversation.faces import Faces
from bot.conversation.messages import OnProgress
from bot.conversation.readers import Reader
from bot.metrics import Metrics
from bot.pictures.mark import Mark
from editor.api import protocol as wire
from editor.api.errors import UnknownJob
from storage.history import History
from storage.records import Edit, Face, Picture

_ARTICLE = re.compile(r"^(?:an?|the) ")

R = TypeVar("R", wire.InvertResult, wire.EditResult, wire.CompareResult)


@dataclass(frozen=True)
class Options:
    """Settings of the conversation: inversion quality, time limits and retention.

    Attributes:
        quality: Quality of new pictures' inversions.
        inversion_seconds: About how long an inversion may take; None for no limit.
        search_seconds: How long to search for a change that fast methods do not show; 0 for not at all.
        retention_days: After how many days without use pictures are deleted; None for never.
        reader: What reads messages.
    """

    quality: wire.Quality = "standard"
    inversion_seconds: float | None = None
    search_seconds: float = 20.0
    retention_days: int | None = None
    reader: Reader = field(default_factory=Reader)


class EditorJobs:
    """Runs jobs on the editor and records what they make.

    ``mark`` is put on each result before it is stored.
    """

    def __init__(
        self, history: History, bundles: Bundles, mark: Mark, metrics: Metrics, options: Options
    ) -> None:
        self.history, self.bundles, self.editor = history, bundles, bundles.editor
        self.mark, self.metrics, self.options = mark, metrics, options
        self._running: dict[str, int] = {}

    async def run(
        self,
        conversation: int,
        request: wire.Request,
        job: str,
        expected: type[R],
        on_progress: OnProgress | None = None,
    ) -> R:
        """Run one job of the editor under a name, and return its result. Raises EditorError."""

        def observe(event: wire.Event) -> Awaitable[None] | None:
            self.metrics.observe_event(event)
            return on_progress(event) if on_progress is not None else None

        self._running[job] = conversation
        try:
            result = await self.editor.run(job, wire.Job(user=str(conversation), request=request), observe)
        finally:
            del self._running[job]
        assert isinstance(result, expected)
        return result

    async def cancel(self, prefix: str) -> None:
        """Cancel the running jobs whose names begin with a prefix. Raises EditorAway."""
        await self._cancel([job for job in self._running if job.startswith(prefix)])

    def running(self, conversation: int) -> bool:
        """Whether a job of a conversation is running."""
        return conversation in self._running.values()

    async def cancel_conversation(self, conversation: int) -> None:
        """Cancel all running jobs of a conversation. Raises EditorAway."""
        await self._cancel([job for job, owner in self._running.items() if owner == conversation])

    async def _cancel(self, jobs: list[str]) -> None:
        for job in jobs:
            with contextlib.suppress(UnknownJob):
                await self.editor.cancel(job)

    async def faces(self, edit: Edit) -> Faces:
        """Read the faces of an edit's picture, with the adjustments in force on each."""
        async with self.history.database.shared_snapshot():
            source = await self.history.source(edit.source)
            others = await self.history.faces(edit.source) if source.details.get("faces", 0) > 1 else []
            layers = await self.history.adjustments(edit.id)
        return Faces.of(source, others, layers)

    async def suggestions(self, head: Edit | None) -> tuple[str, ...]:
        """Return changes that a picture's bundle does well and that are not in force; of any bundle without
        a picture."""
        if head is None:
            return await self.bundles.examples(None)
        source = await self.history.source(head.source)
        in_force = {recipe["prompt"] for recipe in head.recipes}
        examples = await self.bundles.examples(source.bundle)
        return tuple(example for example in examples if _ARTICLE.sub("", example) not in in_force)

    async def hidden(self, edit: Edit) -> bool:
        """Whether an edit's picture is a spoiler."""
        return bool((await self.history.source(edit.source)).details.get("hidden"))

    async def edit_request_for(self, base: Edit) -> wire.EditRequest:
        """Return an editor request based on ``base`` for its chosen face.

        If several are chosen, it is for the first one.
        """
        faces = await self.faces(base)
        return faces.request(faces.chosen[0], await self.history.original(faces.source))

    async def add_face(
        self, head: Edit, faces: Faces, number: int, job: str, on_progress: OnProgress | None
    ) -> None:
        """Make one more face of a picture editable."""
        source = faces.source
        request = wire.InvertRequest(
            bundle=source.bundle,
            picture=await self.history.original(source),
            face=number,
            quality=source.details.get("quality", self.options.quality),
            seconds=self.options.inversion_seconds,
        )
        result = await self.run(head.conversation, request, job, wire.InvertResult, on_progress)
        latent, tuning = stored_array(result.inversion.latent.w), result.inversion.tuning
        await self.history.add_face(source.id, Face(number, latent, inversion_details(result), tuning))

    async def edit(
        self,
        base: Edit,
        request: wire.EditRequest,
        names: Iterator[str],
        on_progress: OnProgress | None,
        first: wire.EditResult | None = None,
    ) -> tuple[wire.EditResult, str]:
        """Return the result of an edit and the name of the job that made it.

        ``first`` is the result if the job that received the picture has made the edit already. If fast
        methods do not show a change that other pictures do show, a second job searches for it. Few changes
        are like that, so only those take longer.
        """
        job = next(names)
        result = first or await self.run(base.conversation, request, job, wire.EditResult, on_progress)
        if result.worth_a_search and self.options.search_seconds > 0:
            job = next(names)
            request = request.model_copy(update={"search": True, "seconds": self.options.search_seconds})
            result = await self.run(base.conversation, request, job, wire.EditResult, on_progress)
        self.metrics.count_verdicts(result.effects)
        return result, job

    async def record(
        self,
        base: Edit,
        text: str,
        result: wire.EditResult,
        job: str,
        faces: Faces | None = None,
        answers: str | None = None,
    ) -> tuple[Edit, Picture]:
        """Store a result as an edit under ``base``, and return the edit and its marked picture.

        Args:
            faces: All faces after the edit; by default the chosen face gets the result's adjustments.
            answers: The stored request that this edit completes.
        """
        effects = [effect.model_dump(mode="json") for effect in result.effects]
        if faces is None:
            faces = await self.faces(base)
            faces = faces.with_layers(faces.chosen[0], result.adjustments)
        picture = await asyncio.to_thread(self.mark, stored_picture(result.picture))
        edit = await self.history.record_edit(
            base, text[:2000], faces.stored(), effects, picture, job, answers
        )
        return edit, picture
