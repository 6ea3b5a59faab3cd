"""How sentences are understood, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.conversation.replies import in_words
from bot.language.actions import to_json
from bot.language.reader import read
from bot.locales import locale_of


def parse_to_json(text: str, after: Sequence[str] = ()) -> str:
    """Return ``{"actions": [...]}`` for a sentence, given the prompts of the adjustments in force, oldest
    first."""
    actions = [in_words(locale_of(text), action) for action in read(text, after)]
    return json.dumps({"actions": [to_json(action) for action in actions]}, ensure_ascii=False)


def parse_file(path: Path) -> Iterator[str]:
    """Parse a file of ``{"text": ..., "after": [...]}`` lines.

    Raises OSError, ValueError, KeyError or TypeError for a file that is not such.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            case = json.loads(line)
            yield parse_to_json(str(case["text"]), case.get("after", ()))
