"""Words that a server does not want in wishes.

An entry is a word or a phrase in any script, or a regular expression between slashes. A word is found

- as a *whole* word: "ass" is not in "class" and "hell" is not in "he'll". Scripts that put no spaces between words
  (Chinese, Japanese, Thai, …) are searched for the characters in a row instead, also across two of their words
  (色情 is in 粉色情侣: there an expression like /(?<!粉)色情/ is the better entry);
- with look-alike letters, other widths and styles, accents and invisible characters (``bot.moderation.lookalikes``);
- with digits and signs for letters ("p0rn", "a$$"), as long as at most half of it are digits: "a55" is a road;
- with letters repeated three times or more ("baaaad"), since two may be another word: "god" is not "good";
- with signs inside ("b*a*d", "b.ad", "b-ad"), or all letters spaced out ("b a d"), but not across two words ("as S.").

No list of this kind stops somebody determined; a regular expression takes what is left. It is given little time: a text
that it cannot be done with by then counts as found, so that nobody gets past it by a text that keeps it busy.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import regex

from bot.moderation.errors import BadRefusedWord
from bot.moderation.lookalikes import CAPITAL_I, fold, read_as_latin, skeleton

logger = logging.getLogger(__name__)

LONGEST_ENTRY = 200
LONGEST_TEXT = 8000
"""More of a text is not looked at; a message of Discord has at most 4000 characters."""
SECONDS = 0.1
"""What one regular expression may take for one text."""

_STANDING_FOR = {
    "a": "4@",
    "b": "8",
    "c": "¢",
    "e": "3€",
    "g": "9",
    "i": f"1!|{CAPITAL_I}",
    "l": f"1|£{CAPITAL_I}",
    "o": "0",
    "s": "5$",
    "t": "7+",
    "z": "2",
    "а": "4@",
    "б": "6",
    "з": "3",
    "о": "0",
    "ч": "4",
}
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_IN_ROW = regex.compile(f"[{_UNSPACED}]")
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}{CAPITAL_I}]--[{_UNSPACED}]]"
_INSIDE = r"[*_~^.·•#\-‐‑–]{0,3}+"
_INSIDE_ROW = r"[*_~^.#]{0,3}+"
_APART = r"[\s*_~^.·•#\-‐‑–/\\,;:'’\"]{1,3}+"
_BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]{0,5}"
_PLAIN_ENTRY = regex.compile(r"[\p{L}\p{M}\p{N}\s'’.\-]*[\p{L}\p{N}][\p{L}\p{M}\p{N}\s'’.\-]*")
_BREAK = regex.compile(r"[\s'’.\-]+")
_RUN = regex.compile(r"(\X)\1*")
_DIGIT = regex.compile(r"\d")


@dataclass(frozen=True)
class _Finder:
    """How one entry is looked for: ``views`` of a text are its folded form and its skeleton."""

    entry: str
    patterns: tuple[regex.Pattern[str], ...]
    digits: int = 0

    def finds(self, views: tuple[str, str]) -> bool:
        return any(
            self._counts(match[0])
            for pattern, view in zip(self.patterns, views, strict=True)
            for match in pattern.finditer(view, overlapped=True)
        )

    def _counts(self, found: str) -> bool:
        """Whether enough of it is letters: digits that the entry does not have may be half of it."""
        digits = len(_DIGIT.findall(found)) - self.digits
        return 2 * max(digits, 0) <= sum(not one.isspace() for one in found)


@dataclass(frozen=True)
class _Expression:
    """A regular expression of a moderator, looked for in the text as it is and folded."""

    entry: str
    pattern: regex.Pattern[str]

    def finds(self, texts: tuple[str, str]) -> bool:
        try:
            return any(self.pattern.search(text, timeout=SECONDS, concurrent=True) for text in texts)
        except TimeoutError:
            logger.warning("a refused expression took longer than %s s", SECONDS)
            return True


class RefusedWords:
    """Some entries, ready to be looked for. Entries that ``check`` would refuse are left out."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self._expressions: list[_Expression] = []
        self._words: list[_Finder] = []
        for entry in entries:
            try:
                made = _made(entry)
            except BadRefusedWord:
                logger.warning("a refused word makes no sense and is ignored")
                continue
            if isinstance(made, _Expression):
                self._expressions.append(made)
            else:
                self._words.append(made)

    @property
    def slow(self) -> bool:
        """Whether a search may take long enough to be worth a thread."""
        return bool(self._expressions) or len(self._words) > 100

    def found(self, text: str) -> str | None:
        """The first entry that is in the text, as it was written; None where none is."""
        text = text[:LONGEST_TEXT]
        folded = fold(text)
        views = (folded, skeleton(folded))
        for word in self._words:
            if word.finds(views):
                return word.entry
        return next((one.entry for one in self._expressions if one.finds((text, folded))), None)


