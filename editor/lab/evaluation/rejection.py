"""Rejection test: impossible edits must be refused, possible ones must not.

*Refused*: nothing is done, and the user is told so and shown similar edits that do work. *Weak*: the user is
told that the model can hardly do it. An edit that the picture shows already counts as granted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from editor.api.protocol import Change, Effect
from editor.lab.evaluation import uploads
from editor.lab.evaluation.classifier_metrics import read_lines
from editor.lab.evaluation.uploads import UploadSet

CASES = Path(__file__).with_name("refusals.jsonl")
"""The reported prompts. Limits may be tuned on ``refusals_develop.jsonl`` only."""
TRIES = 2
"""Portraits for each prompt; the next prompt gets others."""

Outcome = Literal["refused", "weak", "granted"]


def read(path: Path, scored: Iterable[str]) -> dict[str, bool]:
    """Read a file of prompts: whether each is possible.

    Prompts about attributes that the classifier cannot predict are left out. Raises ValueError for a line
    that is neither possible nor impossible.
    """
    known, found = set(scored), {}
    for line in read_lines(path):
        if bool(line.get("impossible")) == ("attribute" in line):
            raise ValueError(f"an edit is either impossible or names its attribute: {line}")
        if line.get("attribute") is None or line["attribute"] in known:
            found[str(line["prompt"])] = "attribute" in line
    return found


def outcome(effect: Effect) -> Outcome:
    """Classify what happened to an edit."""
    if effect.verdict == "refused":
        return "granted" if effect.satisfied else "refused"
    return "weak" if effect.verdict == "weak" else "granted"


def rejection(unseen: UploadSet, cases: Mapping[str, bool]) -> dict[str, Any]:
    """Return the share of each outcome for possible and impossible edits, and those with a wrong outcome."""
    found: dict[str, dict[str, list[Outcome]]] = {"possible": {}, "impossible": {}}
    suggested = []
    for number, (prompt, possible) in enumerate(cases.items()):
        kind = found["possible" if possible else "impossible"]
        for place in range(TRIES):
            upload = unseen.items[(TRIES * number + place) % len(unseen.items)]
            effect = uploads.edit(unseen.tested.engine, upload, [Change(prompt=prompt)]).effects[0]
            kind.setdefault(prompt, []).append(outcome(effect))
            if outcome(effect) == "refused":
                suggested.append(bool(effect.nearest))
    figures: dict[str, Any] = {kind: _figures(kind, outcomes) for kind, outcomes in found.items() if outcomes}
    return figures | {"with_suggestions": round(sum(suggested) / max(1, len(suggested)), 4)}


def _figures(kind: str, outcomes: dict[str, list[Outcome]]) -> dict[str, Any]:
    counts = Counter(one for found in outcomes.values() for one in found)
    shares = {name: round(counts[name] / counts.total(), 4) for name in ("refused", "weak", "granted")}
    wrong = {
        prompt: found
        for prompt, found in outcomes.items()
        if any((one == "refused") == (kind == "possible") for one in found)
    }
    return {"edits": len(outcomes), **shares, "wrong": wrong}
