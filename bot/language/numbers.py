"""Numbers in words and digits, of both languages: counts, ordinals, shares and factors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from bot.language import lexicon

CHINESE_NUMBER = r"(?:[0-9]{1,4}|[零一二两三四五六七八九十百]{1,5}|几)"
"""A whole number as a pattern; 几 is "a few"."""
A_FEW = 4
_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


@cache
def _counts() -> dict[str, int]:
    rows = lexicon.table("english")["counts"].items()
    return {word: int(number) for number, words in rows for word in words.split()}


@dataclass(frozen=True)
class Amount:
    """``share`` is a part of the whole (50 % is 0.5), ``factor`` a multiple, ``sign`` that of +20 %."""

    share: float | None = None
    factor: float | None = None
    sign: int = 0


def chinese_number(text: str) -> int:
    """The value of a text that ``CHINESE_NUMBER`` matches."""
    if text.isascii() and text.isdigit():
        return int(text)
    if text == "几":
        return A_FEW
    total, digit = 0, 0
    for character in text:
        if character in "十百":
            total, digit = total + (digit or 1) * (10 if character == "十" else 100), 0
        else:
            digit = _DIGITS.get(character, 0)
    return total + digit


def count(text: str) -> int | None:
    """The whole number that a text names ("2", "the second", 第三), None if it names none."""
    if found := re.search(r"\d+", text):
        return int(found.group()[:6])
    words = [word for word in re.split(r"[\s-]+", text) if word in _counts()]
    if words:
        tens = [word for word in words if _counts()[word] >= 20]
        return _counts()[tens[0]] if tens else _counts()[words[-1]]
    found = re.search(CHINESE_NUMBER, text)
    return chinese_number(found.group()) if found else None


def _share(text: str) -> float | None:
    if found := re.search(rf"百分之({CHINESE_NUMBER})", text):
        return chinese_number(found[1]) / 100
    if found := re.search(r"([一二两三四五六七八九十])成", text):
        return chinese_number(found[1]) / 10
    if found := re.search(r"(\d{1,6}(?:\.\d{1,6})?)\s?(%|per|pct|x|times)?", text):
        value = float(found[1])
        if found[2] in ("x", "times"):
            return None
        return value / 100 if found[2] or (value > 3 and "." not in found[1]) else value
    if re.search(r"per ?cent|%", text) and (number := count(text)) is not None:
        return number / 100
    return None


def amount(text: str) -> Amount:
    """What a text says about how much."""
    sign = 1 if text[:1] == "+" else -1 if text[:1] == "-" else 0
    if found := re.search(r"(\d+(?:\.\d+)?|\w+) ?(?:x\b|times)|x ?(\d+(?:\.\d+)?)", text):
        said = found[1] or found[2]
        number = float(said) if re.fullmatch(r"\d+(?:\.\d+)?", said) else count(said)
        return Amount(factor=float(number) if number else None)
    if (share := _share(text)) is not None:
        return Amount(share=share, sign=sign)
    if found := re.search(rf"({CHINESE_NUMBER})倍", text):
        said = chinese_number(found[1])
        return Amount(factor=2.0 if said < 2 else float(said))
    factors = lexicon.table("english")["factors"]
    words = [word for word in factors if re.search(rf"(?<![a-z]){word}", text)]
    return Amount(factor=factors[words[0]]) if words else Amount()
