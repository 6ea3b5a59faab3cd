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
        """Report ``step`` of ``total`` steps of a stage, such as "find". Raises Cancelled.

        ``picture`` draws the result so far, [3, R, R] in [-1, 1].
        """


def no_progress(stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
    """Ignore the report."""
