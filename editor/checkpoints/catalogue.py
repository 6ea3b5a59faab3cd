"""The published models that can be pulled, from ``catalogue.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published model.

    Attributes:
        kind: what ``python -m editor import`` calls it.
        about: size in megabytes.
        size: exact size in bytes, if the publisher states it.
        sha256: hash of the content, if the publisher states it.
        git: name of the content's blob in the publisher's git repository, if it is there.
        optional: the model works without this file.
    """

    kind: str
    what: str
    file: str
    address: str
    about: float
    licence: str
    size: int | None = None
    sha256: str | None = None
    git: str | None = None
    optional: bool = False

    @property
    def max_size(self) -> int:
        """Bytes that a download may have at most, whatever the server states."""
        return self.size or int(2 * self.about * MEGABYTE)

    @property
    def has_hash(self) -> bool:
        """Whether the publisher states a hash."""
        return self.sha256 is not None or self.git is not None


@dataclass(frozen=True)
class PublishedModel:
    """A bundle that can be pulled: its description, and its files in the order of their import."""

    title: str
    domain: str
    neutral: list[str]
    parts: tuple[PublishedFile, ...]
    alignment: str = "square"

    @property
    def licence(self) -> str:
        """Licences of all parts."""
        return "; ".join(dict.fromkeys(f"{part.what.split(' (')[0]}: {part.licence}" for part in self.parts))


@cache
def catalogue() -> dict[str, PublishedModel]:
    """Load all models, by name."""
    data = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    files = {name: PublishedFile(**fields) for name, fields in data.pop("parts").items()}
    return {
        name: PublishedModel(**entry | {"parts": tuple(files[part] for part in entry["parts"])})
        for name, entry in data.items()
    }
