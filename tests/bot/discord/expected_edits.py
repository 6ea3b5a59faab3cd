"""The edits that a simulated member expects the bot to have stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Layers = tuple[tuple[str, float], ...]
"""The requests in force, each with its strength."""


@dataclass(eq=False)
class ExpectedEdit:
    """One edit as its member knows it. ``layers`` are None if no answer told them."""

    number: int
    parent: ExpectedEdit | None
    layers: Layers | None = ()
    message: Json | None = None


@dataclass
class ExpectedPicture:
    """One picture and all its edits."""

    picture: bytes
    edits: list[ExpectedEdit] = field(default_factory=list)

    @property
    def next(self) -> int:
        """The number that the next edit gets."""
        return max((edit.number for edit in self.edits), default=-1) + 1

    def add(self, parent: ExpectedEdit | None, layers: Layers | None) -> ExpectedEdit:
        """Add the next edit."""
        edit = ExpectedEdit(self.next, parent, layers)
        self.edits.append(edit)
        return edit

    def remove(self, edit: ExpectedEdit) -> None:
        """Delete an edit; its children get its parent."""
        self.edits.remove(edit)
        for other in self.edits:
            if other.parent is edit:
                other.parent = edit.parent

    def shape(self) -> list[tuple[int, int | None, Layers | None]]:
        """Number, parent and adjustments of each edit, for comparing with the database."""
        return [
            (edit.number, edit.parent.number if edit.parent else None, edit.layers) for edit in self.edits
        ]
