"""A request as it is stored while it is being answered, so that a restarted bot can finish it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from bot.conversation.messages import TalkRequest
from bot.language.actions import from_json, to_json
from editor.api import protocol as wire
from storage.records import Edit


@dataclass(frozen=True)
class Checkpoint:
    """A request without its picture.

    Attributes:
        request: The request; its ``bundle`` is decided, its ``picture`` and raw ``mask`` are left out.
        locale: Code of the language to answer in.
        mask: The checked mask.
    """

    request: TalkRequest
    locale: str
    mask: wire.PictureData | None = None

    @property
    def kept(self) -> bool:
        """Whether the front end stores the message as well and repeats it after a restart."""
        return self.request.key is not None

    def row(self, head: Edit | None) -> dict[str, Any]:
        """Return it as JSON, together with the edit that it starts from."""
        request = self.request
        values = asdict(replace(request, picture=None, mask=None, actions=None))
        del values["picture"], values["key"]
        actions = None if request.actions is None else [to_json(action) for action in request.actions]
        mask = None if self.mask is None else self.mask.model_dump(mode="json")
        base = {"base": head.id, "since": head.created_at.isoformat()} if head else {"base": None}
        return values | {"actions": actions, "mask": mask, "locale": self.locale, "kept": self.kept} | base

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read what `row` wrote; rows of older versions lack some fields.

        Raises:
            KeyError: A field that every version wrote is missing.
            ValueError: An action is unknown.
        """
        actions, box = row["actions"], row.get("box")
        request = TalkRequest(
            text=row["text"],
            reply_to=row["reply_to"],
            fresh=bool(row.get("fresh")),
            actions=None if actions is None else tuple(from_json(action) for action in actions),
            key="" if row["kept"] else None,
            hidden=bool(row.get("hidden")),
            bundle=row.get("bundle"),
            quality=row.get("quality"),
            box=None if box is None else tuple(box),
        )
        mask = wire.PictureData.model_validate(row["mask"]) if row.get("mask") else None
        return cls(request, row["locale"], mask)
