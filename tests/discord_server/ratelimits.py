"""Rate limits: one for each route and major parameter, and one for everything; clients that ignore them are
complained about."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

_GRACE = 0.1
"""Seconds after a 429 in which further requests are excused, since they may have been on their way."""


@dataclass
class _Bucket:
    limit: int
    seconds: float
    started: float = 0.0
    used: int = 0
    refused_at: float | None = None

    def reset_after(self, now: float) -> float:
        return max(0.0, self.started + self.seconds - now)

    def take(self, now: float) -> bool:
        """Whether one more request fits."""
        if now - self.started >= self.seconds:
            self.started, self.used, self.refused_at = now, 0, None
        if self.used >= self.limit:
            return False
        self.used += 1
        return True


@dataclass
class RateLimits:
    """``tight`` maps a part of a bucket's name ("POST:/channels/{channel_id}/messages") to (requests,
    seconds).

    Everything else has the limit ``usual``. Discord's own limits are not published, and tests should not wait
    for them.
    """

    tight: dict[str, tuple[int, float]] = field(default_factory=dict)
    usual: tuple[int, float] = (1000, 1.0)
    overall: tuple[int, float] = (1000, 1.0)
    refusals: int = 0
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def _bucket(self, name: str) -> _Bucket:
        figures = next(
            (v for part, v in self.tight.items() if part in name),
            self.overall if name == "global" else self.usual,
        )
        bucket = self._buckets.setdefault(name, _Bucket(*figures))
        bucket.limit, bucket.seconds = figures
        return bucket

    def admit(self, name: str, counts: bool, complain: Callable[[str], None]) -> tuple[bool, dict[str, str]]:
        """Whether a request may pass, and the headers of its response, with Retry-After if it may not.

        ``counts``: whether it counts towards the limit for everything, from which interactions are exempt.
        """
        now = time.monotonic()
        own, overall = self._bucket(name), self._bucket("global")
        for bucket, scope in ((overall, "global"), (own, "user")) if counts else ((own, "user"),):
            if not bucket.take(now):
                self.refusals += 1
                if bucket.refused_at is not None and now - bucket.refused_at > _GRACE:
                    complain(f"a request during a rate limit that the client had been told of: {name}")
                bucket.refused_at = bucket.refused_at or now
                wait = bucket.reset_after(now)
                extra = {"Retry-After": str(int(wait) + 1), "X-RateLimit-Scope": scope}
                if scope == "global":
                    return False, extra | {
                        "X-RateLimit-Global": "true",
                        "X-RateLimit-Reset-After": f"{wait:.3f}",
                    }
                return False, self._headers(name, own, now) | extra
        return True, self._headers(name, own, now)

    @staticmethod
    def _headers(name: str, bucket: _Bucket, now: float) -> dict[str, str]:
        wait = bucket.reset_after(now)
        route = ":".join(name.split(":")[:2])
        return {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.limit - bucket.used),
            "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
            "X-RateLimit-Reset-After": f"{wait:.3f}",
            "X-RateLimit-Bucket": sha256(route.encode()).hexdigest()[:16],
        }
