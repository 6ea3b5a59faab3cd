"""What leaves the history: plain frozen dataclasses, made from rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from storage.blobs import BlobName


@dataclass(frozen=True)
class Array:
    """A dense array as bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Adjustment:
    """One layer in force: its recipe as plain data, and its StyleSpace delta at strength 1."""

    recipe: dict[str, Any]
    delta: Array


@dataclass(frozen=True)
class Conversation:
    """One user in one place; ``head`` is the id of the edit shown now, None before the first picture."""

    id: int
    user: int
    place: str
    head: int | None
    server: str | None = None


@dataclass(frozen=True)
class NewSource:
    """A picture made editable, before it is stored; the fields are those of ``Source``."""

    picture: Picture
    bundle: str
    fingerprint: str
    latent: Array
    details: dict[str, Any]
    tuning: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Source:
    """A picture made editable.

    Attributes:
        blob: Where the bytes of the picture are.
        fingerprint: Identifies the bundle's generator.
        latent: The latent code in W+.
        details: Geometry and fidelity of the inversion, as plain data.
        tuning: The changed weights of the generator, if the picture has its own (pivotal tuning).
    """

    id: int
    picture: int
    blob: BlobName
    bundle: str
    fingerprint: str
    latent: Array
    details: dict[str, Any]
    tuning: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Face:
    """Another face of a picture made editable; ``number`` counts from the left, starting at 0."""

    number: int
    latent: Array
    details: dict[str, Any]
    tuning: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Edit:
    """One node of the edit tree, without the picture and the deltas."""

    id: int
    conversation: int
    source: int
    number: int
    parent: int | None
    text: str
    picture: int
    recipes: tuple[dict[str, Any], ...]
    effects: tuple[dict[str, Any], ...]
    created_at: datetime


@dataclass(frozen=True)
class OutsideMessage:
    """A message of a front end; ``place`` is None if it is unknown."""

    platform: str
    id: str
    place: str | None


def edit_from(row: Row[Any]) -> Edit:
    """The record of an edit's row."""
    return Edit(
        id=row.id,
        conversation=row.conversation_id,
        source=row.source_id,
        number=row.number,
        parent=row.parent_id,
        text=row.text,
        picture=row.picture_id,
        recipes=tuple(recipe_of(entry) for entry in row.adjustments),
        effects=tuple(row.effects),
        created_at=row.created_at,
    )


def recipe_of(entry: dict[str, Any]) -> dict[str, Any]:
    """The recipe of an adjustment as an edit stores it: without the hash of its delta."""
    return {name: value for name, value in entry.items() if name != "delta"}


def latent_from(row: Row[Any]) -> Array:
    """The latent code of a source or a face."""
    return Array(row.latent_dtype, tuple(row.latent_shape), row.latent)
