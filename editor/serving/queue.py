"""The fair queue: who was served least recently goes first; within one user priority, then age."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from editor.api.errors import QueueFull


@dataclass(order=True)
class _Entry:
    sort: tuple[int, int]
    job: str = field(compare=False)


class FairQueue:
    """Job ids waiting, by user. Not thread-safe: it lives on the event loop.

    Users stand in the order of their turns, so that a job's way in, its place and its way out cost a search by halves however
    many wait.
    """

    def __init__(self, per_user: int = 8) -> None:
        self.per_user = per_user
        self._waiting: dict[str, list[_Entry]] = {}
        self._users: dict[str, str] = {}
        """Whose each waiting job is."""
        self._turns: list[tuple[tuple[int, int], str]] = []
        """Everybody who waits, the next one first."""
        self._served: dict[str, int] = {}
        self._clock = itertools.count(1)

    def __len__(self) -> int:
        return len(self._users)

    def push(self, user: str, job: str, priority: int = 0) -> None:
        """Add a job. Raises QueueFull when the user has as many waiting as allowed."""
        if len(self._waiting.get(user, ())) >= self.per_user:
            raise QueueFull(retry_after=5, limit=self.per_user)
        with self._changing(user):
            bisect.insort(self._waiting.setdefault(user, []), _Entry((-priority, next(self._clock)), job))
        self._users[job] = user

    def pop(self) -> str | None:
        """The next job, None when nobody waits."""
        if not self._turns:
            return None
        user = self._turns[0][1]
        with self._changing(user):
            job = self._waiting[user].pop(0).job
            self._served[user] = next(self._clock)
        del self._users[job]
        self._forget()
        return job

    def remove(self, job: str) -> bool:
        """Take a waiting job out; False when it is not waiting."""
        user = self._users.pop(job, None)
        if user is None:
            return False
        with self._changing(user):
            self._waiting[user] = [entry for entry in self._waiting[user] if entry.job != job]
        return True

    def position(self, job: str) -> int:
        """How many jobs would be served before this one, if nobody else came.

        Users take turns in rounds: everybody's first job, then everybody's second. So all earlier rounds go before it, and of its
        own those users whose turn comes sooner.
        """
        user = self._users.get(job)
        if user is None:
            return 0
        place = next(number for number, entry in enumerate(self._waiting[user]) if entry.job == job)
        sooner = bisect.bisect_left(self._turns, (self._turn(user), user))
        if not place:
            return sooner
        lengths = [len(self._waiting[other]) for _, other in self._turns]
        return sum(min(length, place) for length in lengths) + sum(
            length > place for length in lengths[:sooner]
        )

    def drain(self) -> list[str]:
        """Everything that waits, in order; the queue is empty afterwards."""
        order = self._order()
        for held in (self._waiting, self._users, self._turns):
            held.clear()
        return order

    @contextmanager
    def _changing(self, user: str) -> Iterator[None]:
        """What changes a user's turn: the user stands aside meanwhile, and comes back where the new turn is."""
        if user in self._waiting:
            del self._turns[bisect.bisect_left(self._turns, (self._turn(user), user))]
        try:
            yield
        finally:
            if self._waiting.get(user):
                bisect.insort(self._turns, (self._turn(user), user))
            else:
                self._waiting.pop(user, None)

    def _turn(self, user: str) -> tuple[int, int]:
        return self._served.get(user, 0), self._waiting[user][0].sort[1]

    def _order(self) -> list[str]:
        ordered = sorted(
            (place, self._turn(user), entry.job)
            for user, entries in self._waiting.items()
            for place, entry in enumerate(entries)
        )
        return [job for _, _, job in ordered]

    def _forget(self, most: int = 10_000) -> None:
        """Keep the memory of who was served bounded: the longest ago are as good as never."""
        if len(self._served) > most:
            recent = sorted(self._served.items(), key=lambda item: item[1])[-most // 2 :]
            self._served = dict(recent)
            self._turns = sorted((self._turn(user), user) for user in self._waiting)
