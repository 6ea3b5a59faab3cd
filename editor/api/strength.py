"""How far a strength moves a picture along a delta. Pure functions, so that editor and bot agree."""

from __future__ import annotations

import math

MAX_STRENGTH = 3.0
"""The largest strength that can be requested, in either direction."""
SHARE_BEYOND_ONE = 0.5
"""Share of a strength beyond 1 that is applied.

The standard step already gains nearly the most there is; applied in full, larger strengths leave the domain.
"""


def effective_strength(strength: float, most: float | None = None) -> float:
    """Return the multiple of the delta to apply.

    It is the strength up to 1, then half of what exceeds 1, and at most ``most``.
    """
    size = abs(strength)
    multiple = min(size if size <= 1.0 else 1.0 + SHARE_BEYOND_ONE * (size - 1.0), most or math.inf)
    return math.copysign(multiple, strength)


def strength_for(multiple: float) -> float:
    """Return the strength that applies this multiple of a delta: the inverse of ``effective_strength``."""
    size = abs(multiple)
    return multiple if size <= 1.0 else math.copysign(1.0 + (size - 1.0) / SHARE_BEYOND_ONE, multiple)


def max_strength(most: float | None) -> float:
    """Return the strength beyond which a delta capped at ``most`` does no more."""
    return MAX_STRENGTH if most is None else min(MAX_STRENGTH, strength_for(most))
