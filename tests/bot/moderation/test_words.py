"""Refused words are found however they are disguised, and nothing else is found."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.moderation.words import BadRefusedWord, RefusedWords, check, refused

FOUND = {
    "ass": [
        "ass",
        "ASS!",
        "you áss",
        "a$$",
        "@ss",
        "assss",
        "a.s.s",
        "a*s*s",
        "a-ss",
        "a s s",
        "a\u200bss",
        "аѕѕ",
        "ⓐⓢⓢ",
        "看ass吧",
    ],
    "porn": [
        "p0rn",
        "ｐｏｒｎ",
        "𝓹𝓸𝓻𝓷",
        "🅿🅾🆁🅽",
        "🇵🇴🇷🇳",
        "p\u0336o\u0336r\u0336n\u0336",
        "pоrn",
        "p_o_r_n",
        "看porn吧",
        "p/o/r/n",
    ],
    "hell": ["hell", "heII", "he11", "h e l l", "HEEEELL", "h3ll", "to hell, please"],
    "god": ["god", "g0d", "gooood", "g o d"],
    "fail": ["fa1l", "f4il", "fai1", "FAIL"],
    "white power": ["White   Power", "whitepower", "wh1te-power", "w h i t e p o w e r"],
    "сука": ["ты сука", "cука", "cyka", "с у к а", "СУКА"],
    "жопа": ["жoпa", "ж0па", "Жопа!"],
    "色情": ["看色情片", "色 情", "色*情", "色\u200b情", "想要色情"],
    "ポルノ": ["ﾎﾟﾙﾉ", "ポルノ画像"],
    "नमस्ते": ["नमस्ते जी"],
    "안녕": ["안녕!"],
    "88": ["88", "heil 88!"],
    "c++": ["in c++ please"],
    "🍆": ["a 🍆\ufe0f here"],
    "don't": ["don't", "dont", "don’t"],
    r"/b[aeiou]d+y/": ["BODY", "ｂｕｄｄｙ"],
}
NOT_FOUND = {
    "ass": [
        "class",
        "assess",
        "as S. Smith",
        "as sad as",
        "he asks",
        "the a55 road",
        "Massachusetts",
        "p@ss",
        "pass",
        "455",
    ],
    "cunt": ["Scunthorpe"],
    "hell": ["he'll be", "hello", "shell"],
    "shed": ["she'd like"],
    "god": ["good", "goods", "gods"],
    "shot": ["shoot"],
    "fail": ["fall"],
    "pot": ["нарисуй рот", "potato", "spot"],
    "white power": ["a white, powerful horse"],
    "sm": ["sizes s m l"],
    "сука": ["барсука"],
    "色情": ["红色，情侣头像", "粉色 情侣", "红色·情侣", "好色的情人"],
    "88": ["1988", "88th"],
    "नमस्ते": ["नमस्तेजी"],
    r"/(?<!粉)色情/": ["粉色情侣"],
}


@pytest.mark.parametrize(
    ("entry", "text"), [(entry, text) for entry, texts in FOUND.items() for text in texts]
)
def test_found(entry: str, text: str) -> None:
    assert RefusedWords(("neverthere", entry)).found(text) == entry


@pytest.mark.parametrize(
    ("entry", "text"), [(entry, text) for entry, texts in NOT_FOUND.items() for text in texts]
)
def test_not_found(entry: str, text: str) -> None:
    assert RefusedWords((entry,)).found(text) is None


WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)


@settings(deadline=None)
@given(WORDS, st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=4), st.booleans())
def test_no_part_of_a_longer_word(word: str, more: str, before: bool) -> None:
    """Only a letter that is repeated three times may be the same word, drawn out."""
    text = more + word if before else word + more
    if set(more) != {word[0 if before else -1]}:
        assert RefusedWords((word,)).found(text) is None


@settings(deadline=None)
@given(WORDS, st.lists(WORDS, max_size=4), st.lists(WORDS, max_size=4))
def test_among_other_words(word: str, before: list[str], after: list[str]) -> None:
    assert RefusedWords((word,)).found(" ".join([*before, word, *after])) == word
    others = [one for one in before + after if one != word]
    if word not in others:
        drawn_out = [one for one in others if any(letter * 3 in one for letter in one)]
        if not drawn_out and word not in "".join(others):
            assert RefusedWords((word,)).found(" ".join(others)) is None


@settings(deadline=None)
@given(WORDS, st.sampled_from([" ", ".", "-", "*", " . ", "\u200b", "_"]))
def test_spaced_out(word: str, between: str) -> None:
    assert RefusedWords((word,)).found(f"so {between.join(word)} it is") == word


@settings(deadline=None)
@given(WORDS, st.data())
def test_disguised(word: str, data: st.DataObject) -> None:
    """Any letter may be wide, bold, circled, accented or Cyrillic."""
    cyrillic = dict(zip("aeopcyx", "аеорсух", strict=True))

    def disguise(letter: str) -> str:
        ways = [
            letter,
            letter.upper(),
            chr(ord(letter) + 0xFEE0),
            chr(ord(letter) - 97 + 0x1D41A),
            chr(ord(letter) - 97 + 0x24D0),
            letter + "\u0301",
            cyrillic.get(letter, letter),
        ]
        return data.draw(st.sampled_from(ways))

    assert RefusedWords((word,)).found("".join(map(disguise, word))) == word


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=200))
def test_no_entry_and_no_text_raise_an_error(entry: str, text: str) -> None:
    RefusedWords((entry,)).found(text)


@pytest.mark.parametrize("entry", ["", "   ", "\u200b", "/(/", "/a*/", "/x|/", "a" * 500])
def test_invalid_entries_are_refused_and_ignored(entry: str) -> None:
    with pytest.raises(BadRefusedWord):
        check(entry)
    assert RefusedWords((entry, "bad")).found("so bad") == "bad", "the other entries still work"


def test_an_entry_is_stored_without_spaces_around_it() -> None:
    assert check("  bad ") == "bad"
    assert check("/b.d/") == "/b.d/"


def test_a_slow_expression_ends_in_time_and_does_not_let_through() -> None:
    words = RefusedWords((r"/(a|a)+$/", r"/(?:x+x+)+y/"))
    begin = time.monotonic()
    assert words.found("a" * 4000 + "b" + "x" * 4000) is not None
    assert time.monotonic() - begin < 5


def test_long_texts_that_keep_the_search_busy() -> None:
    words = refused((*(f"word{number}" for number in range(100)), "aaab", "ass", "b a d", "色情"))
    begin = time.monotonic()
    for text in ("a" * 4000, "a " * 2000, "a*" * 2000, "*" * 4000, "as" * 2000, "色" * 4000, "色*" * 2000):
        assert words.found(text) is None
    assert time.monotonic() - begin < 30
