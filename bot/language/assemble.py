"""From marked clauses to actions: numbers, and what the adjustments in force decide."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from bot.language import actions as do
from bot.language import chinese, lexicon, prompts
from bot.language.actions import ALL, MAX_STRENGTH, Action, Add, Ask, Remove, Scale
from bot.language.network import Clause
from bot.language.numbers import Amount, amount, count
from bot.language.prompts import MOST_PROMPT, Prompt
from bot.language.repetitions import without_repetitions
from bot.language.text import has_han
from bot.language.words import positive

MOST_ACTIONS, MOST_STEPS, MOST_VARIATIONS = 12, 50, 9
USUAL_VARIATIONS = 4
FACES = ("left", "right", "middle", "every")
MILD = 0.6
"""What "but not too much" makes of a strength."""
_RULES = tomllib.loads((Path(__file__).parent / "rules.toml").read_text(encoding="utf-8"))
_DEGREES, _TOPICS = _RULES["degrees"], _RULES["topics"]
_STRENGTH, _BRIGHTNESS = (frozenset(_RULES["words"][name].split()) for name in ("strength", "brightness"))
_LIST = re.compile(r"\s+and\s+|\s*[,&;、]\s*(?:and\s+)?|[和跟与]")
_EXCESS = re.compile(r"\b(?:too|trop|zu|demasiado|demais)\b|[太过]|すぎ")
_ONLY = re.compile(r"\b(?:only|just|left|right|upper|lower|top|bottom|tips?|front|on)\b|[只仅就单左右上下]")
"""Words without which a clause is about no region."""
_SIDE = re.compile(
    r"\b(left|right|upper|lower|top|bottom) (?:half|side|part)(?: of)?"
    r"|([左右上下])(?:半边|半部分|半侧|一半|半|侧|边|面)"
)
_SIDES = {"左": "left", "右": "right", "上": "upper", "下": "lower"}


def _degree(clause: Clause) -> dict[str, float]:
    """The degree that a clause names; of several, the least that is not above the usual one."""
    found = [_DEGREES[span.slot] for span in clause.spans if span.slot in _DEGREES]
    usual: dict[str, float] = _DEGREES["usual"]
    return min(found, key=lambda one: (one["strength"] > 1, one["strength"]), default=usual)


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
        self.face: do.Face | None = None

    def read(self, clauses: Sequence[Clause]) -> list[Action]:
        """The actions of all clauses, in order."""
        clauses = clauses[:MOST_ACTIONS]
        for clause in clauses:
            self._take_kept(clause)
        talk = {"dislike", "greeting", "remark", "thanks", "praise"}
        alone = all(clause.act in talk for clause in clauses)
        for clause in clauses:
            if alone or clause.act not in ("dislike", "greeting"):
                self._take_face(clause)
                handler: Callable[[Clause], list[Action]]
                handler = getattr(self, f"_{clause.act.replace('.', '_')}", self._talk)
                self.actions += handler(clause)
        for text in self.waiting:
            prompt = self._prompt(text)
            if not prompt.bare_part:
                self.actions += self._additions(prompt, 1.0)
        return without_repetitions(self.actions)[:MOST_ACTIONS]

    @property
    def last(self) -> str | None:
        """The newest adjustment in force."""
        return self.prompts[-1] if self.prompts else None

    # what a clause says, in the words of prompts

    def _prompt(self, what: str, of: str = "") -> Prompt:
        if has_han(what + of) and self.language != "ja":
            return chinese.described(what, of, "zh" in self.languages)
        if self.language in ("en", "zh"):
            return prompts.described(what, of)
        translated, english = chinese.described(what, of, language=self.language), prompts.described(what, of)
        return english if translated.unknown and english.kind else translated

    def _named(self, clause: Clause) -> Prompt:
        """What a clause is about: its description, or its thing, or else a comparative in it ("older")."""
        what, of = " ".join(clause.said("what")), " ".join(clause.said("of"))
        if not what and self.language == "en":
            what = " ".join(
                word for word in clause.text.split() if positive(word) and positive(word) not in _STRENGTH
            )
        prompt = self._prompt(what, of) if what or of else Prompt("", "")
        if prompt.bare_part and (left := self._left(clause, [what, of])):
            return self._prompt(left, of or what)
        return prompt

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
        if side := _SIDE.search(text):
            rest = f"{text[: side.start()]} {text[side.end() :]}".strip()
            thing = self._prompt(rest or "face").key
            if side[1] or (rest and thing not in ("", "eyes", "ears")):
                return f"{side[1] or _SIDES[side[2]]} {thing}", rest or thing
        key = self._prompt(text).key
        return key, text if has_han(text) else key

    def _take_face(self, clause: Clause) -> None:
        for span in clause.spans:
            if span.slot in ("left", "right", "middle", "every") and not re.search(
                r"\bit\b|everything", span.text
            ):
                said = re.sub(r"\bone\b(?! from)|person (?=\w)", "", span.text)
                number = count(said) or 1
                face = do.Face({"left": number, "right": -number, "middle": 0}.get(span.slot))
                if self.face != face:
                    self.face = face
                    self.actions.append(face)

    # edits

    def _only(self, clause: Clause) -> list[Action]:
        return self._add(clause) if clause.said("what") else []

    _face = _only

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
            elif not (prompt := self._with_noun(what, prompt, place)).bare_part:  # every picture has hair
                found += self._add_change(clause, prompt, region)
        return found

    def _left(self, clause: Clause, ofs: list[str]) -> str:
        """The adjectives of a clause outside its things: a description that the network overlooked."""
        said, kinds = clause.text, {"colour", "shape", "trait"}
        for of in ofs:
            said = said.replace(of, " ")
        if has_han(said):
            return "".join(word.text for word in chinese.words(said) if word.kind in {*kinds, "state"})
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
            new = self._prompt(what, self._own_word(noun) or "")
        made = self._additions(new, _degree(clause)["strength"])
        return made if any(isinstance(action, Ask) for action in made) else [Remove(target), *made]

    def _own_word(self, noun: str | None) -> str | None:
        """An English noun in the language of the message."""
        known = {} if self.language == "en" else lexicon.own_words(self.language)
        return known[noun][0] if noun in known else noun

    def _parts(self, text: str) -> list[str]:
        """ "earrings and lipstick" as two descriptions; "red and blue hair" is one."""
        parts = [part for part in _LIST.split(text) if part]
        described = [self._prompt(part) for part in parts]
        apart = all(one.key and one.kind and not one.needy for one in described)
        alike = len({one.thing for one in described}) == 1
        return parts if apart and alike and " with " not in text else [text]

    def _with_noun(self, what: str, prompt: Prompt, place: str | None) -> Prompt:
        """A colour or shape without a thing takes the thing spoken of before, or the region's."""
        if prompt.needy and (noun := place or self.noun):
            prompt = self._prompt(what, noun)
        self.noun = prompt.noun or self.noun
        return prompt

    def _add_change(self, clause: Clause, prompt: Prompt, region: str | None) -> list[Action]:
        compared = re.search(r"(er|est)\b", " ".join(clause.said("what"))) and prompt.key not in clause.text
        if compared and (target := prompts.matching(prompt.key, self.prompts)):
            return [Scale(target, _degree(clause)["more"])]
        for present in self.prompts:
            if prompts.english_of(present) == f"no {prompt.key}":
                self.prompts.remove(present)
                return [Remove(present)]
        level = self._amount(clause)
        strength = level.share if level.share is not None else level.factor or _degree(clause)["strength"]
        return self._additions(prompt, strength, region)

    def _additions(self, prompt: Prompt, strength: float, region: str | None = None) -> list[Action]:
        if prompt.unknown:
            return [Ask("ask.unknown-word", word=prompt.unknown[:MOST_PROMPT])]
        strength = max(-MAX_STRENGTH, min(MAX_STRENGTH, strength))
        if not prompt.text or not strength:
            return []
        return [Add(prompt.text, strength, region or self.region, tuple(self.keep), said=prompt.said)]

    def _without(self, prompt: Prompt, clause: Clause, strength: float = -1.0) -> list[Action]:
        """The absence of a thing, or the opposite of a trait."""
        if not prompt.thing:
            return self._additions(prompt, strength)
        if prompt.said is not None and self.language == "zh":
            none = chinese.absent(prompt, clause.text, "zh" in self.languages)
            return self._additions(replace(none, unknown=prompt.unknown), 1.0)
        text = f"no {prompt.text}"[:MOST_PROMPT]
        return self._additions(replace(prompt, text=text, key=f"no {prompt.key}", said=None), 1.0)

    def _remove(self, clause: Clause) -> list[Action]:
        found: list[Action] = []
        for what in clause.said("what", "old") or clause.said("of"):
            prompt = self._prompt(what)
            if target := prompts.matching(prompt.key, self.prompts):
                self.prompts.remove(target)
                found.append(Remove(target))
            elif prompt.key:
                found += self._without(prompt, clause)
        if found or clause.said("what"):
            return found
        if clause.said("all"):
            return [do.Reset()]
        if any(_takes_away(action) for action in self.actions):
            return []  # "I don't like the hat, remove it"
        return [Remove(self.prompts.pop())] if self.prompts else [Ask("ask.no-target")]

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
        excess = clause.act == "less" and not clause.said("of") and _EXCESS.search(clause.text)
        if found is None and excess and prompt.kind not in ("part", "worn", "thing"):
            return self.last  # "too bright" is about what was changed last
        return found

    def _more(self, clause: Clause) -> list[Action]:
        prompt, given, degree = self._named(clause), self._amount(clause), _degree(clause)
        target, more = self._target(clause, prompt), clause.act == "more"
        if target is not None:
            factor = given.factor if given.factor is not None else degree[clause.act]
            if given.factor is None and given.share is not None:
                factor = 1 + (given.sign or (1 if more else -1)) * given.share
            return [_scaled(target, factor)]
        if not prompt.key:
            return [Ask("ask.no-target")]
        if more:
            noun = self.place or self.noun or self._own_word(prompts.noun_of(self.last or ""))
            prompt = self._with_noun(" ".join(clause.said("what")) or prompt.key, prompt, noun)
            return self._additions(prompt, given.factor or degree["strength"])
        if prompt.key in _BRIGHTNESS:
            return [do.Answer("whole-picture")]
        return self._without(prompt, clause, -degree["strength"])

    _less = _more

    def _set(self, clause: Clause) -> list[Action]:
        prompt, given = self._named(clause), self._amount(clause)
        target = self._target(clause, prompt)
        if target and given.factor and not re.search(r"\b(?:to|at)\b|[到为成]", clause.text):
            return [Scale(target, given.factor)]  # "half"
        level = given.share if given.share is not None else given.factor or 1.0
        if target is None:
            return self._additions(prompt, level) or [Ask("ask.no-target")]
        if given.sign:
            return [_scaled(target, 1 + given.sign * level)]
        return [do.Set(target, round(min(level, MAX_STRENGTH), 4)) if level > 0 else Remove(target)]

    def _mild(self, clause: Clause) -> list[Action]:
        for place, action in reversed(list(enumerate(self.actions))):
            if isinstance(action, Add):
                self.actions[place] = replace(action, strength=round(action.strength * MILD, 4))
            if isinstance(action, Add | Scale):
                return []
        return [Scale(self.last, _DEGREES["usual"]["less"])] if self.last else [Ask("ask.no-target")]

    def _replace(self, clause: Clause) -> list[Action]:
        what, old = " ".join(clause.said("what")), " ".join(clause.said("old"))
        if not what and (both := re.fullmatch(r"(.+?) (?:with|for|by) (.+)", old)):
            old, what = both.groups()
        new = self._prompt(what, " ".join(clause.said("of")))
        if not new.key:
            return self._remove(clause) if old else []
        gone = self._prompt(old)
        target = prompts.matching(gone.key, self.prompts) if gone.key else self._replaced(new)
        if target is not None:
            return self._in_place_of(target, what, new, clause)
        # in the place of something that the picture came with
        if new.needy and gone.noun:
            new = self._prompt(what, gone.noun)
        made = self._additions(self._with_noun(what, new, self.place), _degree(clause)["strength"])
        denied = re.search(r"\bno\b|不要|不戴|不留", clause.text)
        if gone.kind == "worn" and (denied or not prompts.same_place(new.key, gone.key)):
            return [*self._without(gone, clause), *made]
        return made

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

    # commands and talk

    def _number(self, clause: Clause, most: int, usual: int = 1) -> int:
        said = clause.said("num")
        return max(1, min(most, (count(" ".join(said)) if said else None) or usual))

    def _undo(self, clause: Clause) -> list[Action]:
        return [do.Undo(self._number(clause, MOST_STEPS))]

    def _redo(self, clause: Clause) -> list[Action]:
        return [do.Redo(self._number(clause, MOST_STEPS))]

    def _goto(self, clause: Clause) -> list[Action]:
        number = count(" ".join(clause.said("num")))
        return [do.Undo(1) if number is None else do.Goto(number)]

    def _version(self, clause: Clause) -> list[Action]:
        prompt = self._named(clause)
        target = prompts.matching(prompt.key, self.prompts) if prompt.key else None
        return [do.Goto(self.prompts.index(target) + 1)] if target else [Ask("ask.unclear")]

    def _original(self, clause: Clause) -> list[Action]:
        return [do.Goto(0)]

    def _reset(self, clause: Clause) -> list[Action]:
        return [do.Reset()]

    def _transfer(self, clause: Clause) -> list[Action]:
        return [do.Transfer()]

    def _variations(self, clause: Clause) -> list[Action]:
        return [do.Variations(self._number(clause, MOST_VARIATIONS, USUAL_VARIATIONS))]

    def _unknown(self, clause: Clause) -> list[Action]:
        strange = [word.text for word in chinese.words(clause.text) if word.kind == "unknown"]
        return [Ask("ask.unknown-word", word=strange[0][:MOST_PROMPT])]

    def _talk(self, clause: Clause) -> list[Action]:
        if clause.act.startswith("show."):
            return [do.Show(cast(do.What, clause.act.removeprefix("show.")))]
        if clause.act == "greeting" and not self.prompts:
            return [do.Show("help")]
        words = clause.text if has_han(clause.text) else clause.text.split()
        if clause.act == "other" and len(words) < 3:
            return [Ask("ask.unclear")]  # too little to be a conversation
        topic = _TOPICS.get(clause.act, clause.act)
        return [do.Answer(topic)] if topic in get_args(do.Topic) else []


def _takes_away(action: Action) -> bool:
    return isinstance(action, Remove) or (isinstance(action, Add) and action.prompt.startswith("no "))


def _scaled(target: str, factor: float) -> Action:
    """The strength of an adjustment times a factor; at 0 it is gone."""
    return Scale(target, round(factor, 4)) if factor > 0 else Remove(target)
