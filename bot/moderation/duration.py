"""Lengths of time as moderators type them: "90m", "12 h", "3 days", "2周", "forever"."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path

from bot.errors import BotError

LONGEST = timedelta(days=3650)  # a longer time counts as forever

_WORDS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_SECONDS = {name: unit["seconds"] for unit in _WORDS["units"] for name in unit["names"]}
_PART = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([^\W\d_]+)")
_BETWEEN = re.compile(r"(?:and|[\s,])*")


class BadDuration(BotError):
    """A ``text`` is not a length of time."""

    key = "policy.bad-duration"


def parse(text: str) -> timedelta | None:
    """Return the length of time that a text names, None for "forever".

    Raises:
        BadDuration: the text is not a length of time above zero.
    """
    typed = text.strip().lower()
    if typed in _WORDS["permanent"]:
        return None
    seconds = 0.0
    for number, unit in _PART.findall(typed):
        size = _SECONDS.get(unit) or _SECONDS.get(unit.removesuffix("s"))
        if size is None:
            raise BadDuration(text=text[:50])
        seconds += float(number) * size
    if seconds <= 0 or not _BETWEEN.fullmatch(_PART.sub("", typed)):
        raise BadDuration(text=text[:50])
    return timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None
