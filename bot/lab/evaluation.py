"""Score the reader on sentences with the actions expected of them, by kind.

A line of a file is ``{"kind", "after", "text", "expect"}``. ``after`` are the prompts in force. ``expect`` is
a list of actions, a list of such alternatives, or ``"unchanged"`` if nothing may change the picture. An
expected ``add`` gives beginnings of words of its prompt (``has``), a range of its strength or ``negative``,
and what ``keep`` and ``region`` mention; ``scale`` and ``set`` give a range, other actions their fields.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.language.actions import to_json
from bot.language.reader import read

UNCHANGED = "unchanged"
CHANGES = frozenset(
    {"add", "scale", "set", "remove", "undo", "redo", "goto", "reset", "variations", "transfer"}
)
_NEGATED = re.compile(r"^(no|not|non|without|less|free of)\b|-free$|^un[a-z]{3,}", re.I)


@dataclass
class Score:
    """How one kind of sentences was read."""

    lines: int = 0
    right: int = 0
    wrong_way: int = 0
    changed: int = 0
    """Lines that were to change nothing and did."""
    asked: int = 0
    """Requests for an edit that were asked about."""
    misses: list[tuple[dict[str, Any], list[dict[str, Any]]]] = field(default_factory=list)


def mentions(text: object, beginnings: Iterable[str]) -> bool:
    """Whether words of a text begin so."""
    return all(re.search(r"(?<!\w)" + re.escape(one.lower()), str(text).lower()) for one in beginnings)


def _within(value: object, bounds: Sequence[float]) -> bool:
    return isinstance(value, int | float) and bounds[0] - 1e-6 <= value <= bounds[1] + 1e-6


def _negative(action: dict[str, Any]) -> bool:
    return bool(_NEGATED.search(action["prompt"])) != (action["strength"] < 0)


def _added(action: dict[str, Any], wanted: dict[str, Any]) -> bool:
    for name in ("keep", "region"):
        value = action[name] or ""
        value = " ".join(value) if isinstance(value, list) else value
        if bool(value) != bool(wanted.get(name)) or not mentions(value, wanted.get(name, [])):
            return False
    if not mentions(action["prompt"], wanted.get("has", [])):
        return False
    if wanted.get("negative"):
        return _negative(action)
    return not _negative(action) and _within(action["strength"], wanted.get("strength", (0.05, 3)))


def fits(action: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether an action is the wanted one."""
    if "any" in wanted:
        return any(fits(action, one) for one in wanted["any"])
    if action["do"] != wanted["do"]:
        return {action["do"], wanted["do"]} == {"ask", "answer"}
    if action["do"] in ("ask", "answer"):
        return True
    if action["do"] == "add":
        return _added(action, wanted)
    for name, value in wanted.items():
        if name in ("strength", "factor") and isinstance(value, list):
            if not _within(action.get(name), value):
                return False
        elif action.get(name) != value:
            return False
    return True


def _alternatives(expect: list[Any]) -> list[list[dict[str, Any]]]:
    return expect if expect and isinstance(expect[0], list) else [expect]


def right(actions: list[dict[str, Any]], expect: Any) -> bool:
    """Whether actions are as expected."""
    if expect == UNCHANGED:
        return not any(action["do"] in CHANGES for action in actions)
    return any(
        len(actions) == len(wanted) and all(map(fits, actions, wanted)) for wanted in _alternatives(expect)
    )


def _opposite(action: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """More for less, add for remove, or the other way round."""
    done, due = action["do"], wanted.get("do")
    if done == due == "scale" and isinstance(wanted.get("factor"), list):
        low, high = wanted["factor"]
        return (high < 1 < action["factor"]) or (low > 1 > action["factor"])
    if done == due == "add":
        about = mentions(action["prompt"], wanted.get("has", []))
        return about and _negative(action) != bool(wanted.get("negative"))
    if due == "remove":
        return (
            done in ("scale", "add")
            and action.get("factor", 2) > 1
            and (
                action.get("target") == wanted.get("target")
                or (done == "add" and action["prompt"] == wanted.get("target") and not _negative(action))
            )
        )
    if done == "remove":
        return (
            due == "add" and not wanted.get("negative") and mentions(action["target"], wanted.get("has", []))
        )
    return False


def wrong_way(actions: list[dict[str, Any]], expect: Any) -> bool:
    """Whether some action does the opposite of what was asked for."""
    if expect == UNCHANGED or right(actions, expect):
        return False
    wanted = [one for alternative in _alternatives(expect) for one in alternative if "any" not in one]
    return any(_opposite(action, one) for action in actions for one in wanted) and not any(
        fits(action, one) for action in actions for one in wanted
    )


def evaluate(paths: Sequence[Path]) -> dict[str, Score]:
    """Scores by kind, of all lines of some files."""
    scores: dict[str, Score] = defaultdict(Score)
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                case = json.loads(line)
                _count(scores[case.get("kind") or path.stem], case)
    return dict(scores)


def _count(score: Score, case: dict[str, Any]) -> None:
    actions = [to_json(action) for action in read(case["text"], case.get("after", ()))]
    expect = case["expect"]
    score.lines += 1
    if right(actions, expect):
        score.right += 1
        return
    score.misses.append((case, actions))
    score.wrong_way += wrong_way(actions, expect)
    score.changed += expect == UNCHANGED
    score.asked += expect != UNCHANGED and all(action["do"] in ("ask", "answer") for action in actions)


def confusion(scores: dict[str, Score]) -> Counter[tuple[str, str]]:
    """(Expected, read) -> how often, of the first actions of the lines that were read wrong."""
    found: Counter[tuple[str, str]] = Counter()
    for score in scores.values():
        for case, actions in score.misses:
            expect = case["expect"]
            first = (
                UNCHANGED if expect == UNCHANGED else (_alternatives(expect)[0] or [{}])[0].get("do", "any")
            )
            found[first, actions[0]["do"] if actions else "nothing"] += 1
    return found


def total(scores: Iterable[Score]) -> Score:
    """The sum of scores, without their misses."""
    found = Score()
    for score in scores:
        for name in ("lines", "right", "wrong_way", "changed", "asked"):
            setattr(found, name, getattr(found, name) + getattr(score, name))
    return found
