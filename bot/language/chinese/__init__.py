"""What people say in Chinese, as actions. Pure, like the grammar of English beside it.

``words`` holds the words of the grammar and ``lexicon`` those of pictures, ``script`` cleans, ``message`` takes a message
apart, ``segments`` finds the words of a clause, ``phrase`` puts them into English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.language import MOST_PROMPT, faces
from bot.language.actions import ALL, Action, Add, Ask, Remove, Scale, Set, Show
from bot.language.chinese import commands, lexicon, words
from bot.language.chinese.message import listed, take_apart
from bot.language.chinese.numbers import NUMBER, take_share
from bot.language.chinese.phrase import Phrase, describe, translate, wording
from bot.language.chinese.script import clean, is_han
from bot.language.chinese.segments import CONTENT, NEEDY, NOUNS, Token, read
from bot.language.commands import BEYOND
from bot.language.phrases import stem
from bot.language.strength import LESS_FACTORS, MORE_FACTORS

LANGUAGE = "zh"
_FACTORS = tuple((factor, re.compile(pattern)) for factor, pattern in words.FACTORS)
_HALF_LEVEL = re.compile(words.HALF_LEVEL)
_YEARS = re.compile(rf"(?<=[老轻小])(?:了|个|上)?{NUMBER}多?(?:来)?岁")
"""老了十岁 is older, by however many years."""


@dataclass(frozen=True)
class _Amount:
    """How much a clause asks for: ``factor`` or ``level`` where it gives a number, else ``sense`` (-1, 0, 1) and ``degree``."""

    factor: float | None = None
    level: float | None = None
    sense: int = 0
    degree: float = 1.0

    @property
    def scale(self) -> float | None:
        """The factor for an adjustment in force."""
        if self.factor is not None or not self.sense:
            return self.factor
        return (LESS_FACTORS if self.sense < 0 else MORE_FACTORS)[self.degree]


def _numbers(text: str) -> tuple[str, _Amount]:
    """A clause without the numbers in it, and what these say."""
    text = _YEARS.sub("", text)
    if _HALF_LEVEL.search(text):
        return _HALF_LEVEL.sub("", text), _Amount(level=0.5)
    text, share, signed = take_share(text)
    if share is not None:
        tokens = read(text)
        sense = (
            -1 if any(t.kind == "less" for t in tokens) else 1 if any(t.kind == "more" for t in tokens) else 0
        )
        if signed or sense:
            return text, _Amount(factor=max(0.0, 1 + (share if signed else sense * share)), sense=sense)
        return text, _Amount(level=min(3.0, share))
    for factor, pattern in _FACTORS:
        if pattern.search(text):
            return pattern.sub("", text), _Amount(factor=factor, sense=1 if factor > 1 else -1)
    return text, _Amount()


def _amount(tokens: Sequence[Token], given: _Amount) -> _Amount:
    less = any(token.kind == "less" for token in tokens)
    more = any(token.kind == "more" for token in tokens)
    degrees = [token.degree for token in tokens if token.kind == "degree"]
    degree = min(degrees, key=lambda value: (value > 1, value)) if degrees else 1.0
    sense = given.sense or (-1 if less else 1 if more else 0)
    return replace(given, sense=sense, degree=degree)


class _Reader:
    """Reads one message against the adjustments in force."""

    def __init__(self, after: Sequence[str], keep: tuple[str, ...], region: str | None, own: bool) -> None:
        self.prompts, self.keep, self.region, self.own = list(after), keep, region, own
        self.topic: Token | None = _noun_of(region) if region else None
        self.removed = False

    @property
    def last(self) -> str | None:
        """The newest adjustment in force."""
        return self.prompts[-1] if self.prompts else None

    def clause(self, text: str) -> list[Action]:
        """The actions of one clause."""
        command = commands.read(text)
        if command is not None:  # 谢谢 and 你好 beside a wish are no calls for help
            return [] if command == Show("help") else [command]
        rest, given = _numbers(text)
        tokens = read(rest)
        turned = self._turned(tokens)
        if turned is not None:
            return turned
        return [
            action for group in _distributed(listed(tokens)) or [[]] for action in self._group(group, given)
        ]

    # one thing after another

    def _group(self, tokens: list[Token], given: _Amount) -> list[Action]:
        tokens = _without_receiver(tokens)
        content = [token for token in tokens if token.kind in CONTENT]
        amount = _amount(tokens, given)
        if not content:
            return self._unnamed(tokens, amount)
        if any(token.kind == "remove" for token in tokens):
            return self._without(tokens, content)
        compared = amount.scale is not None or amount.level is not None or _comparative(tokens)
        target = self._target(tokens, content) if compared else None
        if target is not None:
            return [_changed(target, replace(amount, sense=amount.sense or 1))]
        return self._wish(tokens, content, amount)

    def _unnamed(self, tokens: Sequence[Token], amount: _Amount) -> list[Action]:
        """ "再淡一点", "50%", "都减弱": of the newest adjustment, or of all."""
        removed = any(token.kind == "remove" for token in tokens)
        if amount.scale is None and amount.level is None and not removed:
            if not any(token.kind == "degree" for token in tokens):
                return []
            amount = replace(amount, sense=1)
        every = any(token.kind == "everything" for token in tokens)
        target = self.last if not every or not self.prompts else ALL
        if target is None:
            return [Ask("ask.no-target")]
        return [Remove(target)] if removed else [_changed(target, amount)]

    def _without(self, tokens: Sequence[Token], content: list[Token]) -> list[Action]:
        """ "不要胡子", "别笑了"."""
        self.removed = True
        target = self._target(tokens, content)
        if target is not None:
            self.prompts.remove(target)
            return [Remove(target)]
        phrase = describe(content)
        if not phrase.nouns:
            return self._add(content, phrase, -1.0)
        verb = next(token.text for token in tokens if token.kind == "remove")
        said = (verb if verb in words.KEPT_IN_SPEECH else "不要") + phrase.said
        return self._add(
            content, replace(phrase, english=f"no {phrase.english}", said=said), 1.0, f"没有{phrase.said}"
        )

    def _wish(self, tokens: Sequence[Token], content: list[Token], amount: _Amount) -> list[Action]:
        """Something that is not there yet."""
        if (
            amount.sense < 0
            and any(t.text == "太" for t in tokens)
            and any(t.text in words.PRAISE for t in content)
        ):
            return []
        self.topic = next(
            (token for token in reversed(content) if token.kind in ("part", "worn")), self.topic
        )
        if all(token.kind == "part" for token in content) and not amount.sense and amount.level is None:
            return [Ask("ask.unclear")]  # every picture has hair: what is wished of it?
        bare = next(
            (
                token.text
                for token in tokens
                if token.text in words.BARE_SENSE and token.kind in ("less", "more")
            ),
            None,
        )
        if bare and not any(
            token.kind in NEEDY for token in content
        ):  # "口红淡一点" with no lipstick yet is a light one
            content = [*content, Token(bare, "shape", words.BARE_SENSE[bare])]
        elif amount.sense < 0 and amount.level is None:
            phrase = describe(content)
            if phrase.nouns:
                return self._add(
                    content,
                    replace(phrase, english=f"no {phrase.english}", said=f"少{phrase.said}"),
                    amount.degree,
                )
            return self._add(content, phrase, -amount.degree)
        content = self._with_topic(content)
        strength = (
            amount.level
            if amount.level is not None
            else amount.factor
            if amount.factor is not None
            else amount.degree
        )
        return self._add(content, describe(content), strength)

    def _with_topic(self, content: list[Token]) -> list[Token]:
        """ "再长一点" after "头发染成金色" is long hair: an adjective that needs a noun takes that of before."""
        if any(token.kind not in NEEDY for token in content):
            return content
        noun = self.topic or (_noun_of(self.last) if self.last else None)
        return [*content, noun] if noun else content

    def _add(
        self, content: Sequence[Token], phrase: Phrase, strength: float, own: str | None = None
    ) -> list[Action]:
        """A wish in English, or in the user's own words where the model understands these; unknown words are asked about."""
        strange = [token.text for token in content if token.kind == "unknown"]
        if strange and not self.own:
            return [Ask("ask.unknown-word", word=strange[0][:MOST_PROMPT])]
        if not phrase.english:
            return []
        prompt = (own or phrase.said) if self.own else phrase.english
        strength = max(-3.0, min(3.0, strength))
        if not strength:
            return []
        return [Add(prompt[:MOST_PROMPT], strength, self.region, self.keep, said=phrase.said[:MOST_PROMPT])]

    # what stands for what

    def _turned(self, tokens: list[Token]) -> list[Action] | None:
        """ "换成蓝色", "老虎变狮子", "眼镜换成墨镜"; None for clauses that turn nothing into something."""
        place = next(
            (i for i, token in enumerate(tokens) if token.kind == "make" and token.text in words.TURNING),
            None,
        )
        if place is None or any(token.kind in ("remove", "less") for token in tokens):
            return None
        old = [token for token in tokens[:place] if token.kind in CONTENT]
        new = [token for token in tokens[place + 1 :] if token.kind in CONTENT]
        if not new:
            return None
        if not old:
            return (
                self._instead(tokens, new)
                if tokens[place].text in words.REPLACING and not self.removed
                else None
            )
        if old[-1].kind not in NOUNS or not any(token.kind in NOUNS for token in new) or _same_noun(old, new):
            return self._recoloured(old, new, tokens)
        if old[-1].kind == "part":  # the hair becomes a mohawk, the background a forest
            return self._wish(
                tokens, new if old[-1].english == "hair" else [*new, old[-1]], _amount(tokens, _Amount())
            )
        target, made = self._target(tokens, old), self._wish(tokens, new, _amount(tokens, _Amount()))
        if target is not None:
            self.prompts.remove(target)
            return [Remove(target), *made]
        if old[-1].kind == "worn":
            return [*self._without([Token("不要", "remove")], old), *made]
        return made

    def _recoloured(self, old: list[Token], new: list[Token], tokens: Sequence[Token]) -> list[Action] | None:
        """ "红头发变成蓝色": what is in force of the same thing gives way."""
        adjectives = any(token.kind in NEEDY for token in old) and old[-1].kind in NOUNS
        target = self._target(tokens, old) if adjectives else None
        if target is None and not adjectives:
            return (
                self._wish(tokens, new, _amount(tokens, _Amount()))
                if any(t.kind in NOUNS for t in new)
                else None
            )
        content = new if any(token.kind in NOUNS for token in new) else [*new, old[-1]]
        made = self._wish(tokens, content, _amount(tokens, _Amount()))
        if target is None:
            return made
        self.prompts.remove(target)
        return [Remove(target), *made]

    def _instead(self, tokens: Sequence[Token], new: list[Token]) -> list[Action] | None:
        """ "换成蓝色": in the place of the newest adjustment, or of the newest that a colour can belong to."""
        if self.last is None:
            return None
        target = self.last
        if all(token.kind in NEEDY for token in new):
            target = next((prompt for prompt in reversed(self.prompts) if _noun_of(prompt)), target)
            noun = _noun_of(target)
            new = [*new, noun] if noun else new
        elif new[-1].kind == "part" and new[-1].english not in translated(
            target
        ):  # 换成绿色背景 says nothing of a smile
            return None
        made = self._wish(tokens, new, _amount(tokens, _Amount()))
        if any(isinstance(action, Ask) for action in made):
            return made
        self.prompts.remove(target)
        return [Remove(target), *made]

    def _target(self, tokens: Sequence[Token], content: Sequence[Token]) -> str | None:
        """The newest adjustment that the content words name; of "笑得再开心一点" the words before 得 will do."""
        found = self._matching(content)
        if found is None and (place := next((i for i, token in enumerate(tokens) if token.text == "得"), 0)):
            found = self._matching([token for token in tokens[:place] if token.kind in CONTENT])
        return found

    def _matching(self, content: Sequence[Token]) -> str | None:
        wanted = describe(content).english.split()
        for prompt in reversed(self.prompts):
            known = translated(prompt).split()
            if not wanted or not known or known[0] == "no":
                continue
            beside = [lexicon.BESIDE.get((word, known[-1]), word) for word in wanted]
            if {stem(word) for word in beside} <= {stem(word) for word in known}:
                return prompt
        return None


