"""Wishes that no picture of a bundle can show, and ones that it can: which are refused and which granted.

A wish is *refused* where nothing is done and the user is told so, with what is near and possible. It is *weak* where the user
is told that the model can hardly do it. Where the picture shows it already, nothing is to be done and it counts as granted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from editor.api.protocol import Change, Effect
from editor.lab.evaluation import uploads
from editor.lab.evaluation.wishes import Setting

WISHES = Path(__file__).with_name("refusals.jsonl")
"""What is reported on; the lines of ``refusals_develop.jsonl`` beside it are those that limits may be set by."""
TRIES = 2
"""Portraits that each wish is tried on, other ones for the next wish."""

Outcome = Literal["refused", "weak", "granted"]


@dataclass(frozen=True)
class Line:
    """One wish; a possible one names the attribute that it is about."""

    prompt: str
    attribute: str | None

    @property
    def possible(self) -> bool:
        """Can pictures of the bundle show it?"""
        return self.attribute is not None


def read(path: Path, scored: Iterable[str]) -> list[Line]:
    """The lines of a file, but for wishes about attributes that the bundle's judge cannot read: nobody knows what is possible
    there. Raises ValueError for a line that is neither possible nor impossible."""
    known, found = set(scored), []
    for text in filter(str.strip, path.read_text(encoding="utf-8").splitlines()):
        line = json.loads(text)
        if bool(line.get("impossible")) == ("attribute" in line):
            raise ValueError(f"a wish is either impossible or names its attribute: {text}")
        if line.get("attribute") is None or line["attribute"] in known:
            found.append(Line(str(line["prompt"]), line.get("attribute")))
    return found


def outcome(effect: Effect) -> Outcome:
    """What became of a wish."""
    if effect.verdict == "refused":
        return "granted" if effect.satisfied else "refused"
    return "weak" if effect.verdict == "weak" else "granted"


def refusals(setting: Setting, lines: Sequence[Line]) -> dict[str, Any]:
    """For possible and impossible wishes: how many, the share of each outcome, and those that had the wrong one."""
    found: dict[bool, list[Outcome]] = {True: [], False: []}
    wrong: dict[bool, dict[str, list[Outcome]]] = {True: {}, False: {}}
    near = []
    for number, line in enumerate(lines):
        effects = [_effect(setting, line.prompt, TRIES * number + place) for place in range(TRIES)]
        outcomes = [outcome(effect) for effect in effects]
        found[line.possible] += outcomes
        near += [
            bool(effect.nearest) for effect, what in zip(effects, outcomes, strict=True) if what == "refused"
        ]
        if any((what == "refused") == line.possible for what in outcomes):
            wrong[line.possible][line.prompt] = outcomes
    kinds = {"possible": True, "impossible": False}
    figures: dict[str, Any] = {
        name: _figures(found[kind], wrong[kind]) for name, kind in kinds.items() if found[kind]
    }
    return figures | {"told what is near": round(sum(near) / max(1, len(near)), 4)}


def _effect(setting: Setting, prompt: str, number: int) -> Effect:
    items = setting.uploads.items
    return uploads.edit(setting.engine, items[number % len(items)], [Change(prompt=prompt)]).effects[0]


def _figures(outcomes: Sequence[Outcome], wrong: dict[str, list[Outcome]]) -> dict[str, Any]:
    shares = {what: round(count / len(outcomes), 4) for what, count in Counter(outcomes).items()}
    return {
        "wishes": len(outcomes) // TRIES,
        **{what: shares.get(what, 0.0) for what in ("refused", "weak", "granted")},
        "wrong": wrong,
    }
