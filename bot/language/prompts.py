"""From the words of a request to a prompt, and from words to the adjustment in force that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bot.language import lexicon
from bot.language.text import has_han
from bot.language.words import correct, positive, stem

MOST_PROMPT = 200
_WORD = re.compile(r"[^\s,.;:!?()/]+")
_NOUNS = frozenset({"part", "worn", "being", "thing"})
_LEADING = ("to", "toward", "towards", "away", "up", "down", "left", "right", "back", "sideways", "around")
_LOOSE = frozenset(
    (
        *("of", "to", "for", "be", "being", "more", "even", "with", "on", "in", "at", "and", "like", "as"),
        *("aswell", "too", "also", "though", "please", "pls"),
    )
)


@dataclass(frozen=True)
class Prompt:
    """A description: ``text`` for the model, ``key`` in English for comparing, ``said`` as the user put it.

    ``noun`` is the thing that it is about; ``needy`` says that it is a colour or shape without one;
    ``unknown`` is a word that no lexicon knows.
    """

    text: str
    key: str
    said: str | None = None
    noun: str | None = None
    kind: str | None = None
    needy: bool = False
    unknown: str | None = None

    @property
    def bare_part(self) -> bool:
        """Whether it is a part of every picture and nothing else: "hair"."""
        return self.kind == "part" and self.noun in (self.text, self.said)

    @property
    def thing(self) -> bool:
        """Whether it can be absent, as a hat can; a trait such as "serious" has an opposite instead."""
        if self.kind is not None:
            return self.kind in _NOUNS
        last = self.key.split()[-1:] or [""]
        return not (positive(last[0]) or last[0].endswith(("ing", "ed")))


def kind_of(word: str) -> str | None:
    """The kind of an English word in the lexicons."""
    kinds = lexicon.english_kinds()
    return kinds.get(word) or kinds.get(positive(word) or "") or kinds.get(word.removesuffix("s"))


def words_of(text: str) -> list[str]:
    """The words of an English description: spelt right, in the base form, without articles around them."""
    spelling = lexicon.table("english")["spelling"]
    typed = [str(spelling.get(word, word)) for word in _WORD.findall(text)]
    plain = [word for word in typed if word not in ("more", "even", "very")] or typed
    words = [positive(word) or correct(word) for word in plain]
    fillers = lexicon.english("fillers")
    while len(words) > 1 and (words[0] in fillers or words[0] in _LOOSE) and not _phrase(words):
        words = words[1:]
    while len(words) > 1 and (words[-1] in fillers or words[-1] in _LOOSE):
        words = words[:-1]
    return words


def _phrase(words: Sequence[str]) -> bool:
    """ "in her forties", "like a zombie", "to the left": the preposition is part of the description."""
    return words[0] in ("in", "like", "to", "with", "as") and len(words) > 2 and words[0] != "as"


def described(what: str, of: str = "") -> Prompt:
    """The prompt of an English description, of a thing if one is named apart ("blonde", of "hair")."""
    thing = [word for word in words_of(of) if word not in lexicon.english("aspects")] if of else []
    said = words_of(what) if what else []
    nouns = [place for place, word in enumerate(said) if kind_of(word) in ("part", "worn")]
    if nouns and not thing and all(kind_of(word) in ("colour", "shape") for word in said[nouns[-1] + 1 :]):
        said, thing = [*said[nouns[-1] + 1 :], *said[: nouns[-1] + 1]], []  # "background blue"
    words = list(dict.fromkeys(_join(said, thing) if said else thing))
    if not words or (len(words) == 1 and words[0] in lexicon.english("fillers")):
        return Prompt("", "")
    text = " ".join(words)[:MOST_PROMPT]
    kind = kind_of(words[-1])
    noun = words[-1] if kind in ("part", "worn") else None
    return Prompt(text, text, None, noun, kind, kind in ("colour", "shape") and not thing)


def _join(words: list[str], thing: list[str]) -> list[str]:
    states = lexicon.table("english")["states"]
    if thing and words[0] in states:
        words = [states[words[0]], *words[1:]]
    elif words[0] in ("look", "looks") and len(words) > 1:
        return ["looking", *words[1:]]
    if not thing or thing[-1] in words:
        return words
    if words[0] in _LEADING:
        return [*thing, "turned", *words]
    if words[0] in ("with", "in"):
        return [*thing, *words]
    return words if kind_of(words[-1]) in _NOUNS else [*words, *thing]


@cache
def _groups() -> dict[str, str]:
    """Word -> the name of its group of words of nearly one meaning."""
    rows = lexicon.table("english")["synonyms"].items()
    return {stem(word): name for name, words in rows for word in (name, *words.split())}


def _stems(text: str, noun: str = "") -> frozenset[str]:
    usual, idle = lexicon.before_noun(), lexicon.english("idle") | lexicon.english("aspects")
    words = [usual.get((word, noun), word) for word in text.lower().split() if word not in idle]
    return frozenset(stem(word) for word in words)


def _group(stems: frozenset[str]) -> frozenset[str]:
    return frozenset(_groups().get(one, one) for one in stems)


def english_of(prompt: str) -> str:
    """A prompt in English, whichever language it was stored in."""
    if not has_han(prompt):
        return prompt.lower()
    from bot.language.chinese.phrase import translate

    return f"no {translate(prompt[2:])}" if prompt.startswith("没有") else translate(prompt)


def matching(key: str, prompts: Sequence[str]) -> str | None:
    """The newest prompt that a description names: by its words, by words of like meaning, or by its thing."""
    known = [(prompt, english_of(prompt)) for prompt in reversed(prompts)]
    known = [(prompt, text) for prompt, text in known if text and not text.startswith("no ")]
    head = _group(_stems(key.split()[-1])) if key else frozenset()
    pairs = [(prompt, _stems(key, text.split()[-1]), _stems(text)) for prompt, text in known]
    pairs = [(prompt, wanted, mine) for prompt, wanted, mine in pairs if wanted]
    named = [
        *(prompt for prompt, wanted, mine in pairs if wanted <= mine),
        *(prompt for prompt, wanted, mine in pairs if _group(wanted) <= _group(mine)),
        # "the silly hat" names "hat"
        *(prompt for prompt, wanted, mine in pairs if mine and head <= _group(mine) <= _group(wanted)),
    ]
    return named[0] if named else None


def same_place(key: str, prompt: str) -> bool:
    """Whether both are about one thing: "green eyes" and "blue eyes", "a goatee" and "beard"."""
    mine, other = _group(_stems(key)), _group(_stems(english_of(prompt)))
    needy = {stem(word) for word in lexicon.english("colours") | lexicon.english("shapes")}
    return bool((mine & other) - needy)


def noun_of(prompt: str) -> str | None:
    """The part or worn thing that a prompt ends with: "pink hair" -> "hair"."""
    words = english_of(prompt).split()
    return words[-1] if words and kind_of(words[-1]) in ("part", "worn") else None


def recoloured(new: str, prompt: str) -> str:
    """ "blue" in the place of "long pink hair" is "long blue hair"."""
    words = english_of(prompt).split()
    kind = kind_of(new.split()[-1])
    same = [word for word in words[:-1] if kind_of(word) == kind]
    if same:
        place = words.index(same[0])
        return " ".join([*words[:place], new, *(word for word in words[place:] if word not in same)])
    return f"{new} {words[-1]}" if noun_of(prompt) else new
