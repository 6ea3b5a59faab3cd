"""Conversions between the editor's protocol and what storage keeps."""

from __future__ import annotations

from typing import Any

from editor.api import protocol as wire
from storage import records

FACE = "face"
"""Key of a stored recipe: the number of the face it belongs to, in pictures with several faces."""


def stored_picture(data: wire.PictureData) -> records.Picture:
    """Convert a picture of the editor."""
    return records.Picture(data.data, data.media_type, data.width, data.height)


def wire_array(array: records.Array) -> wire.Array:
    """Convert a stored array."""
    return wire.Array.model_validate({"dtype": array.dtype, "shape": array.shape, "data": array.data})


def stored_array(array: wire.Array) -> records.Array:
    """Convert an array of the editor."""
    return records.Array(array.dtype, array.shape, array.data)


def wire_adjustment(stored: records.Adjustment) -> wire.Adjustment:
    """Convert a stored adjustment."""
    recipe = {key: value for key, value in stored.recipe.items() if key != FACE}
    return wire.Adjustment.model_validate(recipe | {"delta": wire_array(stored.delta)})


def stored_adjustment(adjustment: wire.Adjustment, face: int | None = None) -> records.Adjustment:
    """Convert an adjustment of the editor; ``face`` is its face's number in pictures with several faces."""
    recipe = adjustment.model_dump(mode="json", exclude={"delta"})
    if face is not None:
        recipe[FACE] = face
    return records.Adjustment(recipe, stored_array(adjustment.delta))


def inversion_details(result: wire.InvertResult) -> dict[str, Any]:
    """Return what storage keeps of an inversion as plain data, besides its latent and tuning."""
    made = result.inversion
    details: dict[str, Any] = {"geometry": made.geometry.model_dump(), "fidelity": made.fidelity.model_dump()}
    return details | ({FACE: result.face, "faces": result.faces} if result.face is not None else {})


def wire_inversion(source: records.Source, face: records.Face) -> wire.Inversion:
    """Convert the stored inversion of one face of a picture."""
    latent = wire.Latent(bundle=source.bundle, fingerprint=source.fingerprint, w=wire_array(face.latent))
    details = {name: face.details[name] for name in ("geometry", "fidelity")}
    return wire.Inversion(latent=latent, tuning=face.tuning, **details)
