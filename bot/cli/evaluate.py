"""How well sentences are understood, as a table by kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.lab.dialogues import hold, is_conversations
from bot.lab.evaluation import Score, confusion, evaluate, total

HELD = Path(__file__).parents[2] / "tests" / "bot" / "language" / "held"


def report(files: Sequence[Path], misses: bool = False) -> Iterator[str]:
    """Yield a line for each kind, their sum, the commonest confusions and the turns of conversations.

    On request, every wrong line and turn follows.
    """
    talks = [path for path in files if is_conversations(path)]
    sentences = [path for path in files if path not in talks]
    wrong: list[dict[str, Any]] = []
    if sentences:
        scores = evaluate(sentences)
        yield from _table(scores)
        wrong += [{**case, "read": read} for one in scores.values() for case, read in one.misses]
    for path in talks:
        right, turns, missed = hold(path.read_text(encoding="utf-8").splitlines())
        yield f"{path.stem}: the state is right after {right} of {turns} turns, {100 * right / turns:.0f}%"
        wrong += missed
    for row in wrong if misses else ():
        yield json.dumps(row, ensure_ascii=False)


def _table(scores: dict[str, Score]) -> Iterator[str]:
    yield f"{'kind':36} {'right':>13} {'wrong way':>10} {'changed':>8} {'asked':>6}"
    for kind, score in sorted(scores.items()):
        yield _row(kind, score)
    yield _row("all", total(scores.values()))
    for (expected, got), number in confusion(scores).most_common(12):
        yield f"expected {expected}, read {got}: {number}"


def _row(kind: str, score: Score) -> str:
    share = f"{score.right}/{score.lines} {100 * score.right / max(1, score.lines):.0f}%"
    return f"{kind:36} {share:>13} {score.wrong_way:>10} {score.changed:>8} {score.asked:>6}"