@lru_cache(maxsize=256)
def refused(entries: tuple[str, ...]) -> RefusedWords:
    """The words of a server; made once for as long as they stay the same."""
    return RefusedWords(entries)


def check(entry: str) -> str:
    """An entry as it should be kept. Raises BadRefusedWord for one that could not be looked for."""
    entry = entry.strip()
    _made(entry)
    return entry


def _made(entry: str) -> _Finder | _Expression:
    if len(entry) > LONGEST_ENTRY:
        raise BadRefusedWord(entry=entry[:40] + "…")
    if len(entry) > 2 and entry.startswith("/") and entry.endswith("/"):
        return _expression(entry)
    folded = fold(entry)
    views = (folded, read_as_latin(folded))
    if not folded.strip():
        raise BadRefusedWord(entry=entry)
    return _Finder(
        entry, tuple(regex.compile(_searched(view), regex.V1) for view in views), len(_DIGIT.findall(folded))
    )


def _expression(entry: str) -> _Expression:
    try:
        pattern = regex.compile(entry[1:-1], regex.IGNORECASE | regex.V1)
        empty = pattern.search("", timeout=SECONDS) is not None
    except (regex.error, TimeoutError, OverflowError, RecursionError) as error:
        raise BadRefusedWord(entry=entry) from error
    if empty:  # it would refuse everything
        raise BadRefusedWord(entry=entry)
    return _Expression(entry, pattern)


def _searched(folded: str) -> str:
    """The pattern of a folded entry."""
    if not _PLAIN_ENTRY.fullmatch(folded):
        return _bounded(folded.strip(), regex.escape(folded.strip()))
    words = [word for word in _BREAK.split(folded) if word]
    whole = "".join(words)
    forms = [_BETWEEN_WORDS.join(_close(word) for word in words)]
    if len(whole) > 2 or (len(whole) > 1 and _IN_ROW.search(whole)):
        forms.append(rf"(?<![\p{{L}}\p{{M}}\p{{N}}]){_apart(whole)}(?![\p{{L}}\p{{M}}\p{{N}}])")
    return f"{_bounded(whole, forms[0])}{''.join(f'|{form}' for form in forms[1:])}"


def _bounded(written: str, pattern: str) -> str:
    """A pattern that begins and ends where a word does, on the sides where its script has such places."""
    before = rf"(?<!{_LETTER})" if regex.match(_LETTER, written[0], regex.V1) else ""
    after = rf"(?!{_LETTER})" if regex.match(_LETTER, written[-1], regex.V1) else ""
    return f"{before}(?:{pattern}){after}"


def _runs(word: str) -> Iterator[tuple[str, int]]:
    """Letters of a word with how often each stands in a row: "good" -> g 1, o 2, d 1."""
    for run in _RUN.finditer(word):
        yield run[1], len(run[0]) // len(run[1])


def _close(word: str) -> str:
    """Letters in a row, as often as written or three times and more, with signs that no ordinary word has inside."""
    inside = _INSIDE_ROW if _IN_ROW.search(word) else _INSIDE
    parts = []
    for letter, times in _runs(word):
        one = _class(letter)
        parts.append(
            f"(?:(?:{one}{inside}){{{max(3, times)},}}+|(?:{one}{inside}){{{times}}})"
            if times < 3
            else f"(?:{one}{inside}){{{times},}}+"
        )
    return "".join(parts)


def _apart(word: str) -> str:
    """Every letter by itself with something between."""
    return _APART.join(_class(letter) for letter, times in _runs(word) for _ in range(times))


def _class(letter: str) -> str:
    """A letter or what stands for it."""
    others = _STANDING_FOR.get(letter, "")
    return (
        f"[{regex.escape(letter)}{''.join(regex.escape(one) for one in others)}]"
        if others
        else regex.escape(letter)
    )
