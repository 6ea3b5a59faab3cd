"""The way from the original picture to an edit and back, as a loop of pictures that the editor renders."""

from __future__ import annotations

import asyncio
import inspect
import time
import uuid
from collections.abc import Awaitable, Callable

from bot.conversation import replies
from bot.conversation.jobs import EditorJobs
from bot.conversation.messages import OnProgress, Shown, Turn, strengths
from bot.errors import NothingToAnimate
from bot.locales import Locale
from bot.pictures.animation import encode_animation
from editor.api import protocol as wire
from editor.api.strength import effective_strength, strength_for
from storage.records import Edit

STEPS = (9, 5, 3)
"""Possible numbers of in-between pictures; the largest that fits into BUDGET_SECONDS is used.

Odd, so that one is exactly halfway.
"""
BUDGET_SECONDS = 20.0

Render = Callable[[wire.EditRequest], Awaitable[bytes]]
OnStep = Callable[[int, int], Awaitable[None]]
"""Steps done and steps in all."""


async def animate(
    jobs: EditorJobs, edit: Edit, locale: Locale, limit: int, on_progress: OnProgress | None
) -> Turn:
    """Return a loop of at most ``limit`` bytes. Raises NothingToAnimate, EditorError, StorageError."""
    request = await jobs.edit_request_for(edit)
    if not request.adjustments:
        raise NothingToAnimate

    async def render(partly: wire.EditRequest) -> bytes:
        result = await jobs.run(edit.conversation, partly, uuid.uuid4().hex, wire.EditResult)
        return result.picture.data

    async def report(step: int, total: int) -> None:
        if on_progress is not None:
            pending = on_progress(wire.Progress(number=step, stage="render", step=step, total=total))
            if inspect.isawaitable(pending):
                await pending

    between = await frames_between(request, render, report)
    last = await jobs.history.picture(edit.picture)
    picture = await asyncio.to_thread(encode_animation, [request.picture, *between, last.data], limit)
    shown = Shown(edit.id, edit.number, picture, replies.alt(locale, edit, "animation"))
    reply = locale.say("reply.animated")
    return Turn(reply, edit=edit, pictures=(shown,), adjustments=strengths(edit), locale=locale.code)


async def frames_between(request: wire.EditRequest, render: Render, on_step: OnStep) -> list[bytes]:
    """Return encoded pictures evenly spaced between the original and the edit, without these two.

    The middle one comes first: how long it took decides how many there will be.
    """
    begun = time.monotonic()
    middle = await render(_request_at(request, 0.5))
    seconds = time.monotonic() - begun
    count = next((steps for steps in STEPS if (steps - 1) * seconds <= BUDGET_SECONDS), STEPS[-1])
    await on_step(1, count)
    made = {count // 2: middle}
    for done, number in enumerate((number for number in range(count) if number not in made), start=2):
        made[number] = await render(_request_at(request, (number + 1) / (count + 1)))
        await on_step(done, count)
    return [made[number] for number in range(count)]


def partway(strength: float, share: float) -> float:
    """Return the strength at which an adjustment has ``share`` (0 to 1) of its effect."""
    return strength_for(share * effective_strength(strength))


def _request_at(request: wire.EditRequest, share: float) -> wire.EditRequest:
    """Return the request for the picture at ``share`` of the way to the adjustments of ``request``."""
    # an empty basis keeps the editor from computing the deltas anew for each picture
    layers = tuple(
        layer.model_copy(update={"strength": partway(layer.strength, share), "basis": ""})
        for layer in request.adjustments
    )
    return request.model_copy(update={"kind": "render", "adjustments": layers, "changes": (), "seed": None})
