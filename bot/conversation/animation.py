"""The way from the original picture to an edit and back, as a loop."""

from __future__ import annotations

import asyncio
import inspect
import uuid

from bot.conversation import interpolation, replies
from bot.conversation.jobs import EditorJobs
from bot.conversation.messages import OnProgress, Shown, Turn, strengths
from bot.errors import NothingToAnimate
from bot.locales import Locale
from bot.pictures.animation import Format, encode_animation
from editor.api import protocol as wire
from storage.records import Edit, Picture


async def animate(
    jobs: EditorJobs, edit: Edit, locale: Locale, limit: int, kind: Format, on_progress: OnProgress | None
) -> Turn:
    """Return a loop of at most ``limit`` bytes. Raises NothingToAnimate, EditorError, StorageError."""
    picture = await _loop(jobs, edit, limit, kind, on_progress)
    shown = Shown(edit.id, edit.number, picture, replies.alt_of_animation(locale, edit))
    return Turn(
        locale.say("reply.animated"),
        edit=edit,
        pictures=(shown,),
        adjustments=strengths(edit),
        locale=locale.code,
    )


async def _loop(
    jobs: EditorJobs, edit: Edit, limit: int, kind: Format, on_progress: OnProgress | None
) -> Picture:
    request = await jobs.edit_request_for(edit)
    if not request.adjustments:
        raise NothingToAnimate()

    async def render(partly: wire.EditRequest) -> bytes:
        result = await jobs.run(edit.conversation, partly, uuid.uuid4().hex, wire.EditResult)
        return result.picture.data

    async def report(step: int, total: int) -> None:
        if on_progress is not None:
            pending = on_progress(wire.Progress(number=step, stage="render", step=step, total=total))
            if inspect.isawaitable(pending):
                await pending

    between = await interpolation.frames_between(request, render, report)
    last = await jobs.history.picture(edit.picture)
    return await asyncio.to_thread(
        encode_animation, [request.picture, *between, last.data], limit, True, kind
    )
