"""What the bot answers: which sentences, in which order. The sentences themselves are in ``bot.locales``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.conversation.conversion import FACE
from bot.conversation.faces import Faces
from bot.conversation.planning import EditAction
from bot.language.actions import ALL, Action, Add, Ask, Goto, Redo, Remove, Reset, Scale, Set, Undo
from bot.language.prompts import described
from bot.locales import Locale
from editor.api import protocol as wire
from editor.api.strength import max_strength
from storage.records import Edit

_WARNINGS = (
    "outside-domain",
    "animated",
    "downscaled",
    "alpha-flattened",
    "not-aligned",
    "no-face",
    "several-faces",
    "no-time",
)
"""Warnings about a new picture that have a sentence, in the order in which they are told."""
_HELP_EXAMPLES = 8
_NAMING = ("prompt", "said", "method")


def in_words(locale: Locale, action: Action, names: Mapping[str, str] | None = None) -> Action:
    """Replace the text key of a question with its sentence in this locale; return other actions unchanged.

    ``names`` maps prompts in force to what they are called.
    """
    if not isinstance(action, Ask):
        return action
    key, said = action.question, choices(locale, action, names or {})
    if len(said) == 1:
        key = "ask.is-it"
    rows = "\n".join(f"{number}. {one}" for number, one in enumerate(said, 1))
    return replace(action, question=locale.say(key, word=action.word, rows=rows, choice="".join(said)))


def choices(locale: Locale, question: Ask, names: Mapping[str, str]) -> list[str]:
    """Return what to say for each choice of a question; ``names`` maps prompts to what they are called."""
    comma = locale.say("list.comma")
    return [comma.join(request(locale, action, names) for action in choice) for choice in question.choices]


def request(locale: Locale, action: Action, names: Mapping[str, str]) -> str:
    """Return words that ask for an action: "add a hat", "less pink hair"."""
    match action:
        case Add():
            name = name_of(locale, action)
            thing = described(name).thing and not action.prompt.startswith("no ")
            key = "say.opposite" if action.strength < 0 else "say.add" if thing else "say.make"
            return locale.say(key, name=name)
        case Scale(target=target, factor=factor):
            key = "say.scale.more" if factor > 1 else "say.scale.less"
            return locale.say(f"{key}.all" if target == ALL else key, name=names.get(target, target))
        case Set(target=target, strength=strength):
            return locale.say("say.set", name=names.get(target, target), percent=locale.percent(strength))
        case Remove(target=target):
            return locale.say("say.remove", name=names.get(target, target))
        case Goto(edit=0):
            return locale.say("say.original")
        case Goto(edit=number):
            return locale.say("say.goto", number=number)
    return locale.say(f"say.{action.do}")


def name_of(locale: Locale, change: wire.Change | Add | Mapping[str, Any]) -> str:
    """Return what a change is called: the person's own words if they are in this language."""
    recipe = change if isinstance(change, Mapping) else {key: getattr(change, key) for key in _NAMING}
    if (number := _variation(recipe)) is not None:
        return locale.say("reply.variation", number=number)
    said = recipe.get("said")
    return said if said and locale.writes(said) else str(recipe["prompt"])


def _variation(recipe: Mapping[str, Any]) -> int | None:
    """Return which variation of its picture a recipe is, or None for a change in words."""
    if recipe.get("method") != "variation":
        return None
    return int(recipe["prompt"].split()[-1]) % 1000


def is_variation(edit: Edit) -> bool:
    """Whether an edit is a variation of the one before."""
    return bool(edit.recipes) and _variation(edit.recipes[-1]) is not None


def examples_in_words(locale: Locale, examples: Iterable[str]) -> str:
    """Return examples of a bundle as a list in the locale's words."""
    return locale.quoted(locale.wording(example) for example in examples)


def with_examples(locale: Locale, key: str, examples: Sequence[str]) -> str:
    """Return the text of a key, in its form with examples if there are any."""
    if not examples:
        return locale.say(key)
    return locale.say(f"{key}.examples", examples=examples_in_words(locale, examples))


def title(locale: Locale, bundle: wire.BundleInfo) -> str:
    """Return a bundle's name, in the locale's words if it has them."""
    return locale.texts.get(f"bundle.{bundle.name}", bundle.title)


def domains(locale: Locale, known: Sequence[wire.BundleInfo]) -> str:
    """Return what the bundles know, in the locale's words if it has them: "cartoon portraits and cartoon
    animals"."""
    return locale.listed([locale.texts.get(f"domain.{bundle.name}", bundle.domain) for bundle in known])


@dataclass(frozen=True)
class Received:
    """What the answer says about a new picture.

    Attributes:
        warnings: Codes of the editor.
        known: Bundles that pictures may use.
        examples: Changes to suggest.
        alone: The picture came without words.
        face: Name of the face that was chosen.
    """

    warnings: Sequence[str]
    known: Sequence[wire.BundleInfo]
    examples: Sequence[str]
    alone: bool
    face: str = ""


