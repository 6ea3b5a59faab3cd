"""Chinese words put together as an English description, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.language import lexicon
from bot.language.chinese.segments import CONTENT, NOUNS, Word, read

_HEADS = frozenset({"hair", "eyes", "face", "lips", "teeth", "mouth", "eyebrows"})
"""Nouns whose compounds come apart again: the gold of 金色的长发 is inside "long hair"."""

_COLOUR = 4
"""Colours come last before a noun."""


@dataclass(frozen=True)
class Phrase:
    """A description in English, and in the user's words; ``nouns`` are the kinds of its nouns."""

    english: str
    said: str
    nouns: tuple[str, ...]


@dataclass
class _Group:
    """A noun with its adjectives; ``after`` are the adjectives that follow it."""

    noun: Word
    before: list[Word] = field(default_factory=list)
    after: list[Word] = field(default_factory=list)


def describe(words: Sequence[Word]) -> Phrase:
    """The content words as one description: 头发金色 and 金色的头发 are both "blonde hair"."""
    groups, loose = _group_words([word for word in words if word.kind in CONTENT])
    kinds = tuple(group.noun.kind for group in groups)
    if not groups:
        known = dict.fromkeys(word.english or word.text for word in loose)
        return Phrase(" ".join(known), _spoken(loose, None), ())
    *others, last = groups
    said = "".join(_of_group(group) for group in groups)
    if last.noun.kind == "being" and others:  # 戴眼镜的女孩: the girl has what is named before her
        with_what = " and ".join(_english(group) for group in others if group.noun.kind != "being")
        before = [group.noun.english for group in others if group.noun.kind == "being"]
        whole = " ".join([_english(last), *(["with", with_what] if with_what else [])])
        linked = "".join(_of_group(group) for group in others) + "的" + _of_group(last)
        return Phrase(" ".join([*before, whole]), linked if with_what else said, kinds)
    return Phrase(_english(last, others), said, kinds)


def _group_words(content: Sequence[Word]) -> tuple[list[_Group], list[Word]]:
    groups: list[_Group] = []
    pending: list[Word] = []
    named = any(word.kind in NOUNS for word in content)
    for word in content:
        if word.kind in NOUNS or (word.kind == "unknown" and not named):  # else it is taken for an adjective
            groups.append(_Group(word, pending))
            pending = []
        else:
            pending.append(word)
    if groups:
        groups[-1].after = pending
        return groups, []
    return [], pending


def _english(group: _Group, others: Sequence[_Group] = ()) -> str:
    """Adjectives in English order, then the nouns."""
    *own, noun = (group.noun.english or group.noun.text).split(" ")
    if noun not in _HEADS:
        own, noun = [], group.noun.english or group.noun.text
    usual, order = lexicon.before_noun(), lexicon.table("chinese")["order"]
    words = [word for one in (*others, group) for word in (*one.before, *one.after)]
    ranked = [(_rank(word), usual.get((word.english, noun), word.english or word.text)) for word in words]
    ranked += [(order.get(word, 3), word) for word in own]
    ranked.sort(key=lambda pair: pair[0])
    colours = list(dict.fromkeys(word for rank, word in ranked if rank == _COLOUR))
    adjectives = [word for rank, word in ranked if rank != _COLOUR] + [" and ".join(colours)] * bool(colours)
    nouns = [one.noun.english or one.noun.text for one in others]
    return " ".join(dict.fromkeys([*adjectives, *nouns, noun]))


def _rank(word: Word) -> int:
    if word.kind == "colour":
        return _COLOUR
    return int(lexicon.table("chinese")["order"].get(word.english, 3)) if word.kind == "shape" else 0


def _of_group(group: _Group) -> str:
    return _spoken([*group.after, *group.before], group.noun)


def _spoken(adjectives: Sequence[Word], noun: Word | None) -> str:
    """Join adjectives and noun as in speech, with 的 if it is needed: 金色头发, but 可爱的猫."""
    text = "".join(word.text for word in adjectives)
    if noun is None or not adjectives:
        return text + (noun.text if noun else "")
    last = adjectives[-1]
    linked = last.kind in ("trait", "state") or (last.kind == "shape" and len(last.text) > 1)
    return text + ("的" if linked else "") + noun.text


def translate(text: str) -> str:
    """A Chinese prompt in English, as far as its words are known."""
    return describe(read(text)).english
