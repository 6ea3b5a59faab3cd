"""From the original to an edit in small steps, each rendered by the editor."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from editor.api import protocol as wire
from editor.api.strength import effective_strength, strength_for

STEPS = (9, 5, 3)
"""Possible numbers of in-between pictures; the largest that fits into BUDGET_SECONDS is used.

Odd, so that one is exactly halfway.
"""
BUDGET_SECONDS = 20.0

Render = Callable[[wire.EditRequest], Awaitable[bytes]]
OnStep = Callable[[int, int], Awaitable[None]]
"""Steps done and steps in all."""


def partway(strength: float, share: float) -> float:
    """Return the strength at which an adjustment has ``share`` (0 to 1) of its effect."""
    return strength_for(share * effective_strength(strength))


def request_at(request: wire.EditRequest, share: float) -> wire.EditRequest:
    """Return the request for the picture at ``share`` of the way to the adjustments of ``request``.

    It reuses the deltas of ``request``.
    """
    # an empty basis keeps the editor from computing the deltas anew for each picture
    layers = tuple(
        layer.model_copy(update={"strength": partway(layer.strength, share), "basis": ""})
        for layer in request.adjustments
    )
    return request.model_copy(update={"kind": "render", "adjustments": layers, "changes": (), "seed": None})


async def frames_between(request: wire.EditRequest, render: Render, on_step: OnStep) -> list[bytes]:
    """Return encoded pictures evenly spaced between the original and the edit, without these two.

    The middle one comes first: how long it took decides how many there will be.
    """
    begun = time.monotonic()
    middle = await render(request_at(request, 0.5))
    seconds = time.monotonic() - begun
    count = next((steps for steps in STEPS if (steps - 1) * seconds <= BUDGET_SECONDS), STEPS[-1])
    await on_step(1, count)
    made = {count // 2: middle}
    for done, number in enumerate((number for number in range(count) if number not in made), start=2):
        made[number] = await render(request_at(request, (number + 1) / (count + 1)))
        await on_step(done, count)
    return [made[number] for number in range(count)]