def received(locale: Locale, new: Received) -> list[str]:
    """Return the sentences about a new picture."""
    values = {"domains": domains(locale, new.known), "face": new.face}
    sentences = [locale.say(f"reply.warning.{code}", **values) for code in _WARNINGS if code in new.warnings]
    if new.alone:
        sentences.append(with_examples(locale, "reply.received", new.examples[:3]))
    return sentences


def face_name(locale: Locale, number: int, count: int) -> str:
    """Return a face's name by its place: "the left one", "the second from the left"."""
    if number in (0, count - 1):
        return locale.say("face.left" if number == 0 else "face.right")
    return locale.say("face.number", number=number + 1)


def chosen(locale: Locale, faces: Faces) -> str:
    """Return the sentence after a message that only names faces."""
    names = [face_name(locale, number, faces.count) for number in faces.chosen]
    return locale.say("reply.faces", faces=locale.listed(names))


def by_face(locale: Locale, told: Sequence[tuple[int, Sequence[str]]], count: int) -> list[str]:
    """Return the sentences about each face; only once if they are the same for all faces."""
    if len({tuple(sentences) for _, sentences in told}) < 2:
        return list(told[0][1]) if told else []
    return [
        locale.say("reply.face", face=face_name(locale, number, count), said=locale.joined(sentences))
        for number, sentences in told
    ]


def moved(locale: Locale, action: Undo | Redo | Goto | Reset, edit: Edit) -> str:
    """Return the sentence after undo, redo, goto and reset."""
    place = locale.say("reply.place.original")
    if edit.number:
        place = locale.say("reply.place.edit", number=edit.number, description=describe(locale, edit))
    return locale.say(f"reply.moved.{action.do}", place=place)


def already(locale: Locale, adjustment: wire.Adjustment) -> str:
    """Return the sentence about a change that is in force and was asked for once more."""
    return locale.say(
        "reply.already", name=name_of(locale, adjustment), percent=locale.percent(adjustment.strength)
    )


def changed(
    locale: Locale, changes: Sequence[EditAction], before: Sequence[wire.Adjustment], result: wire.EditResult
) -> list[str]:
    """Return the sentences after a step: which strengths changed, what each new change did and did not do."""
    names = {adjustment.prompt: name_of(locale, adjustment) for adjustment in before}
    names |= {change.prompt: name_of(locale, change) for change in changes if isinstance(change, Add)}
    sentences = []
    for change in changes:
        match change:
            case Scale(target=target) | Set(target=target):
                prompts = [adjustment.prompt for adjustment in before] if target == ALL else [target]
                sentences.append(_strengths(locale, prompts, names, result.adjustments))
            case Remove(target=target) if target == ALL:
                sentences.append(locale.say("reply.removed-all"))
            case Remove(target=target):
                sentences.append(locale.say("reply.removed", name=names.get(target, target)))
    return sentences + effects(locale, result.effects, names)


def _strengths(
    locale: Locale, prompts: Sequence[str], names: Mapping[str, str], after: Sequence[wire.Adjustment]
) -> str:
    by_prompt = {adjustment.prompt: adjustment for adjustment in after}
    told = []
    for prompt in prompts:
        name, adjustment = names.get(prompt, prompt), by_prompt.get(prompt)
        if adjustment is None:
            told.append(locale.say("reply.off", name=name))
            continue
        at_limit = abs(adjustment.strength) >= max_strength(adjustment.most) - 1e-3  # strengths are rounded
        key = "reply.strength.most" if at_limit else "reply.strength"
        told.append(locale.say(key, name=name, percent=locale.percent(adjustment.strength)))
    return locale.say("reply.strengths", changes=locale.say("list.changes").join(told))


def offers(locale: Locale, present: Sequence[wire.Adjustment], found: Sequence[wire.Effect]) -> list[str]:
    """Return what to say next when a change is there already or cannot be made."""
    said = []
    for layer in present:
        names = {layer.prompt: name_of(locale, layer)}
        said += [
            request(locale, action, names) for action in (Scale(layer.prompt, 1.5), Remove(layer.prompt))
        ]
    refused = [effect for effect in found if effect.verdict == "refused" and not effect.satisfied]
    return said + [locale.wording(example) for effect in refused for example in effect.nearest]


def effects(locale: Locale, found: Sequence[wire.Effect], names: Mapping[str, str]) -> list[str]:
    """Return what each new change did; ``names`` maps prompts to what they are called."""
    sentences = []
    done = [names.get(effect.prompt, effect.prompt) for effect in found if effect.verdict == "done"]
    if done:
        sentences.append(locale.say("reply.done", names=locale.listed(done)))
    replaced = [names.get(prompt, prompt) for effect in found for prompt in effect.replaced]
    if replaced:
        sentences.append(locale.say("reply.replaced", names=locale.quoted(replaced)))
    for effect in found:
        name = names.get(effect.prompt, effect.prompt)
        if effect.verdict == "weak":
            sentences.append(locale.say("reply.weak", name=name))
        elif effect.verdict == "refused":
            sentences += _refusal(locale, effect, name)
        if "region-ignored" in effect.notes:
            sentences.append(locale.say("reply.region-ignored"))
    return sentences


