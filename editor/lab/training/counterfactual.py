"""Pairs of portraits that differ in one attribute, and what the difference is in the lexicon's terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.lab.training import domains
from editor.lab.training.domain import Pole
from editor.lab.training.lexicon import Condition
from editor.lab.training.portraits import Portraits


@dataclass(frozen=True)
class Change:
    """What a pair differs in; a side is None where no phrase says just that."""

    pole: Pole
    after: Condition | None
    before: Condition | None


def moved(portraits: Portraits, pole: Pole, step: float = 0.45) -> Portraits:
    """The portraits with an attribute moved to a pole.

    Scales go at least ``step`` further and at least to 0.85 (or 0.15).
    """
    name = pole.attribute
    if pole.value is not None:
        return portraits.replace(name, pole.value)
    if name in portraits.AMOUNTS:
        return (
            portraits.before_appearing(name).replace(name, 1.0) if pole.high else portraits.replace(name, 0.0)
        )
    level = portraits.column(name)
    target = (
        np.clip(np.maximum(level + step, 0.85), 0, 1)
        if pole.high
        else np.clip(np.minimum(level - step, 0.15), 0, 1)
    )
    return portraits.replace(name, target.astype(np.float32))


def changed(portraits: Portraits, rng: np.random.Generator) -> tuple[Portraits, list[Change]]:
    """Each portrait with one random attribute moved to a pole where it was not yet, with the words for the change."""
    domain = domains.of(portraits)
    numbers = rng.integers(0, len(domain.poles), len(portraits))
    labels = portraits.labels()
    parts, changes = [], []
    for row, number in enumerate(numbers):
        pole = domain.poles[number]
        name = pole.attribute
        before: Condition | None = None
        if pole.value is not None:
            index = int(labels.choices[name][row])
            values = portraits.CHOICES[name]
            same = index == values.index(pole.value)
            if index >= 0 and not same and values[index] not in domain.unsaid:
                before = (name, "is", values[index])
        elif name in portraits.AMOUNTS:
            same = (labels.raw_amounts[name][row] > 0.5) == pole.high
            before = domain.condition(Pole(name, None, not pole.high))
        else:
            same = bool((labels.scales[name][row] > 0.7) if pole.high else (labels.scales[name][row] < 0.3))
        parts.append(moved(portraits[[row]], pole))
        changes.append(Change(pole, None if same else domain.condition(pole), before))
    return domain.portraits.concat(parts), changes
