"""The published models that can be pulled, from ``catalogue.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Published:
    """One file. ``about`` is in megabytes; ``size`` in bytes, ``sha256`` and ``git`` (the name of its blob in a git
    repository) are None where its publisher does not state them. A model can be used without an ``optional`` part."""

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
    def most(self) -> int:
        """Bytes that the file may have at most, whatever a server says."""
        return self.size or int(2 * self.about * MEGABYTE)

    @property
    def is_known(self) -> bool:
        """Does its publisher state a hash?"""
        return self.sha256 is not None or self.git is not None


@dataclass(frozen=True)
class Model:
    """A bundle that can be pulled: what is said of it, and its files in the order in which they are imported."""

    name: str
    title: str
    domain: str
    neutral: tuple[str, ...]
    alignment: str
    parts: tuple[Published, ...]

    @property
    def licence(self) -> str:
        """Of all parts."""
        return "; ".join(dict.fromkeys(f"{part.what.split(' (')[0]}: {part.licence}" for part in self.parts))


@cache
def catalogue() -> dict[str, Model]:
    """All models by name."""
    data: dict[str, Any] = tomllib.loads(
        Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    )
    parts = {name: Published(**fields) for name, fields in data.pop("parts").items()}
    return {
        name: Model(
            name,
            entry["title"],
            entry["domain"],
            tuple(entry["neutral"]),
            entry.get("alignment", "square"),
            tuple(parts[part] for part in entry["parts"]),
        )
        for name, entry in data.items()
    }
