"""The faces of a picture: which are editable, which are addressed, and which adjustments each one has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bot.conversation.conversion import FACE, stored_adjustment, wire_adjustment, wire_inversion
from bot.language import actions
from editor.api import protocol as wire
from storage import records

MIDDLE = 0
"""The place of the face in the middle; others count from 1 from the left, and from -1 from the right."""


@dataclass(frozen=True)
class Faces:
    """The faces of a stored picture, numbered from the left; a picture without detected faces has only number
    0.

    Attributes:
        source: The picture.
        inversions: By face number.
        layers: Adjustments in force by face number, oldest first.
        chosen: Numbers of the faces that changes apply to.
        count: How many faces were detected.
        hidden: The picture is a spoiler.
    """

    source: records.Source
    inversions: dict[int, wire.Inversion]
    layers: dict[int, tuple[wire.Adjustment, ...]]
    chosen: tuple[int, ...]
    count: int = 0
    hidden: bool = False

    @classmethod
    def of(
        cls, source: records.Source, others: Iterable[records.Face], layers: Sequence[records.Adjustment]
    ) -> Self:
        """Build it from a stored picture, its further faces and the adjustments of one of its edits."""
        first = source.details.get(FACE) or 0
        stored = [records.Face(first, source.latent, source.details, source.tuning), *others]
        by_face: dict[int, tuple[wire.Adjustment, ...]] = {}
        for layer in layers:
            number = layer.recipe.get(FACE, first)
            by_face[number] = (*by_face.get(number, ()), wire_adjustment(layer))
        inversions = {face.number: wire_inversion(source, face) for face in stored}
        remembered = source.details.get("chosen", [first])
        chosen = tuple(number for number in remembered if number in inversions) or (first,)
        count, hidden = source.details.get("faces", 0), bool(source.details.get("hidden"))
        return cls(source, inversions, by_face, chosen, count, hidden)

    @property
    def in_force(self) -> list[wire.Adjustment]:
        """The adjustments of the chosen faces, oldest first."""
        return [layer for number in self.chosen for layer in self.layers.get(number, ())]

    def all_in_force(self, message: Iterable[actions.Action]) -> list[wire.Adjustment]:
        """Return the adjustments of all faces; those of faces that the message names come last."""
        places = [action.place for action in message if isinstance(action, actions.Face)]
        named = {number for place in places for number in numbers_of(place, self.count)}
        order = sorted(self.layers, key=lambda number: (number in named, number))
        return [layer for number in order for layer in self.layers[number]]

    def request(self, number: int, picture: bytes) -> wire.EditRequest:
        """Return an edit of one face of the picture with these bytes; the other faces stay as they are."""
        others = tuple(
            wire.OtherFace(inversion=self.inversions[other], adjustments=layers)
            for other, layers in sorted(self.layers.items())
            if other != number and layers
        )
        return wire.EditRequest(
            picture=picture,
            inversion=self.inversions[number],
            adjustments=self.layers.get(number, ()),
            other_faces=others,
        )

    def with_layers(self, number: int, layers: Sequence[wire.Adjustment]) -> Self:
        """Return a copy in which one face has these adjustments."""
        return replace(self, layers=self.layers | {number: tuple(layers)})

    def stored(self) -> list[records.Adjustment]:
        """Return all adjustments in force, for storage."""
        several = self.count > 1
        return [
            stored_adjustment(layer, number if several else None)
            for number, layers in sorted(self.layers.items())
            for layer in layers
        ]


def numbers_of(place: int | None, faces: int) -> Sequence[int]:
    """The faces, from 0 at the left, that a place names among so many; none if there is no such face."""
    if place is None:
        return range(faces)
    number = (faces - 1) // 2 if place == MIDDLE else place - 1 if place > 0 else faces + place
    return [number] if 0 <= number < faces else []
