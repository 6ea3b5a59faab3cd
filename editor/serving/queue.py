"""The fair queue.

The user who was served least recently is next. One user's jobs go by priority, then by age.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from editor.api.errors import QueueFull

JOBS_PER_USER = 8
"""Jobs that one user may have waiting, unless ``--queue`` says otherwise."""

MAX_REMEMBERED = 10_000
"""Users of whom it is remembered when they were served."""


@dataclass(order=True)
class _Entry:
    sort: tuple[int, int]
    job: str = field(compare=False)


class FairQueue:
    """Ids of waiting jobs, by user. Not thread-safe: it belongs to the event loop.

    Users are kept sorted by their turns, so that push, pop, remove and position take a binary search, however
    many wait.
    """

    def __init__(self, per_user: int = JOBS_PER_USER) -> None:
        self.per_user = per_user
        self._waiting: dict[str, list[_Entry]] = {}
        """Each user's waiting jobs, the next one first."""
        self._users: dict[str, str] = {}
        """Each waiting job's user."""
        self._turns: list[tuple[tuple[int, int], str]] = []
        """All users who wait, the next one first."""
        self._served: dict[str, int] = {}
        """When each user was served last, by the clock below."""
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
        """Take out the next job; None when nobody waits."""
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
        """Take out a waiting job; False when it does not wait."""
        user = self._users.pop(job, None)
        if user is None:
            return False
        with self._changing(user):
            self._waiting[user] = [entry for entry in self._waiting[user] if entry.job != job]
        return True

    def position(self, job: str) -> int:
        """Return how many jobs would run before this one if no others came.

        Users take turns in rounds: everybody's first job, then everybody's second. All earlier rounds run
        before it, and from its own round the users whose turn comes sooner.
        """
        user = self._users.get(job)
        if user is None:
            return 0
        place = next(number for number, entry in enumerate(self._waiting[user]) if entry.job == job)
        sooner = bisect.bisect_left(self._turns, (self._turn(user), user))
        if not place:
            return sooner
        lengths = [len(self._waiting[other]) for _, other in self._turns]
        return sum(min(length, place) for length in lengths) + sum(n > place for n in lengths[:sooner])

    def drain(self) -> list[str]:
        """Take out all jobs, in order."""
        order = sorted(
            (place, self._turn(user), entry.job)
            for user, entries in self._waiting.items()
            for place, entry in enumerate(entries)
        )
        for part in (self._waiting, self._users, self._turns):
            part.clear()
        return [job for _, _, job in order]

    @contextmanager
    def _changing(self, user: str) -> Iterator[None]:
        """Take a user out of the order for the length of a change of the user's turn."""
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
        """The user's sort key: when served last, then the key of the next job."""
        return self._served.get(user, 0), self._waiting[user][0].sort[1]

    def _forget(self) -> None:
        """Keep the table of who was served bounded; those served longest ago count as never served."""
        if len(self._served) > MAX_REMEMBERED:
            recent = sorted(self._served.items(), key=lambda item: item[1])[-MAX_REMEMBERED // 2 :]
            self._served = dict(recent)
            self._turns = sorted((self._turn(user), user) for user in self._waiting)
