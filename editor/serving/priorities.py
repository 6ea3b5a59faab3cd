"""Priorities of jobs. Each has a queue of its own, since some jobs take milliseconds and others minutes."""

from __future__ import annotations

from enum import IntEnum

from editor.api.protocol import CompareRequest, EditRequest, InvertRequest, MethodName, Request
from editor.api.protocol import TrainMapperRequest as TrainRequest

SEARCHING: frozenset[MethodName] = frozenset(
    (
        *("optimization", "optimization-s", "styleclip-optimization"),
        *("stylemc", "tedigan", "styleflow", "interfacegan", "ganspace"),
    )
)
"""Methods that take seconds; the registry of methods calls them slow."""


class Priority(IntEnum):
    """Higher ones run first on the device, between the steps of lower ones."""

    TRAINING = 0
    """Mappers; takes only what the others leave of the processor."""
    SEARCHES = 1
    """Slow methods and comparisons."""
    EDITS = 2
    """New changes and new pictures."""
    RENDERS = 3
    """Known adjustments only, as for "less" and "undo"."""


PARALLEL = (Priority.RENDERS, Priority.EDITS)
"""Priorities of which a device may run several jobs at a time."""


def priority_of(request: Request) -> Priority:
    """Return the priority of a request."""
    match request:
        case TrainRequest():
            return Priority.TRAINING
        case CompareRequest():
            return Priority.SEARCHES
        case EditRequest(changes=(), search=False):
            return Priority.RENDERS
        case EditRequest(search=True):
            return Priority.SEARCHES
        case EditRequest(changes=changes) | InvertRequest(changes=changes):
            searches = any(change.method in SEARCHING for change in changes)
            return Priority.SEARCHES if searches else Priority.EDITS
