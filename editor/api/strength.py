"""How far a strength goes along a delta, and back. Pure, so that editor and bot count alike."""

from __future__ import annotations

import math

BEYOND = 0.5
"""Beyond 1, the share of a strength that is taken: the standard step already gains nearly the most there is; taken
further at full length, pictures leave the domain."""

STRONGEST = 3.0
"""What a wish can ask for, either way."""


def reach(strength: float, most: float | None = None) -> float:
    """How much of a delta a strength takes: all of it up to 1, beyond that half of what is asked for more, and never more than
    ``most``."""
    whole = abs(strength)
    length = min(whole if whole <= 1.0 else 1.0 + BEYOND * (whole - 1.0), most or math.inf)
    return length if strength > 0 else -length


def reaching(length: float) -> float:
    """The strength that takes so much of a delta: the inverse of ``reach``."""
    whole = abs(length)
    return length if whole <= 1.0 else (1.0 + (whole - 1.0) / BEYOND) * (1.0 if length > 0 else -1.0)


def strongest(most: float | None) -> float:
    """The strength from which on a delta that goes no further than ``most`` does no more."""
    return STRONGEST if most is None else min(STRONGEST, reaching(most))
