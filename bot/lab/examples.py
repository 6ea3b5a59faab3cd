"""Labelled sentences made from the example files in ``bot/language/examples``.

A template is text with lists and marks:

    {name}          a line of that list: of the file, a kind of the lexicons, or ``word`` (any word)
    (a|b|)          one of these
    [slot text]     tokens of a slot: [what pink hair]
    [sep text]      between two clauses; what follows begins a new one
    @act            what follows is a clause of this act

`docs/language.md` describes the acts and slots.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bot.language import lexicon
from bot.language.labels import SEPARATOR, SLOTS
from bot.language.text import clean, tokenise

FOLDER = Path(__file__).parents[1] / "language" / "examples"
OPEN_LISTS = frozenset({"worn", "being", "thing", "trait", "state", "colour", "shape", "part"})
"""Lists of words for pictures: a stranger's word stands in for one of theirs now and then."""
_PIECE = re.compile(r"\{([\w.]+)\}|\[(\w+) |@([\w.-]+)|([(|)\]])|([^{}\[\]()|@]+)")


@dataclass
class Chunk:
    """Text with one slot; ``span`` tells two neighbouring spans of a slot apart."""

    text: str
    slot: str | None
    span: int
    act: str
    clause: int


@dataclass
class Example:
    """A cleaned sentence and the labels of its tokens."""

    text: str
    acts: list[str]
    begins: list[bool]
    slots: list[str]
    language: str = "en"


@dataclass
class _State:
    act: str
    clause: int = 0
    spans: int = 0
    chunks: list[Chunk] = field(default_factory=list)


Node = Callable[["Language", random.Random, _State, "str | None"], None]


@cache
def _parse(template: str) -> tuple[Node, ...]:
    pieces = list(_PIECE.finditer(template))
    nodes, place = _sequence(pieces, 0, "")
    if place != len(pieces):
        raise ValueError(f"unbalanced template: {template}")
    return nodes


def _sequence(pieces: list[re.Match[str]], place: int, stops: str) -> tuple[tuple[Node, ...], int]:
    nodes: list[Node] = []
    while place < len(pieces):
        name, slot, act, mark, text = pieces[place].groups()
        if mark and mark in stops:
            break
        place += 1
        if name:
            nodes.append(_list(name))
        elif slot:
            inner, place = _sequence(pieces, place, "]")
            place += 1
            nodes.append(_slot(slot, inner))
        elif act:
            nodes.append(_turn(act))
        elif mark == "(":
            choices: list[tuple[Node, ...]] = []
            while True:
                inner, place = _sequence(pieces, place, "|)")
                choices.append(inner)
                place += 1
                if pieces[place - 1].group() == ")":
                    break
            nodes.append(_choice(choices))
        elif text:
            nodes.append(_text(text))
        else:
            raise ValueError(f"misplaced {mark!r}")
    return tuple(nodes), place


def _text(text: str) -> Node:
    def node(language: Language, rng: random.Random, state: _State, slot: str | None) -> None:
        state.chunks.append(Chunk(text, slot, state.spans, state.act, state.clause))

    return node


def _list(name: str) -> Node:
    def node(language: Language, rng: random.Random, state: _State, slot: str | None) -> None:
        for inner in _parse(language.pick(name, rng)):
            inner(language, rng, state, slot)

    return node


def _slot(name: str, inner: tuple[Node, ...]) -> Node:
    if name != SEPARATOR and name not in SLOTS:
        raise ValueError(f"no such slot: {name}")

    def node(language: Language, rng: random.Random, state: _State, slot: str | None) -> None:
        state.spans += 1
        act, state.act = state.act, SEPARATOR if name == SEPARATOR else state.act
        for one in inner:
            one(language, rng, state, None if name == SEPARATOR else name)
        state.act = act
        state.spans += 1
        state.clause += name == SEPARATOR

    return node


def _turn(act: str) -> Node:
    def node(language: Language, rng: random.Random, state: _State, slot: str | None) -> None:
        state.act, state.clause = act, state.clause + 1

    return node


def _choice(choices: list[tuple[Node, ...]]) -> Node:
    def node(language: Language, rng: random.Random, state: _State, slot: str | None) -> None:
        for inner in rng.choice(choices):
            inner(language, rng, state, slot)

    return node


@dataclass
class Language:
    """The examples of one language: its lists, its templates by act and form, and how clauses are joined."""

    code: str
    lists: dict[str, list[str]]
    acts: dict[str, dict[str, Any]]
    frames: dict[str, dict[str, str]]
    words: list[str]

    def pick(self, name: str, rng: random.Random) -> str:
        """One line of a list."""
        if name == "word" or (name in OPEN_LISTS and rng.random() < 0.12):
            return rng.choice(self.words)
        return rng.choice(self.lists[name])

    @property
    def spaced(self) -> bool:
        """Whether words are written with spaces."""
        return self.code not in ("zh", "ja")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def files() -> list[Path]:
    """All files that sentences are made from."""
    return sorted([*FOLDER.glob("*.toml"), *lexicon.FOLDER.glob("*.toml")])


