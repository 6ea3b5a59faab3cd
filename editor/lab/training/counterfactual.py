"""Pairs of portraits that differ in one attribute, and the difference in the lexicon's terms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from editor.lab.training import domains
from editor.lab.training.domain import Pole
from editor.lab.training.lexicon import Condition
from editor.lab.training.portraits import Labels, Portraits


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


def moved_each(portraits: Portraits, poles: np.ndarray) -> Portraits:
    """Return the portraits with each at its own pole of the domain; -1 leaves a portrait alone."""
    known, rows, parts = domains.of(portraits).poles, [], []
    for pole in np.unique(poles):
        rows.append(np.flatnonzero(poles == pole))
        part = portraits[rows[-1]]
        parts.append(part if pole < 0 else moved(part, known[pole]))
    return portraits.concat(parts)[np.argsort(np.concatenate(rows))]


def changed(portraits: Portraits, rng: np.random.Generator) -> tuple[Portraits, list[Condition | None]]:
    """Move one random attribute of each portrait to a pole.

    Also return the condition that became true of each portrait, None if it was true before.
    """
    domain, labels = domains.of(portraits), portraits.labels()
    numbers = rng.integers(0, len(domain.poles), len(portraits))
    poles = [domain.poles[number] for number in numbers]
    after = [
        None if _is_at(pole, labels, row, portraits.CHOICES) else domain.condition(pole)
        for row, pole in enumerate(poles)
    ]
    return moved_each(portraits, numbers), after


def _is_at(pole: Pole, labels: Labels, row: int, choices: Mapping[str, tuple[str, ...]]) -> bool:
    if pole.value is not None:
        return bool(labels.choices[pole.attribute][row] == choices[pole.attribute].index(pole.value))
    if pole.attribute in labels.raw_amounts:
        return bool((labels.raw_amounts[pole.attribute][row] > 0.5) == pole.high)
    level = labels.scales[pole.attribute][row]
    return bool(level > 0.7 if pole.high else level < 0.3)
