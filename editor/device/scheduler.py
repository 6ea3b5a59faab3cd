"""Cooperative scheduling of one device: jobs run on threads of their own, one at a time, and yield between
steps.

A follow-up takes milliseconds and a search takes seconds. A job therefore yields the device wherever it
reports progress, and the waiting job with the highest priority runs next. A job that was overtaken too often
runs one step before that.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MAX_OVERTAKES = 4
"""How often jobs of higher priority may overtake a waiting one before it runs one step."""


@dataclass(eq=False)
class DeviceTask:
    """One job at the device. ``number`` orders jobs of the same priority."""

    priority: int
    number: int
    overtaken: int = 0
    may_run: threading.Event = field(default_factory=threading.Event)


class DeviceScheduler:
    """Gives the device to one thread at a time. All methods are safe to call from any thread."""

    def __init__(self, max_overtakes: int = MAX_OVERTAKES) -> None:
        self.max_overtakes = max_overtakes
        self._lock = threading.Lock()
        self._holder: DeviceTask | None = None
        self._waiting: list[DeviceTask] = []
        self._numbers = itertools.count()

    @contextmanager
    def acquired(self, priority: int) -> Iterator[DeviceTask]:
        """Wait for the device and hold it for the length of the block."""
        with self._lock:
            task = DeviceTask(priority, next(self._numbers))
            self._enqueue(task)
        task.may_run.wait()
        try:
            yield task
        finally:
            with self._lock:
                self._release()

    def yield_device(self, task: DeviceTask) -> None:
        """Let jobs run that have a higher priority or were overtaken too often; called by the holder."""
        with self._lock:
            if not any(other.priority > task.priority or self._is_overdue(other) for other in self._waiting):
                return
            self._enqueue(task)
        task.may_run.wait()

    def requeue(self, task: DeviceTask) -> None:
        """Let all waiting jobs of the same or a higher priority run first; called by the holder."""
        with self._lock:
            task.number = next(self._numbers)
            self._enqueue(task)
        task.may_run.wait()

    @contextmanager
    def released(self, task: DeviceTask) -> Iterator[None]:
        """Release the device for the length of the block and wait for it afterwards; called by the holder."""
        with self._lock:
            self._release()
        try:
            yield
        finally:
            with self._lock:
                self._enqueue(task)
            task.may_run.wait()

    def _enqueue(self, task: DeviceTask) -> None:
        """Enqueue; release the device if held."""
        task.overtaken = 0
        task.may_run.clear()
        self._waiting.append(task)
        if self._holder is task:
            self._holder = None
        self._run_next()

    def _release(self) -> None:
        self._holder = None
        self._run_next()

    def _run_next(self) -> None:
        """Give a free device to the next job: overdue before high priority before early."""
        if self._holder is not None or not self._waiting:
            return
        chosen = min(
            self._waiting, key=lambda task: (not self._is_overdue(task), -task.priority, task.number)
        )
        self._waiting.remove(chosen)
        for other in self._waiting:
            other.overtaken += other.priority < chosen.priority
        self._holder = chosen
        chosen.may_run.set()

    def _is_overdue(self, task: DeviceTask) -> bool:
        return task.overtaken >= self.max_overtakes
