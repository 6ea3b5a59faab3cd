"""Whose turn it is at the device: jobs run on threads of their own, one of them at a time, and step aside between steps.

A follow-up takes some milliseconds and a search takes seconds. So that the one need not wait for the other, a job lets go of
the device wherever it reports progress, and whoever stands higher goes first; but nobody is passed over for ever.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_PASSED = 4
"""Turns that may go to higher ones before a lower one that waits gets one step."""


@dataclass(eq=False)
class Turn:
    """One job's place in the order. A higher ``level`` goes first; ``number`` tells who came first."""

    level: int
    number: int
    passed: int = 0
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """Hands the device from thread to thread; safe to use from any of them."""

    def __init__(self, most_passed: int = MOST_PASSED) -> None:
        self.most_passed = most_passed
        self._lock = threading.Lock()
        self._holder: Turn | None = None
        self._waiting: list[Turn] = []
        self._numbers = itertools.count()

    @contextmanager
    def held(self, level: int) -> Iterator[Turn]:
        """The device for the length of the block, from when it is this job's turn."""
        with self._lock:
            turn = Turn(level, next(self._numbers))
            self._queue(turn)
        turn.called.wait()
        try:
            yield turn
        finally:
            with self._lock:
                self._holder = None
                self._call()

    def step_aside(self, turn: Turn) -> None:
        """Between two steps of the holder: let those go first who stand higher, or have been passed over long enough."""
        with self._lock:
            if not any(other.level > turn.level or self._overdue(other) for other in self._waiting):
                return
            self._queue(turn)
        turn.called.wait()

    def line_up(self, turn: Turn) -> None:
        """The holder lets all those go first who wait and stand no lower, and comes back after them."""
        with self._lock:
            turn.number = next(self._numbers)
            self._queue(turn)
        turn.called.wait()

    @contextmanager
    def left(self, turn: Turn) -> Iterator[None]:
        """The holder does without the device for the length of the block."""
        with self._lock:
            self._holder = None
            self._call()
        try:
            yield
        finally:
            with self._lock:
                self._queue(turn)
            turn.called.wait()

    def _queue(self, turn: Turn) -> None:
        """Whoever lines up holds the device no more."""
        if self._holder is turn:
            self._holder = None
        turn.passed = 0
        turn.called.clear()
        self._waiting.append(turn)
        self._call()

    def _call(self) -> None:
        """Give a free device to whoever is next: the overdue, then the highest, then whoever came first."""
        if self._holder is not None or not self._waiting:
            return
        chosen = min(self._waiting, key=lambda turn: (not self._overdue(turn), -turn.level, turn.number))
        self._waiting.remove(chosen)
        for other in self._waiting:
            other.passed += other.level < chosen.level
        self._holder = chosen
        chosen.called.set()

    def _overdue(self, turn: Turn) -> bool:
        return turn.passed >= self.most_passed
