"""What the bot answers: which sentences, in which order. The sentences themselves are in ``bot.locales``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.conversation.faces import FACE, Faces
from bot.language.actions import Action, Ask
from bot.locales import Locale
from editor.api import protocol as wire
from editor.api.strength import max_strength
from storage.history import Edit

_WARNINGS = (
    "animated",
    "downscaled",
    "alpha-flattened",
    "not-aligned",
    "no-face",
    "several-faces",
    "no-time",
    "outside-domain",
)


def in_words(locale: Locale, action: Action) -> Action:
    """Put a question of the reader, which names a text of the locales, into words; leave other actions as they are."""
    if not isinstance(action, Ask):
        return action
    return replace(action, question=locale.say(action.question, word=action.word))


def name_of(locale: Locale, wish: wire.Change | Mapping[str, Any]) -> str:
    """What a wish, an action or a recipe is called: the user's own words where they are of this language."""
    if (number := _variation(wish)) is not None:
        return locale.say("reply.variation", number=number)
    prompt, said = (
        (wish.prompt, wish.said) if isinstance(wish, wire.Change) else (wish["prompt"], wish.get("said"))
    )
    return said if said and locale.writes(said) else prompt


def _variation(wish: wire.Change | Mapping[str, Any]) -> int | None:
    """Which variation of its picture this is, None where it is a wish."""
    method, prompt = (
        (getattr(wish, "method", None), wish.prompt)
        if isinstance(wish, wire.Change)
        else (wish.get("method"), wish["prompt"])
    )
    return int(prompt.split()[-1]) % 1000 if method == "variation" else None


def is_variation(edit: Edit) -> bool:
    """Whether an edit is a variation of the one before."""
    return bool(edit.recipes) and _variation(edit.recipes[-1]) is not None


def _examples(locale: Locale, examples: Sequence[str]) -> str:
    return locale.quoted(locale.wording(example) for example in examples)


def title(locale: Locale, bundle: wire.BundleInfo) -> str:
    """A bundle's name, in the locale's words where it has them."""
    return locale.texts.get(f"bundle.{bundle.name}", bundle.title)


def domains(locale: Locale, known: Sequence[wire.BundleInfo]) -> str:
    """What the bundles know, in the locale's words where it has them: "cartoon portraits and cartoon animals"."""
    return locale.listed([locale.texts.get(f"domain.{bundle.name}", bundle.domain) for bundle in known])


def received(
    locale: Locale,
    warnings: Sequence[str],
    known: Sequence[wire.BundleInfo],
    examples: Sequence[str],
    bare: bool,
    face: str = "",
) -> list[str]:
    """On a new picture; ``face`` names the one that was taken."""
    values = {"domains": domains(locale, known), "face": face}
    sentences = [locale.say(f"reply.warning.{code}", **values) for code in warnings if code in _WARNINGS]
    if bare and examples:
        sentences.insert(0, locale.say("reply.received.examples", examples=_examples(locale, examples[:3])))
    elif bare:
        sentences.insert(0, locale.say("reply.received"))
    return sentences


def face_name(locale: Locale, number: int, count: int) -> str:
    """A face by its place among so many: "the left one", "the second from the left"."""
    if number in (0, count - 1):
        return locale.say("face.left" if number == 0 else "face.right")
    return locale.say("face.number", number=number + 1)


def chosen(locale: Locale, faces: Faces) -> str:
    """After a message that only names faces."""
    return locale.say(
        "reply.faces",
        faces=locale.listed([face_name(locale, number, faces.count) for number in faces.chosen]),
    )


def by_face(locale: Locale, told: Sequence[tuple[int, Sequence[str]]], count: int) -> list[str]:
    """What is told of each face: once where it is the same of all of them."""
    if len({tuple(sentences) for _, sentences in told}) < 2:
        return list(told[0][1]) if told else []
    return [
        locale.say("reply.face", face=face_name(locale, number, count), said=locale.joined(sentences))
        for number, sentences in told
    ]


def wish_again(layer: wire.Adjustment) -> dict[str, Any]:
    """An adjustment in force as the action that asks for it anew, for another picture."""
    recipe = {"prompt": layer.prompt, "said": layer.said, "strength": layer.strength, "region": layer.region}
    return {"do": "add", **recipe, "keep": list(layer.keep)}


def moved(locale: Locale, action: Mapping[str, Any], edit: Edit) -> str:
    """After undo, redo, goto and reset."""
    place = locale.say("reply.place.original")
    if edit.number:
        place = locale.say("reply.place.edit", number=edit.number, description=describe(locale, edit))
    return locale.say(f"reply.moved.{action['do']}", place=place)


def changed(
    locale: Locale,
    actions: Sequence[Mapping[str, Any]],
    before: Sequence[wire.Adjustment],
    result: wire.EditResult,
) -> list[str]:
    """After a step on the adjustments ``before``: what became weaker or stronger, what each wish did, and what it did not."""
    names = {layer.prompt: name_of(locale, layer) for layer in before}
    names |= {action["prompt"]: name_of(locale, action) for action in actions if action["do"] == "add"}
    sentences = []
    for action in actions:
        if action["do"] in ("scale", "set"):
            sentences.append(_strengths(locale, action["target"], names, before, result.adjustments))
        elif action["do"] == "remove" and action["target"] == "all":
            sentences.append(locale.say("reply.removed-all"))
        elif action["do"] == "remove":
            sentences.append(locale.say("reply.removed", name=names.get(action["target"], action["target"])))
    return sentences + wishes(locale, result.effects, names)


