"""Rejection test: impossible edits must be refused, possible ones must not.

*Refused*: nothing is done, and the user is told so and shown similar edits that do work. *Weak*: the user is
told that the model can hardly do it. An edit that the picture shows already counts as granted.
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
from editor.lab.evaluation.uploads import UploadSet

CASES = Path(__file__).with_name("refusals.jsonl")
"""The reported prompts. Limits may be tuned on ``refusals_develop.jsonl`` only."""
TRIES = 2
"""Portraits for each prompt; the next prompt gets others."""

Outcome = Literal["refused", "weak", "granted"]


@dataclass(frozen=True)
class RejectionCase:
    """One prompt; ``attribute`` is None for an impossible one."""

    prompt: str
    attribute: str | None

    @property
    def possible(self) -> bool:
        """Whether pictures of the bundle can show it."""
        return self.attribute is not None


def read(path: Path, scored: Iterable[str]) -> list[RejectionCase]:
    """Read a file of prompts, without those about attributes that the classifier cannot predict.

    Raises ValueError for a line that is neither possible nor impossible.
    """
    known, found = set(scored), []
    for text in filter(str.strip, path.read_text(encoding="utf-8").splitlines()):
        line = json.loads(text)
        if bool(line.get("impossible")) == ("attribute" in line):
            raise ValueError(f"an edit is either impossible or names its attribute: {text}")
        if line.get("attribute") is None or line["attribute"] in known:
            found.append(RejectionCase(str(line["prompt"]), line.get("attribute")))
    return found


def outcome(effect: Effect) -> Outcome:
    """Classify what happened to an edit."""
    if effect.verdict == "refused":
        return "granted" if effect.satisfied else "refused"
    return "weak" if effect.verdict == "weak" else "granted"


def rejection(unseen: UploadSet, cases: Sequence[RejectionCase]) -> dict[str, Any]:
    """Return the share of each outcome for possible and impossible edits, and those with a wrong outcome."""
    found: dict[str, dict[str, list[Outcome]]] = {"possible": {}, "impossible": {}}
    suggested = []
    for number, case in enumerate(cases):
        effects = [_effect(unseen, case.prompt, TRIES * number + place) for place in range(TRIES)]
        found["possible" if case.possible else "impossible"][case.prompt] = list(map(outcome, effects))
        suggested += [bool(effect.nearest) for effect in effects if outcome(effect) == "refused"]
    figures: dict[str, Any] = {
        kind: _figures(outcomes, wrong_if_refused=kind == "possible")
        for kind, outcomes in found.items()
        if outcomes
    }
    return figures | {"with_suggestions": round(sum(suggested) / max(1, len(suggested)), 4)}


def _effect(unseen: UploadSet, prompt: str, number: int) -> Effect:
    upload = unseen.items[number % len(unseen.items)]
    return uploads.edit(unseen.tested.engine, upload, [Change(prompt=prompt)]).effects[0]


def _figures(outcomes: dict[str, list[Outcome]], wrong_if_refused: bool) -> dict[str, Any]:
    counts = Counter(what for found in outcomes.values() for what in found)
    wrong = {
        prompt: found
        for prompt, found in outcomes.items()
        if any((what == "refused") == wrong_if_refused for what in found)
    }
    shares = {what: round(counts[what] / counts.total(), 4) for what in ("refused", "weak", "granted")}
    return {"edits": len(outcomes), **shares, "wrong": wrong}