def translated(prompt: str) -> str:
    """A prompt in English, whichever language it was stored in."""
    if not any(map(is_han, prompt)):
        return prompt.lower()
    if prompt.startswith("没有"):
        return f"no {translate(prompt[2:])}"
    return translate(prompt)


def _noun_of(prompt: str) -> Token | None:
    """The part of the picture that a prompt ends with: 头发 for "pink hair"."""
    english = translated(prompt)
    for name in (english, (english.split() or [""])[-1]):
        own = lexicon.OWN.get(name)
        if own is not None and own[1] in ("part", "worn"):
            return Token(own[0], own[1], name)
    return None


def _changed(target: str, amount: _Amount) -> Action:
    if amount.level is not None:
        return Set(target, round(amount.level, 4)) if amount.level > 0 else Remove(target)
    factor = amount.scale
    assert factor is not None
    return Scale(target, round(factor, 4)) if factor > 0 else Remove(target)


def _without_receiver(tokens: list[Token]) -> list[Token]:
    """ "给小姐姐加个猫耳" is about the ears: whom 给 and 让 name is the person in the picture."""
    for place, (giving, receiver) in enumerate(pairwise(tokens)):
        if giving.text in words.GIVING and receiver.kind == "being":
            rest = [*tokens[: place + 1], *tokens[place + 2 :]]
            return rest if any(token.kind in CONTENT for token in rest) else tokens
    return tokens


