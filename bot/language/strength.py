"""Clauses about how much: "now less", "twice as strong", "50 %", "a bit less blonde"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.language import english
from bot.language.phrases import find, positive, valued, without

LESS_FACTORS = {0.4: 0.85, 0.5: 0.8, 0.75: 0.7, 1.0: 0.6, 1.5: 0.4}
MORE_FACTORS = {0.4: 1.15, 0.5: 1.25, 0.75: 1.35, 1.0: 1.5, 1.5: 2.0}
"""Factor by degree: "a bit less", "less", "much less"."""


@dataclass(frozen=True)
class Change:
    """A clause about strength: a ``factor`` or a ``level``, of what the ``content`` words name (nothing: the newest),
    or of ``everything``. ``sense`` is -1 for less, 1 for more."""

    content: tuple[str, ...]
    everything: bool
    factor: float | None
    level: float | None
    sense: int
    degree: float = 1.0


def degree_of(words: Sequence[str]) -> tuple[list[str], float]:
    """Words without "a bit", "very" and the like, and the degree these say (1 when they say none)."""
    rest, degree = list(words), 1.0
    while (found := valued(rest, english.DEGREES)) is not None:
        rest, degree = without(rest, found[0], found[1]), found[2]
    return rest, degree


def _percentage(words: list[str]) -> tuple[list[str], str | None]:
    place = next((i for i, word in enumerate(words) if word.endswith("%")), None)
    return (words, None) if place is None else (without(words, place, 1), words[place])


def _sense(words: list[str]) -> tuple[list[str], int]:
    """Words without those of more and less, and which it is: the longer phrase decides."""
    less, more = find(words, english.LESS), find(words, english.MORE)
    bare, _ = degree_of(words)
    place = next((i for i, word in enumerate(bare[:-1]) if word in english.SPLITTABLE), None)
    if place is not None and bare[-1] in ("up", "down", "back", "off"):
        particle = len(words) - 1 - words[::-1].index(bare[-1])
        return without(without(words, particle, 1), words.index(bare[place]), 1), 1 if bare[
            -1
        ] == "up" else -1
    if less and (not more or less[1] >= more[1]):
        return without(words, *less), -1
    return (without(words, *more), 1) if more else (words, 0)


def _content(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in english.IDLE and word not in (",", ":", "#", "/"))


def read(clause: Sequence[str]) -> Change | None:
    """What a clause says about strength, None when it says nothing about it."""
    words, percentage = _percentage(list(clause))
    everything = any(word in english.EVERYTHING for word in words)
    words = [word for word in words if word not in english.EVERYTHING]
    found = valued(words, english.FACTORS)
    factor = found[2] if found else None
    if found:
        words = without(words, found[0], found[1])
    short = _short_of(words)
    words, sense = _sense(words)
    words, degree = degree_of(words)
    comparative = [positive(word) for word in words]
    content = _content([base or word for base, word in zip(comparative, words, strict=True)])
    if percentage is not None:
        return _by_percentage(content, everything, percentage, sense)
    if factor is not None:
        return Change(content, everything, factor, None, 1 if factor > 1 else -1)
    if not sense and any(comparative) and not short:
        sense = 1
    if not sense:
        return None
    table = LESS_FACTORS if sense < 0 else MORE_FACTORS
    return Change(content, everything, table[degree], None, sense, degree)


def _short_of(words: Sequence[str]) -> bool:
    """Is a comparative here part of a longer description, not a wish of its own ("a younger man with a beard")?"""
    return len([word for word in words if word not in english.IDLE]) > 3


def _by_percentage(content: tuple[str, ...], everything: bool, text: str, sense: int) -> Change:
    share = abs(float(text.rstrip("%"))) / 100
    if text[0] in "+-":
        sense = 1 if text[0] == "+" else -1
    if sense:
        return Change(content, everything, max(0.0, 1 + sense * share), None, sense)
    return Change(content, everything, None, min(3.0, share), 0)
