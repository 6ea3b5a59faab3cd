"""Lanes: jobs that wait for each other and for no others, since some take milliseconds and others minutes."""

from __future__ import annotations

from enum import IntEnum

from editor.api.protocol import EditRequest, MethodName, Request, TrainMapperRequest

SEARCHING: frozenset[MethodName] = frozenset(
    (
        "optimization",
        "optimization-s",
        "stylemc",
        "styleclip-optimization",
        "tedigan",
        "styleflow",
        "interfacegan",
        "ganspace",
    )
)
"""Methods that take seconds: those that the registry calls slow."""


class Lane(IntEnum):
    """Higher ones go first at the device, between the steps of lower ones.

    ``RENDERS``: pictures of adjustments that are known, as "less" and "undo" need. ``EDITS``: new wishes and new pictures.
    ``SEARCHES``: slow methods and comparisons. ``TRAINING`` takes what the others leave of the processor.
    """

    TRAINING = 0
    SEARCHES = 1
    EDITS = 2
    RENDERS = 3


SEVERAL = (Lane.RENDERS, Lane.EDITS)
"""Lanes of which a device may be given several jobs at a time."""


def lane_of(request: Request) -> Lane:
    """The lane that a request belongs in."""
    if isinstance(request, TrainMapperRequest):
        return Lane.TRAINING
    if request.kind == "compare":
        return Lane.SEARCHES
    if not isinstance(request, EditRequest):
        return Lane.EDITS
    if request.search or any(wish.method in SEARCHING for wish in request.changes):
        return Lane.SEARCHES
    return Lane.EDITS if request.changes else Lane.RENDERS