def _comparative(tokens: Sequence[Token]) -> bool:
    """ "可爱一点", "老很多": a degree after the adjective compares, one before it ("很可爱") does not."""
    content = max((i for i, token in enumerate(tokens) if token.kind in CONTENT), default=0)
    return any(token.kind == "degree" for token in tokens[content + 1 :])


def _same_noun(old: Sequence[Token], new: Sequence[Token]) -> bool:
    return (
        new[-1].kind in NOUNS
        and old[-1].english.split()[-1:] == new[-1].english.split()[-1:]
        and old[-1].kind != "worn"
    )


def _distributed(groups: list[list[Token]]) -> list[list[Token]]:
    """What a list shares is said of each of its items: "不要眼镜和帽子", "头发和眼睛都变成蓝色"."""
    groups = [part for group in groups for part in _repeated(group)]
    if len(groups) < 2:
        return groups
    groups = _adjoined(groups)
    first, last = groups[0], groups[-1]
    nouns = [i for i, token in enumerate(last) if token.kind in NOUNS]
    tail = last[nouns[-1] + 1 :] if nouns else []
    shared = any(token.kind in CONTENT | {"less", "more", "degree", "remove"} for token in tail)
    if shared and all(
        token.kind in NOUNS for group in groups[:-1] for token in group if token.kind in CONTENT
    ):
        groups = [*[[*group, *tail] for group in groups[:-1]], last]
    removing = [token for token in first if token.kind == "remove"]
    if removing:
        plain = {"make", "remove"}
        groups = [group if any(t.kind in plain for t in group) else [removing[0], *group] for group in groups]
    return groups


