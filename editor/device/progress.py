"""Progress reports of slow work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor


class ProgressCallback(Protocol):
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
