"""Chinese numerals and shares: 两, 十二, 百分之五十, 五成."""

from __future__ import annotations

import re

DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
NUMBER = r"(?:[0-9]{1,4}|[零一二两三四五六七八九十百]{1,5}|几)"
"""A whole number as a pattern; 几 is "a few"."""
_SHARE = re.compile(
    rf"百分之({NUMBER})|([一二两三四五六七八九十])成|" + r"([+-]?[0-9]{1,6}(?:\.[0-9]{1,6})?)\s?%"
)
A_FEW = 4


def number(text: str) -> int:
    """The value of a text that ``NUMBER`` matches."""
    if text.isascii() and text.isdigit():
        return int(text)
    if text == "几":
        return A_FEW
    total, digit = 0, 0
    for character in text:
        if character in "十百":
            total, digit = total + (digit or 1) * (10 if character == "十" else 100), 0
        else:
            digit = DIGITS.get(character, 0)
    return total + digit


def take_share(text: str) -> tuple[str, float | None, bool]:
    """The text without its first percentage, this as a share (1 is 100 %), and whether it bore a sign."""
    found = _SHARE.search(text)
    if found is None:
        return text, None, False
    rest = text[: found.start()] + text[found.end() :]
    if found[1]:
        return rest, number(found[1]) / 100, False
    if found[2]:
        return rest, number(found[2]) / 10, False
    return rest, float(found[3]) / 100, found[3][0] in "+-"
