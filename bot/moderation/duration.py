"""How long something lasts, as moderators type it: "90m", "12 h", "3 days", "2周", "forever"."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.moderation.errors import BadDuration

LONGEST = timedelta(days=3650)
"""More than this is the same as for good."""

_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "秒": 1,
    "秒钟": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "分": 60,
    "分钟": 60,
    "分鐘": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "时": 3600,
    "小时": 3600,
    "小時": 3600,
    "d": 86400,
    "day": 86400,
    "天": 86400,
    "日": 86400,
    "w": 604800,
    "week": 604800,
    "周": 604800,
    "週": 604800,
    "星期": 604800,
    "month": 2592000,
    "月": 2592000,
    "个月": 2592000,
    "個月": 2592000,
    "y": 31536000,
    "year": 31536000,
    "年": 31536000,
}
_FOR_GOOD = {"forever", "for good", "permanent", "permanently", "always", "永久", "永远", "永遠"}
_PART = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*([^\W\d_]+)")


def parse(text: str) -> timedelta | None:
    """The length of time that ``text`` names, None for good. Raises BadDuration."""
    typed = text.strip().lower()
    if typed in _FOR_GOOD:
        return None
    parts, rest = _PART.findall(typed), _PART.sub("", typed)
    if not parts or rest.replace("and", "").replace(",", "").strip():
        raise BadDuration(text=text[:50])
    seconds = sum(float(number) * _unit(word, text) for number, word in parts)
    if seconds <= 0:
        raise BadDuration(text=text[:50])
    return timedelta(seconds=seconds) if seconds <= LONGEST.total_seconds() else None


def _unit(word: str, text: str) -> int:
    for name in (word, word.removesuffix("s")):
        if name in _SECONDS:
            return _SECONDS[name]
    raise BadDuration(text=text[:50])