def load(code: str, words: list[str]) -> Language:
    """The examples of a language: all example files whose names begin with its code, and its word list."""
    lists = _words(code)
    acts: dict[str, dict[str, Any]] = {}
    frames: dict[str, dict[str, str]] = {}
    for path in (path for path in files() if path.name.startswith(code) and path.stem not in lexicon.NAMES):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for name, text in data.get("lists", {}).items():
            lists.setdefault(name, []).extend(_lines(text))
        for act, forms in data.get("acts", {}).items():
            known = acts.setdefault(act, {})
            known |= {
                form: [*known.get(form, []), *_lines(text)]
                for form, text in forms.items()
                if isinstance(text, str)
            }
            known |= {key: value for key, value in forms.items() if not isinstance(value, str)}
        for form, around in data.get("frames", {}).items():
            before = frames.setdefault(form, {})
            before |= {place: before.get(place, "") + text for place, text in around.items()}
    return Language(code, lists, acts, frames, words)


def _words(code: str) -> dict[str, list[str]]:
    """The words of a language by kind; the English ones are those that the others are translated to."""
    found: dict[str, list[str]] = {}
    for word, (english, kind) in lexicon.translations("zh" if code == "en" else code).items():
        if code != "en" or lexicon.own_words()[english][0] == word:
            found.setdefault(kind, []).append(english if code == "en" else word)
    return found


def sentences(language: Language, rng: random.Random) -> Iterator[Example]:
    """Ever more sentences."""
    names = list(language.acts)
    weights = [language.acts[name].get("weight", 1.0) for name in names]
    joined = [
        weight * bool(language.acts[name].get("joins")) for name, weight in zip(names, weights, strict=True)
    ]
    while True:
        count = rng.choices((1, 2, 3, 4), (0.62, 0.25, 0.09, 0.04))[0]
        acts = rng.choices(names, weights if count == 1 else joined, k=count)
        example = _sentence(language, acts, rng)
        if example is not None:
            yield example


def _sentence(language: Language, acts: list[str], rng: random.Random) -> Example | None:
    state = _State(acts[0])
    edits = bool(language.acts[acts[0]].get("joins"))
    remarks = "remark_before" in language.lists
    if remarks and edits and rng.random() < 0.12:
        _expand(language, rng, state, "{remark_before}")
    for place, act in enumerate(acts):
        if place:
            _expand(language, rng, state, "{join}")
        state.act, state.clause = act, state.clause + 1
        _clause(language, rng, state, act, framed=not place or rng.random() < 0.15)
    if remarks and edits and rng.random() < 0.08:
        _expand(language, rng, state, "{remark_after}")
    elif rng.random() < 0.35:
        _expand(language, rng, state, "{end}")
    return _labelled(language, state.chunks, rng)


def _clause(language: Language, rng: random.Random, state: _State, act: str, framed: bool) -> None:
    forms = {k: v for k, v in language.acts[act].items() if isinstance(v, list)}
    form = rng.choices(list(forms), [len(lines) ** 0.7 for lines in forms.values()])[0]
    frame = language.frames.get(form, {})
    if framed and "before" in frame and rng.random() < 0.45:
        _expand(language, rng, state, rng.choice(_lines(frame["before"])))
    _expand(language, rng, state, rng.choice(forms[form]))
    if framed and "after" in frame and rng.random() < 0.2:
        _expand(language, rng, state, rng.choice(_lines(frame["after"])))


def _expand(language: Language, rng: random.Random, state: _State, template: str) -> None:
    state.chunks.append(Chunk(" ", None, state.spans, state.act, state.clause))
    for node in _parse(template):
        node(language, rng, state, None)


def _labelled(language: Language, chunks: list[Chunk], rng: random.Random) -> Example | None:
    """The text of the chunks with some misspelling, and the labels of its tokens."""
    noise = rng.choices((0.0, 0.06, 0.25), (0.6, 0.27, 0.13))[0]
    text, owners, gap = "", list[Chunk](), False
    for chunk in chunks:
        gap = gap or chunk.text[:1].isspace()
        said = chunk.text.strip()
        if said != ";":  # cleaning takes these from the ends of a message
            said = clean(_misspelt(said, noise, rng) if language.spaced else said)
        if said and gap and language.spaced and text and said[0] not in ",.;:!?%)'" and text[-1] != "(":
            text, owners = text + " ", [*owners, chunk]
        gap = chunk.text[-1:].isspace() or (gap and not said)
        text, owners = text + said, owners + [chunk] * len(said)
    tokens = tokenise(text)
    if not tokens:
        return None
    of = [owners[token.start] for token in tokens]
    before = [None, *of[:-1]]
    slots = [
        "O"
        if not now.slot
        else ("I-" if then and (then.slot, then.span) == (now.slot, now.span) else "B-") + now.slot
        for then, now in zip(before, of, strict=True)
    ]
    begins = [then is None or then.clause != now.clause for then, now in zip(before, of, strict=True)]
    return Example(text, [chunk.act for chunk in of], begins, slots, language.code)


def _misspelt(text: str, rate: float, rng: random.Random) -> str:
    if not rate:
        return text
    return " ".join(_slip(word, rng) if rng.random() < rate else word for word in text.split(" "))


def _slip(word: str, rng: random.Random) -> str:
    """A word as hurried thumbs type it."""
    if len(word) < 3 or not word[0].isalpha():
        return word
    place = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(6)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    if kind == 3:
        return word[:place] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :]
    if kind == 4:
        return word.replace("'", "")
    return word + word[-1] * rng.randrange(1, 4)
