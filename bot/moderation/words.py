"""The words that a server does not allow in requests.

An entry is a word or a phrase in any script, or a regular expression between slashes. A word is found

- as a *whole* word: "ass" is not found in "class", nor "hell" in "he'll". Scripts without spaces between
  words (Chinese, Japanese, Thai, …) are searched for the characters in a row instead, even across two words.
  色情 is found in 粉色情侣, so an expression like /(?<!粉)色情/ is a better entry there;
- with look-alike letters, other widths and styles, accents and invisible characters (``lookalikes.py``);
- with digits and symbols for letters ("p0rn", "a$$"), if at most half of it are digits: "a55" is a road;
- with a letter repeated three times or more ("baaaad"). Twice may be another word: "god" is not "good";
- with symbols inside ("b*a*d", "b.ad", "b-ad"), or with all letters spaced out ("b a d"), but not across two
  words ("as S.").

Nothing like this stops a determined person; regular expressions are for the rest. Each has little time for a
text. If the time is up, the text counts as refused, so that nobody gets past by keeping the search busy.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex

from bot.errors import BotError
from bot.moderation.lookalikes import CAPITAL_I, SUBSTITUTES, fold, read_as_latin, skeleton

logger = logging.getLogger(__name__)

LONGEST_ENTRY = 200
LONGEST_TEXT = 8000  # only so many characters of a text are searched; a message on Discord has at most 4000
SECONDS = 0.1  # how long the search for one regular expression in one text may take

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_IS_SPACELESS = regex.compile(f"[{_SPACELESS}]")
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}{CAPITAL_I}]--[{_SPACELESS}]]"
_WITHIN_WORD = r"[*_~^.·•#\-‐‑–]{0,3}+"
_WITHIN_SPACELESS = r"[*_~^.#]{0,3}+"
_SPACING = r"[\s*_~^.·•#\-‐‑–/\\,;:'’\"]{1,3}+"
_BETWEEN_WORDS = r"[^\p{L}\p{M}\p{N}]{0,5}"
_PLAIN_ENTRY = regex.compile(r"[\p{L}\p{M}\p{N}\s'’.\-]*[\p{L}\p{N}][\p{L}\p{M}\p{N}\s'’.\-]*")
_BREAK = regex.compile(r"[\s'’.\-]+")
_RUN = regex.compile(r"(\X)\1*")
_DIGIT = regex.compile(r"\d")
_Finder = Callable[[str, str, str], bool]  # whether a text, its folded form or its skeleton has an entry


class BadRefusedWord(BotError):
    """An ``entry`` for the list of refused words cannot be searched for."""

    key = "policy.bad-refused-word"


class RefusedWords:
    """Entries that are ready to be searched for. Those that ``check`` refuses are left out."""

    def __init__(self, entries: tuple[str, ...]) -> None:
        self._phrases: dict[str, _Finder] = {}
        self._expressions: dict[str, _Finder] = {}
        for entry in entries:
            try:
                (self._expressions if _is_expression(entry) else self._phrases)[entry] = _finder(entry)
            except BadRefusedWord:
                logger.warning("an invalid entry in a list of refused words is ignored")

    @property
    def slow(self) -> bool:
        """Whether a search may take so long that it needs a thread."""
        return bool(self._expressions) or len(self._phrases) > 100

    def found(self, text: str) -> str | None:
        """Return the first entry that is in the text, None if there is none."""
        text = text[:LONGEST_TEXT]
        folded = fold(text)
        latin = skeleton(folded)
        entries = (self._phrases | self._expressions).items()
        return next((entry for entry, finds in entries if finds(text, folded, latin)), None)


@lru_cache(maxsize=256)
def refused(entries: tuple[str, ...]) -> RefusedWords:
    """Return a server's refused words, compiled only once for equal entries."""
    return RefusedWords(entries)


def check(entry: str) -> str:
    """Return an entry as it should be stored. Raises BadRefusedWord if it cannot be searched for."""
    entry = entry.strip()
    _finder(entry)
    return entry


def _is_expression(entry: str) -> bool:
    return len(entry) > 2 and entry.startswith("/") and entry.endswith("/")