def _repeated(group: list[Token]) -> list[list[Token]]:
    """ "左眼蓝右眼绿": each part of the picture with what is said of it."""
    content = [i for i, token in enumerate(group) if token.kind in CONTENT]
    shape = "".join(
        "n"
        if group[i].kind in ("part", "worn") or group[i].english.endswith("hair")
        else "a"
        if group[i].kind in NEEDY
        else "x"
        for i in content
    )
    if re.fullmatch(r"(?:a+n){2,}", shape):  # 蓝眼睛黑头发
        starts = [
            i
            for i, (kind, before) in zip(content, zip(shape, "n" + shape, strict=False), strict=True)
            if before == "n" != kind
        ]
    elif re.fullmatch(r"(?:na+){2,}", shape) and not any(token.text == "的" for token in group):
        starts = [i for i, kind in zip(content, shape, strict=True) if kind == "n"]
    else:
        return [group]
    return [group[start:end] for start, end in zip([0, *starts[1:]], [*starts[1:], len(group)], strict=True)]


def _adjoined(groups: list[list[Token]]) -> list[list[Token]]:
    """ "红色和蓝色的头发" is one thing: adjectives that need a noun go to the next group that has one."""
    found: list[list[Token]] = []
    pending: list[Token] = []
    for group in groups:
        content = [token for token in group if token.kind in CONTENT]
        if content and all(token.kind in NEEDY for token in content) and group is not groups[-1]:
            pending += group
            continue
        found.append([*pending, *group])
        pending = []
    return found


