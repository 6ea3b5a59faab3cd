"""How well sentences are understood, as a table by kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from bot.lab.evaluation import Score, confusion, total

HELD = Path(__file__).parents[2] / "tests" / "bot" / "language" / "held"


def report(scores: dict[str, Score], misses: bool = False) -> Iterator[str]:
    """Yield a line for each kind, their sum and the commonest confusions; on request, every wrong line."""
    yield f"{'kind':36} {'right':>13} {'wrong way':>10} {'changed':>8} {'asked':>6}"
    for kind, score in sorted(scores.items()):
        yield _row(kind, score)
    yield _row("all", total(scores.values()))
    for (expected, got), number in confusion(scores).most_common(12):
        yield f"expected {expected}, read {got}: {number}"
    for score in scores.values() if misses else ():
        for case, actions in score.misses:
            yield json.dumps({**case, "read": actions}, ensure_ascii=False)


def _row(kind: str, score: Score) -> str:
    share = f"{score.right}/{score.lines} {100 * score.right / max(1, score.lines):.0f}%"
    return f"{kind:36} {share:>13} {score.wrong_way:>10} {score.changed:>8} {score.asked:>6}"
