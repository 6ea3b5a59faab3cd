"""What the bot says. All of its English sentences are here; none of its decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from editor import protocol as wire
from storage.history import Edit

NOTHING_SAID = "I did not get a wish. Tell me what to change, for example “pink hair” or “make her smile”."
NOTHING_TO_TRANSFER = "There is no look to carry over yet: edit a picture first, then send another one with “same on this one”."
ORIGINAL = "This is the picture as you sent it."
COMPARED = "Before and after."

_WARNINGS = {
    "animated": "It is an animation; I took its first frame.",
    "downscaled": "It was very large, so I work on a smaller copy.",
    "alpha-flattened": "Its transparent parts became white.",
    "outside-domain": "It does not look like anything I know (I know cartoon portraits), so results may be poor.",
}


def quoted(prompts: Sequence[str]) -> str:
    """“a”, “b” and “c”."""
    marked = [f"“{prompt}”" for prompt in prompts]
    return marked[0] if len(marked) == 1 else ", ".join(marked[:-1]) + " and " + marked[-1] if marked else ""


def received(warnings: Sequence[str], examples: Sequence[str], bare: bool) -> list[str]:
    """On a new picture."""
    sentences = [_WARNINGS[code] for code in warnings if code in _WARNINGS]
    if bare:
        hint = f" For example {quoted(examples[:3])}." if examples else ""
        sentences.insert(0, f"Got it. What shall I change?{hint}")
    return sentences


def wish_again(layer: wire.Adjustment) -> dict[str, Any]:
    """An adjustment in force as the action that asks for it anew, for another picture."""
    return {"do": "add", "prompt": layer.prompt, "strength": layer.strength, "region": layer.region, "keep": list(layer.keep)}


def moved(action: dict[str, Any], edit: Edit) -> str:
    """After undo, redo, goto and reset."""
    place = "the original" if edit.number == 0 else f"edit {edit.number} ({describe(edit)})"
    begin = {"undo": "Undone. This is", "redo": "Redone. This is", "reset": "Back to", "goto": "Here is"}[action["do"]]
    return f"{begin} {place}."


def percent(strength: float) -> str:
    """1 -> 100 %."""
    return f"{round(100 * strength)} %"


def changed(actions: Sequence[dict[str, Any]], layers: Sequence[wire.Adjustment], result: wire.EditResult) -> list[str]:
    """After a step: what became weaker or stronger, what each wish did, and what it did not."""
    strengths = {layer.prompt: layer.strength for layer in layers}
    sentences = []
    for action in actions:
        if action["do"] in ("scale", "set"):
            names = list(strengths) if action["target"] == "all" else [action["target"]]
            told = [
                f"“{name}” is at {percent(strengths[name])} now" if name in strengths else f"“{name}” is off now" for name in names
            ]
            sentences.append(", ".join(told) + ".")
        elif action["do"] == "remove":
            sentences.append("All adjustments are off." if action["target"] == "all" else f"“{action['target']}” is off.")
    return sentences + wishes(result.effects)


def wishes(effects: Sequence[wire.Effect]) -> list[str]:
    """What each wish did, in plain words."""
    sentences = []
    done = [effect for effect in effects if effect.verdict == "done"]
    if done:
        sentences.append(f"Done: {quoted([effect.prompt for effect in done])}.")
    replaced = [prompt for effect in effects for prompt in effect.replaced]
    if replaced:
        sentences.append(f"It takes the place of {quoted(replaced)}.")
    for effect in effects:
        if effect.verdict == "weak":
            sentences.append(f"“{effect.prompt}” shows only a little: this model can hardly do it on this picture.")
        elif effect.verdict == "refused":
            sentences.append(_refusal(effect))
        if "region-ignored" in effect.notes:
            sentences.append("I cannot keep an edit to one region yet, so it may show elsewhere too.")
    return sentences


def _refusal(effect: wire.Effect) -> str:
    if effect.satisfied:
        return f"The picture already shows “{effect.prompt}”, so I left it as it is."
    near = f" I can do, for example, {quoted(effect.nearest)}." if effect.nearest else ""
    if "not-here" in effect.notes:  # pink hair for a bald head
        return f"“{effect.prompt}” would not show on this picture, so I left it as it is.{near}"
    return f"Nothing in this model answers to “{effect.prompt}”, so I left the picture as it is.{near}"


def describe(edit: Edit) -> str:
    """An edit by the adjustments in force at it."""
    if edit.number == 0:
        return "the original"
    parts = [r["prompt"] if abs(r["strength"] - 1) < 0.01 else f"{r['prompt']} {percent(r['strength'])}" for r in edit.recipes]
    return ", ".join(parts) or "no adjustments"


def history(edits: Sequence[Edit], head: Edit) -> str:
    """All edits of a picture, a line each."""
    rows = [f"{e.number}. {describe(e)}{'  ← you are here' if e.id == head.id else ''}" for e in edits]
    return "\n".join(rows) + "\nSay “go to 1” to jump."


def adjustments(head: Edit) -> str:
    """The adjustments in force, with strengths."""
    if not head.recipes:
        return "No adjustments are in force: this is the picture as you sent it."
    return "In force: " + ", ".join(f"“{r['prompt']}” at {percent(r['strength'])}" for r in head.recipes) + "."


def variations(made: Sequence[Edit]) -> str:
    """After variations."""
    numbers = ", ".join(str(edit.number) for edit in made)
    return f"Here are some variations (edits {numbers}). Say “go to {made[0].number}” to continue from one."


def help_text(examples: Sequence[str]) -> str:
    """What can be said."""
    hint = f" I know for example {quoted(examples[:8])}." if examples else ""
    return (
        f"Send me a portrait and tell me what to change.{hint} Then go on: “now less”, “more”, “undo”, “without changing "
        "the hair”, “back to the original”, “show the history”, “some variations”."
    )


def alt(edit: Edit) -> str:
    """Alternative text of an edit's picture."""
    return "The original picture" if edit.number == 0 else f"The picture edited: {describe(edit)}"