def _said_again(action: Action, later: Sequence[Action]) -> bool:
    """ "太强了，淡一点" asks once for less: the later of two scales of one adjustment in one direction stands."""
    if not isinstance(action, Scale):
        return False
    same = [other for other in later if isinstance(other, Scale) and other.target == action.target]
    return any((other.factor < 1) == (action.factor < 1) for other in same)


def parse(text: str, after: Sequence[str] = (), languages: Sequence[str] = ("en",)) -> list[Action]:
    """The actions that a message asks for, given the prompts of the adjustments in force, oldest first.

    Prompts are in English with the user's words beside them, or in these alone where ``languages`` has Chinese. Never
    raises and never returns nothing: what is not understood is an ``Ask``. Text beyond 2000 characters is ignored.
    """
    plain = clean(text)
    return faces.read(plain, _FACES, lambda part: _parse(part, after, languages)) or _parse(
        plain, after, languages
    )


def _without_face(before: str, behind: str) -> str:
    """ "左边那个人的头发" -> "头发"."""
    return f"{before}{re.sub(r'^[的,:]', '', behind)}"


_FACES = faces.Phrases(
    tuple(map(re.compile, words.FACES)), words.FACE_NUMBERS, re.compile(words.FACE_SEPARATORS), _without_face
)


def _parse(plain: str, after: Sequence[str], languages: Sequence[str]) -> list[Action]:
    """Of a message, or of a part of it, that names no face."""
    if (command := commands.read(plain)) is not None:
        return [command]
    message = take_apart(plain)
    reader = _Reader(after, message.keep, message.region, LANGUAGE in languages)
    actions = [action for clause in message.clauses for action in reader.clause(clause)]
    asked = [action for action in actions if isinstance(action, Ask)]
    asked += [Ask("ask.unknown-word", word=word) for word in message.unknown]
    done: list[Action] = [action for action in actions if not isinstance(action, Ask)]
    done = [
        action for place, action in enumerate(done) if isinstance(action, Add) or action not in done[:place]
    ]
    done = [action for place, action in enumerate(done) if not _said_again(action, done[place + 1 :])]
    strange = [ask for ask in asked if ask.question == "ask.unknown-word" or ask == BEYOND][:1]
    if done:
        return [*done, *strange]
    return [*asked[:1]] or [Ask("ask.unclear" if len(plain) > 3 else "ask.nothing")]


__all__ = ["parse", "wording"]