def _finder(entry: str) -> _Finder:
    if len(entry) > LONGEST_ENTRY:
        raise BadRefusedWord(entry=entry[:40] + "…")
    return _expression_finder(entry) if _is_expression(entry) else _phrase_finder(entry)


def _expression_finder(entry: str) -> _Finder:
    """Search for a moderator's regular expression, in the text itself and in its folded form."""
    try:
        pattern = regex.compile(entry[1:-1], regex.IGNORECASE | regex.V1)
        if pattern.search("", timeout=SECONDS) is not None:  # it would match every text
            raise BadRefusedWord(entry=entry)
    except (regex.error, TimeoutError, OverflowError, RecursionError) as error:
        raise BadRefusedWord(entry=entry) from error

    def finds(text: str, folded: str, _: str) -> bool:
        try:
            return any(pattern.search(view, timeout=SECONDS, concurrent=True) for view in (text, folded))
        except TimeoutError:
            logger.warning("the search for a refused regular expression took longer than %s s", SECONDS)
            return True

    return finds


def _phrase_finder(entry: str) -> _Finder:
    """Search for a word or a phrase, in the folded form of a text and in its skeleton."""
    folded = fold(entry)
    if not folded.strip():
        raise BadRefusedWord(entry=entry)
    patterns = [regex.compile(_pattern(view), regex.V1) for view in (folded, read_as_latin(folded))]
    own_digits = len(_DIGIT.findall(folded))

    def is_wordlike(found: str) -> bool:
        """Whether at most half of what was found are digits that the entry does not have."""
        digits = max(0, len(_DIGIT.findall(found)) - own_digits)
        return 2 * digits <= sum(not one.isspace() for one in found)

    def finds(_: str, *views: str) -> bool:
        return any(
            is_wordlike(match[0])
            for pattern, view in zip(patterns, views, strict=True)
            for match in pattern.finditer(view, overlapped=True)
        )

    return finds


def _pattern(folded: str) -> str:
    """Return the pattern that finds a folded entry."""
    if not _PLAIN_ENTRY.fullmatch(folded):
        return _bounded(folded.strip(), regex.escape(folded.strip()))
    words = [word for word in _BREAK.split(folded) if word]
    whole = "".join(words)
    forms = [_BETWEEN_WORDS.join(_joined(word) for word in words)]
    if len(whole) > 2 or (len(whole) > 1 and _IS_SPACELESS.search(whole)):
        forms.append(rf"(?<![\p{{L}}\p{{M}}\p{{N}}]){_spaced(whole)}(?![\p{{L}}\p{{M}}\p{{N}}])")
    return f"{_bounded(whole, forms[0])}{''.join(f'|{form}' for form in forms[1:])}"


def _bounded(written: str, pattern: str) -> str:
    """Let a pattern match only whole words, at each end whose script has spaces between words."""
    before = rf"(?<!{_LETTER})" if regex.match(_LETTER, written[0], regex.V1) else ""
    after = rf"(?!{_LETTER})" if regex.match(_LETTER, written[-1], regex.V1) else ""
    return f"{before}(?:{pattern}){after}"


def _runs(word: str) -> Iterator[tuple[str, int]]:
    """Yield each letter with how often it is repeated: "good" gives g 1, o 2, d 1."""
    for run in _RUN.finditer(word):
        yield run[1], len(run[0]) // len(run[1])


def _joined(word: str) -> str:
    """Match the letters as often as written, or three times and more, with symbols in between."""
    inside = _WITHIN_SPACELESS if _IS_SPACELESS.search(word) else _WITHIN_WORD
    parts = []
    for letter, times in _runs(word):
        matched = _class(letter)
        many = f"(?:{matched}{inside}){{{max(3, times)},}}+"
        parts.append(many if times >= 3 else f"(?:{many}|(?:{matched}{inside}){{{times}}})")
    return "".join(parts)


def _spaced(word: str) -> str:
    """Match the letters with a space or a symbol between any two."""
    return _SPACING.join(_class(letter) for letter, times in _runs(word) for _ in range(times))


def _class(letter: str) -> str:
    """Match a letter or one of its substitutes."""
    characters = [letter, *SUBSTITUTES.get(letter, "")]
    return f"[{''.join(map(regex.escape, characters))}]" if len(characters) > 1 else regex.escape(letter)
