"""Which faces of a picture a place names."""

from __future__ import annotations

from collections.abc import Sequence

MIDDLE = 0
"""The place of the face in the middle; others count from 1 from the left, and from -1 from the right."""


def numbers_of(place: int | None, faces: int) -> Sequence[int]:
    """The faces, from 0 at the left, that a place names among so many; none if there is no such face."""
    if place is None:
        return range(faces)
    number = (faces - 1) // 2 if place == MIDDLE else place - 1 if place > 0 else faces + place
    return [number] if 0 <= number < faces else []
