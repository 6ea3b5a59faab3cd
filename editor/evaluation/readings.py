"""What the judge's readings of two pictures say about an edit: wished effect, and collateral."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from editor.networks.recogniser import Reading
from editor.training.avatars.appearance import AMOUNTS, CHOICES, SCALES, Labels, visibility

STEP = 0.25
"""Share of a scale's range by which it must move to count as changed."""
FALL = 0.02
"""By this much a judged score may fall between two strengths and still count as grown (saturation)."""


@dataclass(frozen=True)
class Wish:
    """One line of a wishes file."""

    prompt: str
    attribute: str
    direction: int = 0
    value: str | None = None
    may_change: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, line: dict[str, Any]) -> Wish:
        """From JSON. Raises ValueError for what makes no sense."""
        attribute, value, direction = line.get("attribute", ""), line.get("value"), int(line.get("direction", 0))
        if attribute in CHOICES:
            if value not in CHOICES[attribute]:
                raise ValueError(f"'{attribute}' has no value '{value}'")
        elif attribute not in (*SCALES, *AMOUNTS) or direction not in (-1, 1):
            raise ValueError(f"a wish needs a known attribute and a direction of +1 or -1: {line}")
        return cls(str(line["prompt"]), attribute, direction, value, frozenset(line.get("may_change", ())))


def numbers(reading: Reading, name: str) -> np.ndarray:
    """An attribute of N pictures: [N] level, or [N] index of the most likely value."""
    if name in CHOICES:
        return reading.choices[name].argmax(1).numpy()
    return (reading.scales[name] if name in SCALES else reading.amounts[name]).numpy()


def score(reading: Reading, wish: Wish) -> np.ndarray:
    """How much of the wish the judge sees, [N] in 0..1, larger is more."""
    if wish.value is not None:
        return reading.choices[wish.attribute][:, CHOICES[wish.attribute].index(wish.value)].numpy()
    level = numbers(reading, wish.attribute)
    return level if wish.direction > 0 else 1 - level


def eligible(reading: Reading, labels: Labels, wish: Wish) -> np.ndarray:
    """Portraits [N] that show the attribute and do not already satisfy the wish."""
    now = score(reading, wish)
    if wish.value is not None:
        wanting = numbers(reading, wish.attribute) != CHOICES[wish.attribute].index(wish.value)
    else:
        wanting = now <= 1 - STEP if wish.attribute in SCALES else now < 0.5
    return wanting & labels.visible[wish.attribute]


def succeeded(before: Reading, after: Reading, wish: Wish) -> np.ndarray:
    """[N]: the judge reads the value named, a scale moved far enough, or an amount crossed one half."""
    if wish.value is not None:
        return numbers(after, wish.attribute) == CHOICES[wish.attribute].index(wish.value)
    if wish.attribute in SCALES:
        return score(after, wish) - score(before, wish) >= STEP
    return score(after, wish) > 0.5


def changed(before: Reading, after: Reading, name: str) -> np.ndarray:
    """[N]: is an attribute read as changed?"""
    a, b = numbers(before, name), numbers(after, name)
    if name in CHOICES:
        return a != b
    return np.abs(a - b) >= STEP if name in SCALES else (a > 0.5) != (b > 0.5)


def countable(reading: Reading, labels: Labels, name: str) -> np.ndarray:
    """[N]: portraits on which an attribute is labelled and seen, on the upload and on the picture read."""
    amounts = {key: values.numpy() for key, values in reading.amounts.items()}
    seen = labels.visible[name] & visibility(amounts, reading.scales["hair_length"].numpy())[name]
    if name in CHOICES:
        return seen & (labels.choices[name] >= 0)
    return seen & ~np.isnan(labels.amounts[name]) if name in AMOUNTS else seen


def collateral(before: Reading, after: Reading, labels: Labels, wish: Wish, scored: Iterable[str]) -> dict[str, np.ndarray]:
    """For each attribute that should have stayed: [N] bool, changed although countable."""
    names = [name for name in scored if name != wish.attribute and name not in wish.may_change]
    return {name: changed(before, after, name) & countable(after, labels, name) for name in names}


def grows(scores: list[np.ndarray]) -> np.ndarray:
    """[N]: does the score never fall from one strength to the next (but for ``FALL``)?"""
    steps = [later - earlier >= -FALL for earlier, later in itertools.pairwise(scores)]
    return np.logical_and.reduce(steps)
