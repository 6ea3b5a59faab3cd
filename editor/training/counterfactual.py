"""Pairs of portraits that differ in one attribute, and what the difference is in the lexicon's terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.training.avatars.appearance import AMOUNTS, CHOICES, SCALES, Portraits
from editor.training.avatars.lexicon import Condition


@dataclass(frozen=True)
class Pole:
    """One end that an attribute can be moved to: a named colour, or high/present, or low/absent."""

    attribute: str
    value: str | None
    high: bool = True

    @property
    def condition(self) -> Condition:
        """How the lexicon says it."""
        if self.value is not None:
            return (self.attribute, "is", self.value)
        if self.attribute in AMOUNTS:
            return (self.attribute, "present" if self.high else "absent", "")
        return (self.attribute, "high" if self.high else "low", "")


POLES: tuple[Pole, ...] = (
    *(Pole(name, None, high) for name in (*SCALES, *AMOUNTS) for high in (True, False)),
    *(Pole(name, value) for name, values in CHOICES.items() for value in values if value != "natural"),
)


@dataclass(frozen=True)
class Change:
    """What a pair differs in; a side is None where no phrase says just that."""

    pole: Pole
    after: Condition | None
    before: Condition | None


def moved(portraits: Portraits, pole: Pole, step: float = 0.45) -> Portraits:
    """The portraits with an attribute moved to a pole.

    Scales go at least ``step`` further and at least to 0.85 (or 0.15); a hat that appears takes the clothes' colour.
    """
    name = pole.attribute
    if pole.value is not None:
        return portraits.replace(name, pole.value)
    if name in AMOUNTS:
        if name == "hat" and pole.high:
            bare = portraits.drawn()["hat"] < 0.5
            matching = np.where(bare[:, None], portraits.weights["clothing_color"], portraits.weights["hat_color"])
            portraits = Portraits(portraits.scalars, portraits.weights | {"hat_color": matching.astype(np.float32)})
        return portraits.replace(name, 1.0 if pole.high else 0.0)
    level = portraits.column(name)
    target = np.clip(np.maximum(level + step, 0.85), 0, 1) if pole.high else np.clip(np.minimum(level - step, 0.15), 0, 1)
    return portraits.replace(name, target.astype(np.float32))


def changed(portraits: Portraits, rng: np.random.Generator) -> tuple[Portraits, list[Change]]:
    """Each portrait with one random attribute moved to a pole where it was not yet, with the words for the change."""
    numbers = rng.integers(0, len(POLES), len(portraits))
    labels = portraits.labels()
    parts, changes = [], []
    for row, number in enumerate(numbers):
        pole = POLES[number]
        name = pole.attribute
        before: Condition | None = None
        if pole.value is not None:
            index = int(labels.choices[name][row])
            same = index == CHOICES[name].index(pole.value)
            if index >= 0 and not same and CHOICES[name][index] != "natural":
                before = (name, "is", CHOICES[name][index])
        elif name in AMOUNTS:
            same = (labels.raw_amounts[name][row] > 0.5) == pole.high
            before = Pole(name, None, not pole.high).condition
        else:
            same = bool((labels.scales[name][row] > 0.7) if pole.high else (labels.scales[name][row] < 0.3))
        parts.append(moved(portraits[[row]], pole))
        changes.append(Change(pole, None if same else pole.condition, before))
    return Portraits.concat(parts), changes
