"""The fair queue.

The user who was served least recently is next. One user's jobs go by priority, then by age.
"""

from __future__ import annotations

import bisect
import itertools

from editor.api.errors import QueueFull

JOBS_PER_USER = 8
"""Jobs that one user may have waiting, unless ``--queue`` says otherwise."""
MAX_REMEMBERED = 10_000
"""Users of whom it is remembered when they were served; others count as never served."""


class FairQueue:
    """Ids of waiting jobs, by user. Not thread-safe: it belongs to the event loop."""

    def __init__(self, per_user: int = JOBS_PER_USER) -> None:
        self.per_user = per_user
        self._waiting: dict[str, list[tuple[int, int, str]]] = {}
        """Each user's waiting jobs as (negative priority, number, id), the next one first."""
        self._users: dict[str, str] = {}
        """Each waiting job's user."""
        self._served: dict[str, int] = {}
        """When each user was served last, by the clock below; the longest ago first."""
        self._clock = itertools.count(1)

    def __len__(self) -> int:
        return len(self._users)

    def push(self, user: str, job: str, priority: int = 0) -> None:
        """Add a job. Raises QueueFull when the user has as many waiting as allowed."""
        jobs = self._waiting.get(user, [])
        if len(jobs) >= self.per_user:
            raise QueueFull(retry_after=5, limit=self.per_user)
        bisect.insort(jobs, (-priority, next(self._clock), job))
        self._waiting[user], self._users[job] = jobs, user

    def pop(self) -> str | None:
        """Take out the next job; None when nobody waits."""
        if not self._waiting:
            return None
        user = min(self._waiting, key=self._turn)
        job = self._waiting[user][0][2]
        self.remove(job)
        self._served.pop(user, None)
        self._served[user] = next(self._clock)
        if len(self._served) > MAX_REMEMBERED:
            del self._served[next(iter(self._served))]
        return job

    def remove(self, job: str) -> bool:
        """Take out a waiting job; False when it does not wait."""
        user = self._users.pop(job, None)
        if user is None:
            return False
        self._waiting[user] = [entry for entry in self._waiting[user] if entry[2] != job]
        if not self._waiting[user]:
            del self._waiting[user]
        return True

    def position(self, job: str) -> int:
        """Return how many jobs would run before this one if no others came.

        Users take turns in rounds: everybody's first job, then everybody's second. All earlier rounds run
        before it, and from its own round the users whose turn comes sooner.
        """
        if job not in self._users:
            return 0
        user = self._users[job]
        place = next(number for number, entry in enumerate(self._waiting[user]) if entry[2] == job)
        turn = self._turn(user)
        return sum(
            min(len(jobs), place) + (len(jobs) > place and self._turn(other) < turn)
            for other, jobs in self._waiting.items()
        )

    def drain(self) -> list[str]:
        """Take out all jobs, in order."""
        return [job for _ in range(len(self)) if (job := self.pop())]

    def _turn(self, user: str) -> tuple[int, int]:
        """The user's sort key: when served last, then the number of the next job."""
        return self._served.get(user, 0), self._waiting[user][0][1]
