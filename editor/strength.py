"""How far a strength goes along a delta, and back. Pure, so that editor and bot count alike."""

from __future__ import annotations

BEYOND = 0.5
"""Beyond 1, the share of a strength that is taken: the standard step already gains nearly the most there is; taken
further at full length, pictures leave the domain."""


def reach(strength: float) -> float:
    """How much of a delta a strength takes: all of it up to 1, and beyond that half of what is asked for more."""
    whole = abs(strength)
    return strength if whole <= 1.0 else (1.0 + BEYOND * (whole - 1.0)) * (1.0 if strength > 0 else -1.0)


def reaching(length: float) -> float:
    """The strength that takes so much of a delta: the inverse of ``reach``."""
    whole = abs(length)
    return length if whole <= 1.0 else (1.0 + (whole - 1.0) / BEYOND) * (1.0 if length > 0 else -1.0)
