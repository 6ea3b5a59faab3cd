"""Which face of a picture a message speaks of: "the left one", "both", "the second from the right". Pure text.

The phrases are data of each language (``Phrases``); what is around them goes on to that language's grammar, face by face.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.language.actions import Action, Ask, Face

MIDDLE = 0
"""The place of the face in the middle; others count from 1 from the left, and from -1 from the right."""


@dataclass(frozen=True)
class Phrases:
    """Of one language: ``patterns`` with the groups ``left``, ``right``, ``middle``, ``every`` and ``number`` say which face
    (a number counts from the end that is named too), ``numbers`` what a number word is, ``separators`` where one face's part of
    a message may end, ``rest`` what stands in for the phrase in what is left of the part.
    """

    patterns: tuple[re.Pattern[str], ...]
    numbers: dict[str, int]
    separators: re.Pattern[str]
    rest: Callable[[str, str], str]

    def first(self, text: str, start: int) -> re.Match[str] | None:
        """The first phrase from a place on, the longest of those that begin there."""
        found = [match for pattern in self.patterns if (match := pattern.search(text, start))]
        return min(found, key=lambda match: (match.start(), -match.end()), default=None)

    def place(self, match: re.Match[str]) -> int | None:
        """The place that a phrase names, None for every face."""
        groups = match.groupdict()
        if groups.get("every"):
            return None
        if groups.get("middle"):
            return MIDDLE
        word = groups.get("number")
        number = 1 if word is None else int(word) if word.isdigit() else self.numbers[word]
        return -number if groups.get("right") else number


def read(text: str, phrases: Phrases, parse: Callable[[str], list[Action]]) -> list[Action] | None:
    """The actions of a (cleaned) message, each face before what is asked for it; None where it names no face."""
    found: list[re.Match[str]] = []
    while (match := phrases.first(text, found[-1].end() if found else 0)) is not None:
        found.append(match)
    if not found:
        return None
    starts = [
        0,
        *(_start(text, before.end(), match.start(), phrases) for before, match in itertools.pairwise(found)),
    ]
    actions: list[Action] = []
    for match, start, end in zip(found, starts, [*starts[1:], len(text)], strict=True):
        actions.append(Face(phrases.place(match)))
        rest = phrases.rest(text[start : match.start()], text[match.end() : end])
        if re.search(r"\w", rest):
            actions += parse(rest)
    plain: list[Action] = [action for action in actions if not isinstance(action, Ask)]
    return plain if any(not isinstance(action, Face) for action in plain) else actions


def _start(text: str, low: int, high: int, phrases: Phrases) -> int:
    """Where the part of the phrase at ``high`` begins: after the last separator since the phrase before it."""
    ends = [match.end() for match in phrases.separators.finditer(text, low, high)]
    return ends[-1] if ends else high


def numbers_of(place: int | None, faces: int) -> Sequence[int]:
    """The faces, from 0 at the left, that a place names among so many; none where there is no such face."""
    if place is None:
        return range(faces)
    number = (faces - 1) // 2 if place == MIDDLE else place - 1 if place > 0 else faces + place
    return [number] if 0 <= number < faces else []
