"""Phrases with exact truth: which texts describe which portraits, decided from the labels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from editor.training.avatars import wordings
from editor.training.avatars.appearance import Labels
from editor.training.avatars.palettes import CHOICES, PALETTES

TRUE, FALSE, AMBIGUOUS = 1, 0, -1
UNSEEN_SHARE = 0.15
"""Share of the wordings that training never meets, to measure how understanding carries over."""

Condition = tuple[str, str, str]
"""(attribute, kind, value): kind is present or absent, high or low, is (with the value), always or never."""


@dataclass(frozen=True)
class Phrase:
    """A text and when it is true: all its conditions hold. ``topic`` names the first condition's attribute."""

    text: str
    conditions: tuple[Condition, ...]
    unseen: bool

    @property
    def topic(self) -> str:
        """The attribute spoken of first; "" for texts that are always or never true."""
        return self.conditions[0][0]


_THING = ("{x}", "a person with {x}", "a face with {x}", "someone with {x}", "a portrait of a person with {x}", "with {x}", "they have {x}", "having {x}")  # fmt: skip
_TRAIT = ("{x}", "a person who is {x}", "somebody who looks {x}", "the person is {x}", "looking {x}", "a portrait of someone {x}")  # fmt: skip
_NEGATED = ("no {x}", "without {x}", "a person without {x}", "a face with no {x}", "lacking {x}", "not having {x}")


_BASE_WORDS = ("black", "white", "grey", "gray", "brown", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink",
               "peach", "violet", "navy", "dark", "pale", "bland")  # fmt: skip


def _bare(thing: str) -> str:
    for article in ("a pair of ", "an ", "a "):
        thing = thing.removeprefix(article)
    return thing


def _unseen(wording: str) -> bool:
    return hashlib.blake2b(wording.encode(), digest_size=4).digest()[0] < 256 * UNSEEN_SHARE


def _spread(words: wordings.Wordings, conditions: tuple[Condition, ...]) -> Iterator[Phrase]:
    for thing in words.get("things", ()):
        yield from (Phrase(form.format(x=thing), conditions, _unseen(thing)) for form in _THING)
    for trait in words.get("traits", ()):
        yield from (Phrase(form.format(x=trait), conditions, _unseen(trait)) for form in _TRAIT)


def _amounts() -> Iterator[Phrase]:
    for name, (present, absent) in wordings.AMOUNTS.items():
        yield from _spread(present, ((name, "present", ""),))
        yield from _spread(absent, ((name, "absent", ""),))
        for thing in present["things"]:
            bare = _bare(thing)
            if not bare.startswith("no "):
                yield from (Phrase(form.format(x=bare), ((name, "absent", ""),), _unseen(thing)) for form in _NEGATED)


def _scales() -> Iterator[Phrase]:
    for name, (high, low) in wordings.SCALES.items():
        yield from _spread(high, ((name, "high", ""),))
        yield from _spread(low, ((name, "low", ""),))


def _colours() -> Iterator[Phrase]:
    special = {"hair_color": wordings.HAIR_COLOURS, "eye_color": wordings.EYE_COLOURS, "lip_color": wordings.LIP_COLOURS}
    for name, (things, traits) in wordings.COLOURED.items():
        for value in CHOICES[name]:
            words = list(special.get(name, wordings.COLOURS).get(value, ()))
            words += [word for word in xkcd_names(name).get(value, ()) if word not in words]
            for word in words:
                unseen = _unseen(f"{name} {word}")
                forms = [thing.format(c=word) for thing in things]
                for index, form in enumerate(forms):
                    template = _THING[index % len(_THING)]
                    yield Phrase(form, ((name, "is", value),), unseen)
                    yield Phrase(template.format(x=form), ((name, "is", value),), unseen)
                yield from (Phrase(trait.format(c=word), ((name, "is", value),), unseen) for trait in traits)
    for value, traits in wordings.HAIR_TRAITS.items():
        yield from _spread({"traits": traits}, (("hair_color", "is", value),))


def _others() -> Iterator[Phrase]:
    for words, conditions in wordings.GRADED:
        yield from _spread(words, conditions)
    for texts, conditions in wordings.COMBINATIONS:
        yield from _spread({"things": texts}, conditions)
    yield from (Phrase(text, (("", "always", ""),), False) for text in wordings.NEUTRAL)
    for text in wordings.IMPOSSIBLE:
        yield from (Phrase(form.format(x=text), (("", "never", ""),), _unseen(text)) for form in _THING[:3])


@cache
def xkcd_names(choice: str) -> dict[str, tuple[str, ...]]:
    """Colour names of the XKCD survey (as matplotlib carries them) that are clearly one of a choice's values."""
    from matplotlib.colors import XKCD_COLORS, to_rgb

    palette = PALETTES[choice]
    found: dict[str, list[str]] = {value: [] for value in CHOICES[choice]}
    for name, code in XKCD_COLORS.items():
        distance = np.sqrt(((palette - np.array(to_rgb(code))) ** 2).sum(1))
        nearest, second = np.sort(distance)[:2]
        word, value = name.removeprefix("xkcd:"), CHOICES[choice][int(distance.argmin())]
        misleading = any(base in word for base in _BASE_WORDS if base not in value)
        if nearest < 0.20 and second - nearest > 0.08 and "/" not in word and not misleading:
            found[value].append(word)
    return {value: tuple(names[:10]) for value, names in found.items() if value != "natural"}


@cache
def phrases() -> tuple[Phrase, ...]:
    """Every phrase once, in a fixed order."""
    found: dict[str, Phrase] = {}
    for source in (_amounts, _scales, _colours, _others):
        for phrase in source():
            found.setdefault(phrase.text, phrase)
    return tuple(found.values())


def _holds(condition: Condition, labels: Labels) -> np.ndarray:
    name, kind, value = condition
    if kind in ("always", "never"):
        count = len(next(iter(labels.raw_amounts.values())))
        return np.full(count, TRUE if kind == "always" else FALSE, np.int8)
    if kind in ("present", "absent"):
        amount = labels.amounts[name]
        result = np.where(np.isnan(amount), AMBIGUOUS, (amount > 0.5) == (kind == "present"))
    elif kind in ("high", "low"):
        level = labels.scales[name] if kind == "high" else 1 - labels.scales[name]
        result = np.where(level >= 0.65, TRUE, np.where(level <= 0.5, FALSE, AMBIGUOUS))
    else:
        index = labels.choices[name]
        result = np.where(index < 0, AMBIGUOUS, index == CHOICES[name].index(value))
    hidden = FALSE if name == "hat_color" else AMBIGUOUS
    seen = labels.visible[name]
    if name == "hat_color":
        result = np.where((labels.raw_amounts["hat"] > 0.35) & ~seen, AMBIGUOUS, np.where(seen, result, hidden))
        return result.astype(np.int8)
    return np.where(seen, result, hidden).astype(np.int8)


def truth(chosen: Sequence[Phrase], labels: Labels) -> np.ndarray:
    """int8 [N portraits, M phrases]: 1 true, 0 false, -1 ambiguous or unseen."""
    known: dict[Condition, np.ndarray] = {}
    columns = []
    for phrase in chosen:
        parts = [known.setdefault(c, _holds(c, labels)) if c not in known else known[c] for c in phrase.conditions]
        stack = np.stack(parts)
        columns.append(np.where((stack == FALSE).any(0), FALSE, np.where((stack == AMBIGUOUS).any(0), AMBIGUOUS, TRUE)))
    return np.stack(columns, axis=1).astype(np.int8)
