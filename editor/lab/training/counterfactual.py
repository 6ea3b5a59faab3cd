"""Pairs of portraits that differ in one attribute, and the difference in the lexicon's terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from editor.lab.training import domains
from editor.lab.training.domain import Domain, Pole
from editor.lab.training.lexicon import Condition
from editor.lab.training.portraits import Labels, Portraits


@dataclass(frozen=True)
class AttributeChange:
    """The difference of a pair; a side is None if no phrase says just that."""

    pole: Pole
    after: Condition | None
    before: Condition | None


def moved(portraits: Portraits, pole: Pole, step: float = 0.45) -> Portraits:
    """Return the portraits with an attribute at a pole.

    Scales move at least ``step`` and at least to 0.85 (or 0.15).
    """
    name = pole.attribute
    if pole.value is not None:
        return portraits.replace(name, pole.value)
    if name in portraits.AMOUNTS:
        ready = portraits.before_appearing(name) if pole.high else portraits
        return ready.replace(name, 1.0 if pole.high else 0.0)
    level = portraits.column(name)
    target = np.maximum(level + step, 0.85) if pole.high else np.minimum(level - step, 0.15)
    return portraits.replace(name, np.clip(target, 0, 1).astype(np.float32))


def changed(portraits: Portraits, rng: np.random.Generator) -> tuple[Portraits, list[AttributeChange]]:
    """Move one random attribute of each portrait to a pole; return the portraits and the changes."""
    domain = domains.of(portraits)
    numbers = rng.integers(0, len(domain.poles), len(portraits))
    labels = portraits.labels()
    parts, changes = [], []
    for row, number in enumerate(numbers):
        pole = domain.poles[number]
        parts.append(moved(portraits[[row]], pole))
        changes.append(_change(domain, labels, row, pole))
    return domain.portraits.concat(parts), changes


def _change(domain: Domain, labels: Labels, row: int, pole: Pole) -> AttributeChange:
    name, before = pole.attribute, None
    if pole.value is not None:
        index, values = int(labels.choices[name][row]), domain.portraits.CHOICES[name]
        same = index == values.index(pole.value)
        if index >= 0 and not same and values[index] not in domain.unnamed_values:
            before = (name, "is", values[index])
    elif name in domain.portraits.AMOUNTS:
        same = bool((labels.raw_amounts[name][row] > 0.5) == pole.high)
        before = domain.condition(Pole(name, None, not pole.high))
    else:
        level = labels.scales[name][row]
        same = bool(level > 0.7 if pole.high else level < 0.3)
    return AttributeChange(pole, None if same else domain.condition(pole), before)
