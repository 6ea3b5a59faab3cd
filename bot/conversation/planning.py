"""From actions to the editor's requests: which actions make one job, and what they do to the adjustments."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language.actions import ALL, Action, Add, Remove, Scale, Set
from editor.api import protocol as wire
from editor.api.strength import MAX_STRENGTH, max_strength

LEAST_STRENGTH = 0.05
"""A weaker adjustment is removed."""
MAX_PROMPT = 300
"""Characters that the editor accepts as a prompt."""

EditAction = Add | Scale | Set | Remove


def steps_of(actions: Sequence[Action]) -> list[list[Action]]:
    """Group neighbouring changes into steps of one job each; every other action is a step of its own.

    An action whose target was added within the current step starts a new step.
    """
    steps: list[list[Action]] = []
    added: set[str] = set()
    for action in actions:
        joins = bool(steps) and isinstance(steps[-1][-1], EditAction) and isinstance(action, EditAction)
        if not joins or (isinstance(action, Scale | Set | Remove) and action.target in added):
            steps.append([])
            added = set()
        if isinstance(action, Add):
            added.add(action.prompt)
        steps[-1].append(action)
    return steps


def strengths_after(layers: Sequence[wire.Adjustment], action: Scale | Set | Remove) -> list[wire.Adjustment]:
    """Return the adjustments after a change of strength; if several have the target's prompt, the newest."""
    matching = [number for number, layer in enumerate(layers) if layer.prompt == action.target][-1:]
    result = list(layers)
    for number in range(len(layers)) if action.target == ALL else matching:
        old, most = result[number].strength, max_strength(result[number].most)
        match action:
            case Scale(factor=factor):
                new = old * factor
            case Set(strength=strength):
                new = strength
            case Remove():
                new = 0.0
        result[number] = result[number].model_copy(update={"strength": round(max(-most, min(most, new)), 4)})
    return [layer for layer in result if abs(layer.strength) >= LEAST_STRENGTH]


def changes_for(actions: Sequence[Action], layers: Sequence[wire.Adjustment]) -> list[EditAction]:
    """Return the changes that concern a face with these adjustments: new ones, and those of its own."""
    targets = {layer.prompt for layer in layers} | ({ALL} if layers else set())
    return [
        action
        for action in actions
        if isinstance(action, Add) or (isinstance(action, Scale | Set | Remove) and action.target in targets)
    ]


def repeated(
    changes: Sequence[EditAction], layers: Sequence[wire.Adjustment]
) -> dict[EditAction, wire.Adjustment]:
    """Return the additions that ask for no more than an adjustment in force, each with that adjustment."""
    return {
        change: layer
        for change in changes
        for layer in layers
        if isinstance(change, Add) and change.method is None and _covers(layer, change)
    }


def _covers(layer: wire.Adjustment, change: Add) -> bool:
    enough = layer.strength == change.strength or layer.strength > change.strength == 1.0
    same = layer.prompt == change.prompt and layer.region == change.region and layer.mask is None
    return same and enough and set(change.keep) <= set(layer.keep)


def edit_request(
    request: wire.EditRequest, changes: Sequence[EditAction], mask: wire.PictureData | None
) -> wire.EditRequest:
    """Return the request with changes: new strengths, and additions for the editor to compute."""
    layers = list(request.adjustments)
    for change in changes:
        if not isinstance(change, Add):
            layers = strengths_after(layers, change)
    additions = tuple(change_of(change, mask) for change in changes if isinstance(change, Add))
    return request.model_copy(
        update={"kind": "edit" if additions else "render", "adjustments": tuple(layers), "changes": additions}
    )


def change_of(action: Add, mask: wire.PictureData | None) -> wire.Change:
    """Convert an Add action into the editor's wire format."""
    return wire.Change(
        prompt=action.prompt[:MAX_PROMPT],
        said=action.said[:MAX_PROMPT] if action.said else None,
        strength=max(-MAX_STRENGTH, min(MAX_STRENGTH, action.strength)),
        region=action.region,
        mask=mask,
        keep=action.keep,
        method=action.method,
    )


def addition_of(layer: wire.Adjustment) -> Add:
    """Return the action that asks for an adjustment in force again, for another picture."""
    return Add(layer.prompt, layer.strength, layer.region, layer.keep, said=layer.said)
