"""The fair queue: who was served least recently goes first; within one user priority, then age."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from editor.errors import QueueFull


@dataclass(order=True)
class _Entry:
    sort: tuple[int, int]
    job: str = field(compare=False)


class FairQueue:
    """Job ids waiting, by user. Not thread-safe: it lives on the event loop."""

    def __init__(self, per_user: int = 8) -> None:
        self.per_user = per_user
        self._waiting: dict[str, list[_Entry]] = {}
        self._served: dict[str, int] = {}
        self._clock = itertools.count(1)

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._waiting.values())

    def push(self, user: str, job: str, priority: int = 0) -> None:
        """Add a job. Raises QueueFull when the user has as many waiting as allowed."""
        entries = self._waiting.setdefault(user, [])
        if len(entries) >= self.per_user:
            raise QueueFull(retry_after=5, limit=self.per_user)
        entries.append(_Entry((-priority, next(self._clock)), job))
        entries.sort()

    def pop(self) -> str | None:
        """The next job, None when nobody waits."""
        user = min(self._waiting, key=self._turn, default=None)
        if user is None:
            return None
        job = self._waiting[user].pop(0).job
        if not self._waiting[user]:
            del self._waiting[user]
        self._served[user] = next(self._clock)
        self._forget()
        return job

    def remove(self, job: str) -> bool:
        """Take a waiting job out; False when it is not waiting."""
        for user, entries in self._waiting.items():
            for entry in entries:
                if entry.job == job:
                    entries.remove(entry)
                    if not entries:
                        del self._waiting[user]
                    return True
        return False

    def position(self, job: str) -> int:
        """How many jobs would be served before this one, if nobody else came.

        Users take turns in rounds: everybody's first job, then everybody's second. So all earlier rounds go before it, and of its
        own those users whose turn comes sooner.
        """
        for user, entries in self._waiting.items():
            for place, entry in enumerate(entries):
                if entry.job == job:
                    turn = self._turn(user)
                    return sum(
                        min(len(theirs), place) + (len(theirs) > place and self._turn(other) < turn)
                        for other, theirs in self._waiting.items()
                    )
        return 0

    def drain(self) -> list[str]:
        """Everything that waits, in order; the queue is empty afterwards."""
        order = self._order()
        self._waiting.clear()
        return order

    def _turn(self, user: str) -> tuple[int, int]:
        return self._served.get(user, 0), self._waiting[user][0].sort[1]

    def _order(self) -> list[str]:
        ordered = sorted(
            (place, self._turn(user), entry.job) for user, entries in self._waiting.items() for place, entry in enumerate(entries)
        )
        return [job for _, _, job in ordered]

    def _forget(self, most: int = 10_000) -> None:
        """Keep the memory of who was served bounded: the longest ago are as good as never."""
        if len(self._served) > most:
            recent = sorted(self._served.items(), key=lambda item: item[1])[-most // 2 :]
            self._served = dict(recent)
