"""From marked clauses to actions: numbers, and what the adjustments in force decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast, get_args

from bot.language import chinese, prompts
from bot.language.actions import (
    ALL,
    MAX_STRENGTH,
    Action,
    Add,
    Answer,
    Ask,
    Face,
    Goto,
    Redo,
    Remove,
    Reset,
    Scale,
    Set,
    Show,
    Topic,
    Transfer,
    Undo,
    Variations,
)
from bot.language.network import Clause
from bot.language.numbers import Amount, amount, count
from bot.language.prompts import Prompt
from bot.language.repetitions import without_repetitions
from bot.language.text import has_han
from bot.language.words import positive

MOST_ACTIONS = 12
MOST_STEPS = 50
MOST_VARIATIONS = 9
USUAL_VARIATIONS = 4
DEGREES = {"tiny": 0.4, "little": 0.5, "fair": 0.75, "much": 1.5}
LESS_FACTORS = {0.4: 0.85, 0.5: 0.8, 0.75: 0.7, 1.0: 0.6, 1.5: 0.4}
MORE_FACTORS = {0.4: 1.15, 0.5: 1.25, 0.75: 1.35, 1.0: 1.5, 1.5: 2.0}
"""Factor by degree: "a bit less", "less", "much less"."""
MILD = 0.6
"""What "but not too much" makes of a strength."""
FACES = ("left", "right", "middle", "every")
_PLAIN: dict[str, Action] = {
    "original": Goto(0),
    "reset": Reset(),
    "transfer": Transfer(),
    "show.history": Show("history"),
    "show.original": Show("original"),
    "show.compare": Show("compare"),
    "show.adjustments": Show("adjustments"),
    "show.help": Show("help"),
}
_TOPICS = {
    "identity": "who",
    "delete": "delete-data",
    "frame": "whole-picture",
    "done": "thanks",
    "remark": "smalltalk",
    "yes": "smalltalk",
    "no": "smalltalk",
    "other": "smalltalk",
    "dislike": "insult",
}
"""Topic by act, if the two have different names."""


_STRENGTH = frozenset(
    {"strong", "weak", "soft", "subtle", "light", "heavy", "far", "good", "bad", "high", "low", "mild"}
)
"""Their comparatives are about the strength of what is there."""
_LIST = re.compile(r"\s+and\s+|\s*[,&;、]\s*(?:and\s+)?|[和跟与]")

_EXCESS = re.compile(r"\b(?:too|trop|zu|demasiado|demais)\b|[太过]|すぎ")
_BRIGHTNESS = frozenset({"bright", "dark", "light"})

_ONLY = re.compile(
    r"\b(?:only|just|left|right|upper|lower|top|bottom|tip|tips|front|on)\b|[只仅就单左右上下]"
)
"""Words without which a clause is about no region."""


def _degree(clause: Clause) -> float:
    found = [DEGREES[span.slot] for span in clause.spans if span.slot in DEGREES]
    return min(found, key=lambda value: (value > 1, value)) if found else 1.0


class Assembler:
    """Assembles the clauses of one message.

    ``after`` are the prompts in force, oldest first, ``languages`` those that prompts may be written in, and
    ``language`` is that of the message.
    """

    def __init__(self, after: Sequence[str], languages: Sequence[str], language: str = "en") -> None:
        self.prompts, self.languages, self.language = list(after), languages, language
        self.keep: list[str] = []
        self.region: str | None = None
        self.place: str | None = None  # the thing that the region is of
        self.actions: list[Action] = []
        self.waiting: list[str] = []  # things whose description follows: "the hair and the eyes blue"
        self.noun: str | None = None  # the thing spoken of last
        self.face: Face | None = None

    def again(self) -> Assembler:
        """A fresh one for another reading of the message."""
        return Assembler(self.prompts, self.languages, self.language)

    def read(self, clauses: Sequence[Clause]) -> list[Action]:
        """The actions of all clauses, in order."""
        clauses = clauses[:MOST_ACTIONS]
        for clause in clauses:
            self._take_kept(clause)
        talk = {"dislike", "greeting", "remark", "thanks", "praise"}
        alone = all(clause.act in talk for clause in clauses)
        for clause in clauses:
            if clause.act in ("dislike", "greeting") and not alone:
                continue
            self._take_face(clause)
            handler: Callable[[Clause], list[Action]] | None = getattr(self, f"_{clause.act}", None)
            self.actions += handler(clause) if handler else self._plain(clause)
        for text in self.waiting:
            prompt = self._prompt(text)
            if prompt.kind != "part" or prompt.noun not in (prompt.text, prompt.said):
                self.actions += self._additions(prompt, 1.0, self.region)
        return without_repetitions(self.actions)[:MOST_ACTIONS]

    @property
    def last(self) -> str | None:
        """The newest adjustment in force."""
        return self.prompts[-1] if self.prompts else None

    # what a clause says, in the words of prompts

    def _prompt(self, what: str, of: str = "") -> Prompt:
        if has_han(what + of) and self.language != "ja":
            return chinese.described(what, of, "zh" in self.languages)
        if self.language not in ("en", "zh"):
            translated = chinese.described(what, of, language=self.language)
            if not translated.unknown:
                return translated
            english = prompts.described(what, of)
            return english if english.kind else translated
        return prompts.described(what, of)

    def _named(self, clause: Clause) -> Prompt:
        """What a clause is about: its description, or its thing, or else a comparative in it ("older")."""
        what, of = " ".join(clause.said("what")), " ".join(clause.said("of"))
        if not what and self.language == "en":
            words = [
                word for word in clause.text.split() if positive(word) and positive(word) not in _STRENGTH
            ]
            what = " ".join(words)
        return self._prompt(what, of) if what or of else Prompt("", "")

    def _take_kept(self, clause: Clause) -> None:
        for text in clause.said("keep"):
            kept = self._prompt(text)
            if kept.key and kept.key not in self.keep and not kept.unknown:
                self.keep.append(kept.key)
        if clause.act == "only":
            for text in clause.said("only"):
                self.region, self.place = self._region(text)

    def _region(self, text: str) -> tuple[str, str]:
        """A region ("left hair" for "the left half of the hair") and the thing that it is of."""
        side = re.search(r"\b(left|right|upper|lower|top|bottom)\b (?:half|side|part)(?: of)?", text)
        if side:
            thing = self._prompt(f"{text[: side.start()]} {text[side.end() :]}".strip() or "face").key
            return f"{side[1]} {thing}", thing
        if found := re.search(r"([左右上下])(?:半边|半部分|半侧|一半|半|侧|边|面)", text):
            rest = text[: found.start()] + text[found.end() :]
            thing = self._prompt(rest).key
            if thing and thing not in ("eyes", "ears"):
                names = {"左": "left", "右": "right", "上": "upper", "下": "lower"}
                return f"{names[found[1]]} {thing}", rest
        key = self._prompt(text).key
        return key, text if has_han(text) else key

    def _take_face(self, clause: Clause) -> None:
        for span in clause.spans:
            if span.slot in FACES and not re.search(r"\bit\b|everything", span.text):
                said = re.sub(r"\bone\b(?! from)", "", span.text)
                number = count(re.sub(r"person (?=\w)", "", said)) or 1
                places = {"left": number, "right": -number, "middle": 0, "every": None}
                if self.face != (face := Face(places[span.slot])):
                    self.face = face
                    self.actions.append(face)

    # edits

    def _face(self, clause: Clause) -> list[Action]:
        return self._add(clause) if clause.said("what") else []

    def _only(self, clause: Clause) -> list[Action]:
        return self._add(clause) if clause.said("what") else []

    def _keep(self, clause: Clause) -> list[Action]:
        return []

    def _add(self, clause: Clause) -> list[Action]:
        whats, ofs, sides = clause.said("what"), clause.said("of"), clause.said("only")
        if sides and not _ONLY.search(clause.text):
            ofs, sides = [*ofs, *sides], []
        region, place = self._region(sides[0]) if sides else (self.region, self.place)
        if not whats and (left := self._left(clause, ofs)):
            whats = [left]
        if not whats:
            self.waiting += ofs
            return []
        things = [*self.waiting, *(ofs or ([place] if place and sides else []))]
        self.waiting = []
        if not things and has_han(clause.text) and not _LIST.search(clause.text):
            whats = ["".join(whats)]  # 可爱一点的猫
        whats = [part for what in whats for part in self._parts(what)]
        pairs = [(what, of) for what in whats for of in things or [""]]
        if len(whats) == len(things) > 1:  # 左眼蓝右眼绿
            pairs = list(zip(whats, things, strict=True))
        found: list[Action] = []
        for what, of in pairs:
            prompt = self._prompt(what, of)
            if prompt.needy and not (place or self.noun) and (target := self._of_kind(prompt)):
                found += self._in_place_of(target, what, prompt, clause)
                continue
            prompt = self._with_noun(what, prompt, place)
            if prompt.kind == "part" and prompt.noun in (prompt.text, prompt.said):
                continue  # every picture has hair: what is asked for follows
            found += self._add_change(clause, prompt, region)
        return found

    def _left(self, clause: Clause, ofs: list[str]) -> str:
        """The adjectives of a clause outside its things: a description that the network overlooked."""
        if self.language not in ("en", "zh"):
            return ""
        said = clause.text
        for of in ofs:
            said = said.replace(of, " ")
        if has_han(said):
            kinds = {"colour", "shape", "trait", "state"}
            return "".join(word.text for word in chinese.words(said) if word.kind in kinds)
        kinds = {"colour", "shape", "trait"}
        return " ".join(word for word in said.split() if prompts.kind_of(word) in kinds)

    def _of_kind(self, new: Prompt) -> str | None:
        """The newest adjustment with a colour for a new colour, or with a shape for a new shape."""
        for prompt in reversed(self.prompts):
            kinds = [prompts.kind_of(word) for word in prompts.english_of(prompt).split()]
            if new.kind in kinds[:-1] and kinds[-1] in ("part", "worn"):
                return prompt
        return None

    def _in_place_of(self, target: str, what: str, new: Prompt, clause: Clause) -> list[Action]:
        self.prompts.remove(target)
        if new.needy and not has_han(what):
            text = prompts.recoloured(new.key, target)
            new = replace(new, text=text, key=text)
        elif new.needy and (noun := prompts.noun_of(target)):
            new = self._prompt(what, chinese.own_word(noun))
        made = self._additions(new, _degree(clause), self.region)
        return made if any(isinstance(action, Ask) for action in made) else [Remove(target), *made]

    def _parts(self, text: str) -> list[str]:
        """ "earrings and lipstick" as two descriptions; "red and blue hair" is one."""
        parts = [part for part in _LIST.split(text) if part]
        described = [self._prompt(part) for part in parts]
        apart = all(one.key and one.kind and not one.needy for one in described)
        return (
            parts if apart and len({one.thing for one in described}) == 1 and " with " not in text else [text]
        )

    def _with_noun(self, what: str, prompt: Prompt, place: str | None) -> Prompt:
        """A colour or shape without a thing takes the thing spoken of before, or the region's."""
        if prompt.needy and (noun := place or self.noun):
            prompt = self._prompt(what, noun)
        self.noun = prompt.noun or self.noun
        return prompt

    def _add_change(self, clause: Clause, prompt: Prompt, region: str | None = None) -> list[Action]:
        compared = re.search(r"(er|est)\b", " ".join(clause.said("what"))) and prompt.key not in clause.text
        if compared and (target := prompts.matching(prompt.key, self.prompts)):
            return [Scale(target, MORE_FACTORS[_degree(clause)])]
        level = self._amount(clause)
        strength = level.share if level.share is not None else level.factor or _degree(clause)
        return self._additions(prompt, strength, region or self.region)

    def _additions(self, prompt: Prompt, strength: float, region: str | None) -> list[Action]:
        if prompt.unknown:
            return [Ask("ask.unknown-word", word=prompt.unknown[: prompts.MOST_PROMPT])]
        strength = max(-MAX_STRENGTH, min(MAX_STRENGTH, strength))
        if not prompt.text or not strength:
            return []
        return [Add(prompt.text, strength, region, tuple(self.keep), said=prompt.said)]

    def _remove(self, clause: Clause) -> list[Action]:
        found: list[Action] = []
        for what in clause.said("what", "old") or clause.said("of"):
            prompt = self._prompt(what)
            if prompt.key:
                found += self._remove_change(prompt, clause)
        if found or clause.said("what"):
            return found
        if clause.said("all"):
            return [Reset()]
        if any(isinstance(action, Remove) for action in self.actions):
            return []  # "I don't like the hat, remove it"
        return [Remove(self.prompts.pop())] if self.prompts else [Ask("ask.no-target")]

    def _remove_change(self, prompt: Prompt, clause: Clause) -> list[Action]:
        target = prompts.matching(prompt.key, self.prompts)
        if target is not None:
            self.prompts.remove(target)
            return [Remove(target)]
        if not prompt.thing:
            return self._additions(prompt, -1.0, self.region)
        return self._additions(self._absent(prompt, clause), 1.0, self.region)

    def _absent(self, prompt: Prompt, clause: Clause) -> Prompt:
        if prompt.said is not None and self.language == "zh":
            none = chinese.absent(prompt, clause.text, "zh" in self.languages)
            return replace(none, unknown=prompt.unknown)
        text = f"no {prompt.text}"[: prompts.MOST_PROMPT]
        return replace(prompt, text=text, key=f"no {prompt.key}", said=None)

    def _amount(self, clause: Clause) -> Amount:
        said = clause.said("num")
        return amount(" ".join(said)) if said else Amount()

    def _target(self, clause: Clause, prompt: Prompt) -> str | None:
        """The adjustment that a clause names, or the newest if it names none."""
        if clause.said("all"):
            return ALL if self.prompts else None
        if not prompt.key:
            return self.last
        found = prompts.matching(prompt.key, self.prompts)
        for text in () if found else clause.said("what"):  # "hair less blonde" of "blonde"
            found = found or prompts.matching(self._prompt(text).key, self.prompts)
        return found

    def _more(self, clause: Clause) -> list[Action]:
        return self._scale(clause, 1)

    def _less(self, clause: Clause) -> list[Action]:
        return self._scale(clause, -1)

    def _scale(self, clause: Clause, sense: int) -> list[Action]:
        prompt, given, degree = self._named(clause), self._amount(clause), _degree(clause)
        target = self._target(clause, prompt)
        if target is None and sense < 0 and prompt.needy and _EXCESS.search(clause.text):
            target = self.last  # "too bright" is about what was changed last
            if target is None and prompt.key in _BRIGHTNESS:
                return [Answer("whole-picture")]
        if target is None:
            if not prompt.key:
                return [Ask("ask.no-target")]
            if sense > 0:
                prompt = self._with_noun(" ".join(clause.said("what")), prompt, self.place)
                return self._additions(prompt, given.factor or degree, self.region)
            if prompt.thing:
                return self._additions(self._absent(prompt, clause), 1.0, self.region)
            return self._additions(prompt, -degree, self.region)
        factor = (MORE_FACTORS if sense > 0 else LESS_FACTORS)[degree]
        if given.factor is not None:
            factor = given.factor
        elif given.share is not None:
            factor = max(0.0, 1 + (given.sign or sense) * given.share)
        return [Scale(target, round(factor, 4)) if factor > 0 else Remove(target)]

    def _set(self, clause: Clause) -> list[Action]:
        prompt, given = self._named(clause), self._amount(clause)
        target = self._target(clause, prompt)
        if target and given.factor and not re.search(r"\b(?:to|at)\b|[到为成]", clause.text):
            return [Scale(target, given.factor)]  # "half"
        level = given.share if given.share is not None else given.factor or 1.0
        if target is None:
            made = self._additions(prompt, level, self.region)
            return made or [Ask("ask.no-target")]
        if given.sign:
            factor = 1 + given.sign * level
            return [Scale(target, round(factor, 4)) if factor > 0 else Remove(target)]
        return [Set(target, round(min(level, MAX_STRENGTH), 4)) if level > 0 else Remove(target)]

    def _mild(self, clause: Clause) -> list[Action]:
        for place, action in reversed(list(enumerate(self.actions))):
            if isinstance(action, Add):
                self.actions[place] = replace(action, strength=round(action.strength * MILD, 4))
                return []
            if isinstance(action, Scale):
                return []
        return [Scale(self.last, LESS_FACTORS[1.0])] if self.last else [Ask("ask.no-target")]

    def _replace(self, clause: Clause) -> list[Action]:
        what, old = " ".join(clause.said("what")), " ".join(clause.said("old"))
        if not what and (both := re.fullmatch(r"(.+?) (?:with|for|by) (.+)", old)):
            old, what = both.groups()
        new = self._prompt(what, " ".join(clause.said("of")))
        if not new.key:
            return self._remove(clause) if old else []
        gone = self._prompt(old) if old else None
        gone = gone if gone and gone.key else None
        target = prompts.matching(gone.key, self.prompts) if gone else self._replaced(new)
        if target is None:
            return self._instead_of(what, new, gone, clause)
        return self._in_place_of(target, what, new, clause)

    def _replaced(self, new: Prompt) -> str | None:
        """The adjustment that a new one takes the place of: the newest of the same thing, else the newest."""
        if new.needy and self.noun:  # "cut the hair short, and the colour to brown"
            return None
        if new.needy and (target := self._of_kind(new)):
            return target
        for prompt in reversed(self.prompts):
            if prompts.noun_of(prompt) if new.needy else prompts.same_place(new.key, prompt):
                return prompt
        return None if new.kind == "part" and len(self.prompts) > 1 else self.last

    def _instead_of(self, what: str, new: Prompt, gone: Prompt | None, clause: Clause) -> list[Action]:
        """In the place of something that the picture came with."""
        if new.needy and gone and gone.noun:
            new = self._prompt(what, gone.noun)
        made = self._additions(self._with_noun(what, new, self.place), _degree(clause), self.region)
        denied = re.search(r"\bno\b|不要|不戴|不留", clause.text)
        if gone and gone.kind == "worn" and (denied or not prompts.same_place(new.key, gone.key)):
            return [*self._additions(self._absent(gone, clause), 1.0, self.region), *made]
        return made

    # commands and talk

    def _number(self, clause: Clause) -> int | None:
        said = clause.said("num")
        return count(" ".join(said)) if said else None

    def _undo(self, clause: Clause) -> list[Action]:
        return [Undo(max(1, min(MOST_STEPS, self._number(clause) or 1)))]

    def _redo(self, clause: Clause) -> list[Action]:
        return [Redo(max(1, min(MOST_STEPS, self._number(clause) or 1)))]

    def _goto(self, clause: Clause) -> list[Action]:
        number = self._number(clause)
        return [Undo(1) if number is None else Goto(number)]

    def _version(self, clause: Clause) -> list[Action]:
        prompt = self._named(clause)
        target = prompts.matching(prompt.key, self.prompts) if prompt.key else None
        return [Goto(self.prompts.index(target) + 1)] if target else [Ask("ask.unclear")]

    def _variations(self, clause: Clause) -> list[Action]:
        number = self._number(clause) or USUAL_VARIATIONS
        return [Variations(max(1, min(MOST_VARIATIONS, number)))]

    def _plain(self, clause: Clause) -> list[Action]:
        if clause.act in _PLAIN:
            return [_PLAIN[clause.act]]
        if clause.act == "greeting" and not self.prompts:
            return [Show("help")]
        if clause.act == "unknown":
            strange = [word.text for word in chinese.words(clause.text) if word.kind == "unknown"]
            return [Ask("ask.unknown-word", word=strange[0][: prompts.MOST_PROMPT])]
        words = clause.text if has_han(clause.text) else clause.text.split()
        if clause.act == "other" and len(words) < 3:
            return [Ask("ask.unclear")]  # too little to be a conversation
        topic = _TOPICS.get(clause.act, clause.act)
        return [Answer(cast(Topic, topic))] if topic in get_args(Topic) else []