def _strengths(
    locale: Locale,
    target: str,
    names: Mapping[str, str],
    before: Sequence[wire.Adjustment],
    after: Sequence[wire.Adjustment],
) -> str:
    layers = {layer.prompt: layer for layer in after}
    told = [
        _strength(locale, layers[prompt], names.get(prompt, prompt))
        if prompt in layers
        else locale.say("reply.off", name=names.get(prompt, prompt))
        for prompt in ([layer.prompt for layer in before] if target == "all" else [target])
    ]
    return locale.say("reply.strengths", changes=locale.say("list.changes").join(told))


def _strength(locale: Locale, layer: wire.Adjustment, name: str) -> str:
    end = abs(layer.strength) >= max_strength(layer.most) - 1e-3  # strengths are rounded
    return locale.say(
        "reply.strength.most" if end else "reply.strength", name=name, percent=locale.percent(layer.strength)
    )


def wishes(locale: Locale, effects: Sequence[wire.Effect], names: Mapping[str, str]) -> list[str]:
    """What each wish did, in plain words; ``names`` are those of the prompts."""
    sentences = []
    done = [names.get(effect.prompt, effect.prompt) for effect in effects if effect.verdict == "done"]
    if done:
        sentences.append(locale.say("reply.done", names=locale.quoted(done)))
    replaced = [names.get(prompt, prompt) for effect in effects for prompt in effect.replaced]
    if replaced:
        sentences.append(locale.say("reply.replaced", names=locale.quoted(replaced)))
    for effect in effects:
        name = names.get(effect.prompt, effect.prompt)
        if effect.verdict == "weak":
            sentences.append(locale.say("reply.weak", name=name))
        elif effect.verdict == "refused":
            sentences.extend(_refusal(locale, effect, name))
        if "region-ignored" in effect.notes:
            sentences.append(locale.say("reply.region-ignored"))
    return sentences


def _refusal(locale: Locale, effect: wire.Effect, name: str) -> list[str]:
    if effect.satisfied:
        return [locale.say("reply.satisfied", name=name)]
    near = [locale.say("reply.nearest", names=_examples(locale, effect.nearest))] if effect.nearest else []
    reason = (
        "not-here" if "not-here" in effect.notes else "no-response"
    )  # not-here: pink hair for a bald head
    return [locale.say(f"reply.{reason}", name=name), *near]


def describe(locale: Locale, edit: Edit) -> str:
    """An edit by the adjustments in force at it."""
    if edit.number == 0:
        return locale.say("reply.place.original")
    parts = [_named(locale, recipe) for recipe in edit.recipes]
    return locale.say("list.comma").join(parts) or locale.say("reply.no-adjustments")


def _named(locale: Locale, recipe: Mapping[str, Any]) -> str:
    name, strength = _of_face(locale, recipe), float(recipe["strength"])
    usual = wire.VARIATION_STRENGTH if _variation(recipe) is not None else 1.0
    return (
        name
        if abs(strength - usual) < 0.01
        else locale.say("reply.adjustment", name=name, percent=locale.percent(strength))
    )


def _of_face(locale: Locale, recipe: Mapping[str, Any]) -> str:
    """A recipe's name, with the number of its face where its picture has several."""
    name = name_of(locale, recipe)
    return locale.say("reply.of-face", name=name, number=recipe[FACE] + 1) if FACE in recipe else name


def history(locale: Locale, edits: Sequence[Edit], head: Edit) -> str:
    """All edits of a picture, a line each, and how to go to one."""
    return locale.say("reply.history", rows="\n".join(history_rows(locale, edits, head)))


def history_rows(locale: Locale, edits: Sequence[Edit], head: Edit) -> list[str]:
    """All edits of a picture with their numbers; the present one is marked."""
    rows = []
    for edit in edits:
        row = locale.say("reply.history.row", number=edit.number, description=describe(locale, edit))
        rows.append(locale.say("reply.history.here", row=row) if edit.id == head.id else row)
    return rows


def adjustments(locale: Locale, head: Edit) -> str:
    """The adjustments in force, with strengths."""
    if not head.recipes:
        return locale.say("reply.none-in-force")
    told = [
        locale.say(
            "reply.in-force.one", name=_of_face(locale, recipe), percent=locale.percent(recipe["strength"])
        )
        for recipe in head.recipes
    ]
    return locale.say("reply.in-force", names=locale.say("list.comma").join(told))


def variations(locale: Locale, made: Sequence[Edit]) -> str:
    """After variations."""
    numbers = locale.say("list.comma").join(str(edit.number) for edit in made)
    return locale.say("reply.variations", numbers=numbers, first=made[0].number)


def help_text(locale: Locale, examples: Sequence[str]) -> str:
    """What can be said."""
    if not examples:
        return locale.say("reply.help")
    return locale.say("reply.help.examples", examples=_examples(locale, examples[:8]))


def alt(locale: Locale, edit: Edit) -> str:
    """Alternative text of an edit's picture."""
    if edit.number == 0:
        return locale.say("reply.alt.original")
    return locale.say("reply.alt.edit", description=describe(locale, edit))


def alt_of_animation(locale: Locale, edit: Edit) -> str:
    """Alternative text of the loop from the original to an edit."""
    return locale.say("reply.alt.animation", description=describe(locale, edit))


def method(locale: Locale, name: str) -> str:
    """What a method is called."""
    return locale.say(f"method.{name}")


def compared(locale: Locale, name: str, rows: Sequence[tuple[wire.MethodResult, Edit | None]]) -> str:
    """One wish, ``name``, by several methods: how each did, and by which number to go on from it."""
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
    """Alternative text of what one method made of a wish."""
    return locale.say("reply.alt.method", method=method(locale, name), description=describe(locale, edit))
