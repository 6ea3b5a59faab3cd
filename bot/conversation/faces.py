"""The faces of a picture: which of them are made editable, which are spoken of, and what is in force on each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bot.language.faces import numbers_of
from editor.api import protocol as wire
from storage import history

FACE = "face"
"""Key of a stored recipe: the number of the face that it is about, where its picture has several."""


@dataclass(frozen=True)
class Faces:
    """The faces of a stored picture by number, 0 the first from the left (a picture in which none are told apart has just 0).

    ``source``: the picture. ``count``: how many were found in it, 0 where none were looked for. ``chosen``: those that are spoken
    of. ``hidden``: the picture came covered.
    """

    source: history.Source
    inversions: dict[int, wire.Inversion]
    layers: dict[int, tuple[wire.Adjustment, ...]]
    chosen: tuple[int, ...]
    count: int = 0
    hidden: bool = False

    @classmethod
    def of(
        cls, source: history.Source, others: Iterable[history.Face], layers: Sequence[history.Adjustment]
    ) -> Self:
        """From what is stored of a picture and of one of its edits."""
        first = source.details.get(FACE) or 0
        stored = [history.Face(first, source.latent, source.details, source.tuning), *others]
        by_face: dict[int, tuple[wire.Adjustment, ...]] = {}
        for layer in layers:
            number = layer.recipe.get(FACE, first)
            by_face[number] = (*by_face.get(number, ()), adjustment_of(layer))
        inversions = {face.number: _inversion(source, face) for face in stored}
        chosen = tuple(
            number for number in source.details.get("chosen", [first]) if number in inversions
        ) or (first,)
        count, hidden = source.details.get("faces", 0), bool(source.details.get("hidden"))
        return cls(source, inversions, by_face, chosen, count, hidden)

    @property
    def spoken_of(self) -> list[wire.Adjustment]:
        """The adjustments in force on the chosen faces, oldest first."""
        return [layer for number in self.chosen for layer in self.layers.get(number, ())]

    def everything(self, actions: Iterable[dict[str, Any]]) -> list[wire.Adjustment]:
        """The adjustments in force on all faces, those that the last of these actions names last."""
        named = [
            number
            for action in actions
            if action["do"] == FACE
            for number in numbers_of(action["place"], self.count)
        ]
        order = sorted(self.layers, key=lambda number: (number in named, number))
        return [layer for number in order for layer in self.layers[number]]

    def request(self, number: int, picture: bytes) -> wire.EditRequest:
        """An edit of one face of the picture, whose bytes these are; the others stay as they are."""
        beside = tuple(
            wire.OtherFace(inversion=self.inversions[other], adjustments=layers)
            for other, layers in sorted(self.layers.items())
            if other != number and layers
        )
        return wire.EditRequest(
            picture=picture,
            inversion=self.inversions[number],
            adjustments=self.layers.get(number, ()),
            other_faces=beside,
        )

    def with_layers(self, number: int, layers: Sequence[wire.Adjustment]) -> Self:
        """The same after a change of one face."""
        return replace(self, layers=self.layers | {number: tuple(layers)})

    def stored(self) -> list[history.Adjustment]:
        """All adjustments in force, for storage."""
        several = self.count > 1
        return [
            stored_of(layer, number if several else None)
            for number, layers in sorted(self.layers.items())
            for layer in layers
        ]


def _inversion(source: history.Source, face: history.Face) -> wire.Inversion:
    latent = wire.Latent(bundle=source.bundle, fingerprint=source.fingerprint, w=to_wire(face.latent))
    details = {name: face.details[name] for name in ("geometry", "fidelity")}
    return wire.Inversion(latent=latent, tuning=face.tuning, **details)


def details_of(result: wire.InvertResult) -> dict[str, Any]:
    """What is kept of an inversion beside its latent and tuning."""
    made = result.inversion
    details: dict[str, Any] = {"geometry": made.geometry.model_dump(), "fidelity": made.fidelity.model_dump()}
    return details | ({FACE: result.face, "faces": result.faces} if result.face is not None else {})


def to_wire(array: history.Array) -> wire.Array:
    """A stored array for the editor."""
    return wire.Array.model_validate({"dtype": array.dtype, "shape": array.shape, "data": array.data})


def from_wire(array: wire.Array) -> history.Array:
    """An array of the editor for storage."""
    return history.Array(array.dtype, array.shape, array.data)


def adjustment_of(stored: history.Adjustment) -> wire.Adjustment:
    """A stored adjustment for the editor."""
    recipe = {key: value for key, value in stored.recipe.items() if key != FACE}
    return wire.Adjustment.model_validate(recipe | {"delta": to_wire(stored.delta)})


def stored_of(adjustment: wire.Adjustment, number: int | None = None) -> history.Adjustment:
    """An adjustment of the editor, of one face where there are several, for storage."""
    recipe = adjustment.model_dump(mode="json", exclude={"delta"}) | (
        {FACE: number} if number is not None else {}
    )
    return history.Adjustment(recipe, from_wire(adjustment.delta))