def _refusal(locale: Locale, effect: wire.Effect, name: str) -> list[str]:
    if effect.satisfied:
        return [locale.say("reply.satisfied", name=name)]
    # not-here: this picture cannot show it although others can; for example pink hair when the person is bald
    reason = "reply.not-here" if "not-here" in effect.notes else "reply.no-response"
    sentences = [locale.say(reason, name=name)]
    if effect.nearest:
        sentences.append(locale.say("reply.nearest", names=examples_in_words(locale, effect.nearest)))
    return sentences


def describe(locale: Locale, edit: Edit) -> str:
    """Describe an edit by the adjustments in force."""
    if edit.number == 0:
        return locale.say("reply.place.original")
    parts = [_with_strength(locale, recipe) for recipe in edit.recipes]
    return locale.say("list.comma").join(parts) or locale.say("reply.no-adjustments")


def _with_strength(locale: Locale, recipe: Mapping[str, Any]) -> str:
    name, strength = _with_face(locale, recipe), float(recipe["strength"])
    usual = wire.VARIATION_STRENGTH if _variation(recipe) is not None else 1.0
    if abs(strength - usual) < 0.01:
        return name
    return locale.say("reply.adjustment", name=name, percent=locale.percent(strength))


def _with_face(locale: Locale, recipe: Mapping[str, Any]) -> str:
    """Return a recipe's name, with the number of its face if the picture has several."""
    name = name_of(locale, recipe)
    return locale.say("reply.of-face", name=name, number=recipe[FACE] + 1) if FACE in recipe else name


def history(locale: Locale, edits: Sequence[Edit], head: Edit) -> str:
    """Return all edits of a picture, one per line, and how to go to one."""
    return locale.say("reply.history", rows="\n".join(history_rows(locale, edits, head)))


def history_rows(locale: Locale, edits: Sequence[Edit], head: Edit) -> list[str]:
    """Return all edits of a picture with their numbers; the current one is marked."""
    rows = []
    for edit in edits:
        row = locale.say("reply.history.row", number=edit.number, description=describe(locale, edit))
        rows.append(locale.say("reply.history.here", row=row) if edit.id == head.id else row)
    return rows


def adjustments(locale: Locale, head: Edit) -> str:
    """Return the adjustments in force, with strengths."""
    if not head.recipes:
        return locale.say("reply.none-in-force")
    told = []
    for recipe in head.recipes:
        percent = locale.percent(recipe["strength"])
        told.append(locale.say("reply.in-force.item", name=_with_face(locale, recipe), percent=percent))
    return locale.say("reply.in-force", names=locale.say("list.comma").join(told))


def variations(locale: Locale, made: Sequence[Edit]) -> str:
    """Return the sentence after variations."""
    numbers = locale.say("list.comma").join(str(edit.number) for edit in made)
    return locale.say("reply.variations", numbers=numbers, first=made[0].number)


def help_text(locale: Locale, examples: Sequence[str]) -> str:
    """Return what a person can say."""
    return with_examples(locale, "reply.help", examples[:_HELP_EXAMPLES])


def alt(locale: Locale, edit: Edit) -> str:
    """Return the alternative text of an edit's picture."""
    if edit.number == 0:
        return locale.say("reply.alt.original")
    return locale.say("reply.alt.edit", description=describe(locale, edit))


def alt_of_animation(locale: Locale, edit: Edit) -> str:
    """Return the alternative text of the loop from the original to an edit."""
    return locale.say("reply.alt.animation", description=describe(locale, edit))


def method(locale: Locale, name: str) -> str:
    """Return what a method is called."""
    return locale.say(f"method.{name}")


def compared(locale: Locale, name: str, rows: Sequence[tuple[wire.MethodResult, Edit | None]]) -> str:
    """Return how each method did on the change ``name``, and how to continue from one of them."""
    told = []
    for row, edit in rows:
        verdict = row.effect.verdict if edit is not None else "nothing"
        values = {"number": edit.number if edit is not None else "", "method": method(locale, row.method)}
        seconds = f"{row.milliseconds / 1000:.1f}"
        told.append(locale.say(f"reply.compared.{verdict}", **values, seconds=seconds))
    numbers = [edit.number for _, edit in rows if edit is not None]
    sentences = [locale.say("reply.compared-methods", name=name, rows="\n".join(told))]
    if numbers:
        sentences.append(locale.say("reply.compared-methods.go", first=numbers[0]))
    return "\n".join(sentences)


def alt_of_method(locale: Locale, edit: Edit, name: str) -> str:
    """Return the alternative text of what one method made of a change."""
    return locale.say("reply.alt.method", method=method(locale, name), description=describe(locale, edit))
