"""Chinese words put together as an English description, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.language import english
from bot.language.chinese import lexicon
from bot.language.chinese.segments import CONTENT, NOUNS, Token, read
from bot.language.phrases import positive

_HEADS = frozenset({"hair", "eyes", "face", "lips", "teeth", "mouth", "eyebrows"})
"""Nouns whose compounds come apart again: the gold of 金色的长发 stands inside "long hair"."""

_COLOUR = 4
"""Colours stand last before a noun."""


@dataclass(frozen=True)
class Phrase:
    """A description in English, and in the user's words; ``nouns`` are the kinds of its nouns."""

    english: str
    said: str
    nouns: tuple[str, ...]


@dataclass
class _Group:
    """A noun with its adjectives; ``after`` are the adjectives said of it as a predicate."""

    noun: Token
    before: list[Token] = field(default_factory=list)
    after: list[Token] = field(default_factory=list)


def describe(tokens: Sequence[Token]) -> Phrase:
    """The content words among the tokens as one description: 头发金色 and 金色的头发 are both "blonde hair"."""
    groups, loose = _grouped([token for token in tokens if token.kind in CONTENT])
    kinds = tuple(group.noun.kind for group in groups)
    if not groups:
        return Phrase(
            " ".join(dict.fromkeys(token.english or token.text for token in loose)), _spoken(loose, None), ()
        )
    *others, last = groups
    said = "".join(_of_group(group) for group in groups)
    if last.noun.kind == "being" and others:  # 戴眼镜的女孩: the girl has what is named before her
        with_what = " and ".join(_english(group) for group in others if group.noun.kind != "being")
        before = [group.noun.english for group in others if group.noun.kind == "being"]
        whole = " ".join([_english(last), *(["with", with_what] if with_what else [])])
        linked = "".join(_of_group(group) for group in others) + "的" + _of_group(last)
        return Phrase(" ".join([*before, whole]), linked if with_what else said, kinds)
    return Phrase(_english(last, others), said, kinds)


def _grouped(content: Sequence[Token]) -> tuple[list[_Group], list[Token]]:
    groups: list[_Group] = []
    pending: list[Token] = []
    named = any(
        token.kind in NOUNS for token in content
    )  # beside a noun, an unknown word is taken for an adjective
    for token in content:
        if token.kind in NOUNS or (token.kind == "unknown" and not named):
            groups.append(_Group(token, pending))
            pending = []
        else:
            pending.append(token)
    if groups:
        groups[-1].after = pending
        return groups, []
    return [], pending


def _english(group: _Group, others: Sequence[_Group] = ()) -> str:
    """Adjectives in English order, then the nouns."""
    *own, noun = (group.noun.english or group.noun.text).split(" ")
    if noun not in _HEADS:
        own, noun = [], group.noun.english or group.noun.text
    tokens = [token for one in (*others, group) for token in (*one.before, *one.after)]
    ranked = [(_rank(token), lexicon.BESIDE.get((token.english, noun), token.english)) for token in tokens]
    ranked += [(lexicon.ORDER.get(word, 3), word) for word in own]
    ranked.sort(key=lambda pair: pair[0])
    colours = list(dict.fromkeys(word for rank, word in ranked if rank == _COLOUR))
    adjectives = [word for rank, word in ranked if rank != _COLOUR] + [" and ".join(colours)] * bool(colours)
    nouns = [one.noun.english or one.noun.text for one in others]
    return " ".join(dict.fromkeys([*adjectives, *nouns, noun]))


def _rank(token: Token) -> int:
    if token.kind == "colour":
        return _COLOUR
    return lexicon.ORDER.get(token.english, 3) if token.kind == "shape" else 0


def _of_group(group: _Group) -> str:
    return _spoken([*group.after, *group.before], group.noun)


def _spoken(adjectives: Sequence[Token], noun: Token | None) -> str:
    """As one would say it: 金色头发, but 可爱的猫."""
    text = "".join(token.text for token in adjectives)
    if noun is None or not adjectives:
        return text + (noun.text if noun else "")
    last = adjectives[-1]
    linked = last.kind in ("trait", "state") or (last.kind == "shape" and len(last.text) > 1)
    return text + ("的" if linked else "") + noun.text


def translate(text: str) -> str:
    """A Chinese prompt in English, as far as its words are known."""
    return describe(read(text)).english


def wording(prompt: str) -> str:
    """An English example of a bundle as one would say it in Chinese; unchanged where a word of it is unknown."""
    words = [word for word in prompt.lower().split() if word not in ("a", "an", "the")]
    negative, words = words[:1] == ["no"], words[1:] if words[:1] == ["no"] else words
    base = positive(words[0]) if len(words) == 1 else None
    if base and base in lexicon.OWN:
        return lexicon.OWN[base][0] + "一点"
    said = _own_words(words)
    if said is None:
        return prompt
    return ("不戴" if words[-1] in ("glasses", "sunglasses", "hat") else "不要") + said if negative else said


def _own_words(words: Sequence[str]) -> str | None:
    """The longest known end of the phrase as the noun, the words before it as adjectives."""
    for start in range(len(words)):
        english_noun = " ".join(words[start:])
        known = lexicon.OWN.get(english_noun) or lexicon.OWN.get(english_noun.removesuffix("s"))
        if known is None or (known[1] == "thing" and _is_colour(words[start])):  # 粉色头发 rather than 粉发
            continue
        before = [_adjective(word, english_noun) for word in words[:start]]
        if any(token is None for token in before):
            return None
        return _spoken([token for token in before if token], Token(known[0], known[1], english_noun))
    return None


def _is_colour(word: str) -> bool:
    return word in english.COLOURS


def _adjective(word: str, noun: str) -> Token | None:
    plain = next((a for (a, n), b in lexicon.BESIDE.items() if b == word and n == noun), word)
    known = lexicon.OWN.get(plain) or lexicon.OWN.get(english.IRREGULAR.get(plain, plain))
    return Token(known[0], known[1], plain) if known else None
