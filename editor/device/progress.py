"""Progress of slow work: a callback between its steps, which may also end it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from torch import Tensor


class Progress(Protocol):
    """A callback that slow work calls between its steps."""

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """Report one step.

        Args:
            stage: What is being done, for instance ``"find"`` or ``"measure"``.
            step: Steps done so far.
            total: Steps in all.
            picture: Draws the result so far, [3, R, R] in [-1, 1].

        Raises:
            Cancelled: The work is no longer wanted.
        """


def no_progress(stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
    """Ignore the report."""


class OutOfTime(Exception):
    """The time of a search is over; its best result so far is its answer."""


def with_deadline(progress: Progress, seconds: float) -> Progress:
    """Return a callback that raises ``OutOfTime`` between the steps of a search after ``seconds``."""
    deadline = time.monotonic() + seconds

    def report(stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
        progress(stage, step, total, picture)
        if stage == "find" and time.monotonic() >= deadline:
            raise OutOfTime

    return report
