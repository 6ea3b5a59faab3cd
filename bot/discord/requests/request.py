"""What a member asked for: plain data that is kept in the inbox, so that another life of the bot can answer it.

Whether it came by a message, a slash command, a button or a menu makes no difference once it is an ``Asking``. All that
an answer needs is in it: which job to do, on which picture, and where the answer goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from editor.api.protocol import Quality

PLATFORM = "discord"
MOST_PICTURES = 4
"""Pictures of one message that are worked on; each gets an answer of its own."""

IDLE = {"undo", "redo", "goto", "reset", "show", "ask", "forget"}
"""Actions that only look at pictures which are there, or delete them."""

Kind = Literal["talk", "animate", "compare", "forget", "train"]
Ack = Literal["message", "private", "public", "silent"]
"""How it was acknowledged: not at all, because it is a message; "thinking…" seen by the asker alone, or by all; or without
a trace, as presses of buttons are."""


@dataclass(frozen=True)
class Upload:
    """A picture on Discord's CDN, as Discord describes it; ``size`` in bytes."""

    url: str
    filename: str
    size: int
    content_type: str | None = None
    spoiler: bool = False


@dataclass(frozen=True)
class Asking:
    """One wish. ``key`` names it for good; ids are Discord's, as text."""

    key: str
    user: str
    place: str
    """The channel whose conversation is meant."""
    server: str | None = None
    owner: str | None = None
    """Whose pictures it is about where that is not the asker: others may press buttons if a server allows it."""
    kind: Kind = "talk"
    text: str = ""
    actions: tuple[dict[str, Any], ...] | None = None
    """What a button or menu means; None where ``text`` has to be read."""
    reply_to: int | None = None
    """The edit to go on from."""
    uploads: tuple[Upload, ...] = ()
    quality: Quality | None = None
    """How closely a new picture is taken up, where the member chose."""
    locale: str | None = None
    """The member's Discord locale, where Discord tells it."""
    ack: Ack = "message"
    member: bool = True
    """Whether the bot may write into the channel itself; otherwise only the interaction's token can."""
    reference: str | None = None
    """The message that the answer replies to."""
    heading: str = ""
    """A line above the answer where no reply shows what was asked."""
    token: str | None = None
    """The interaction's, valid for 15 minutes."""
    limit: int = 10 * 1024 * 1024
    """Bytes of one upload here."""
    age_restricted: bool = False
    roles: tuple[str, ...] = ()
    moderator: bool = False
    parent: str | None = None
    """The channel of a thread."""
    heard: bool = True
    """Whether all that it takes is known; a message that nobody listened to yet is looked up again after a restart."""

    shown: Mapping[str, str] = field(default_factory=dict)
    """Messages that an earlier life of the bot left as unfinished answers, by the key of the asking or of its part."""

    @property
    def way(self) -> str:
        """The way it came in, for figures."""
        if self.ack == "message":
            return "direct" if self.server is None else "message"
        return "press" if self.ack == "silent" else "command"

    @property
    def number(self) -> int:
        """The id of the message or interaction; it tells when it was asked."""
        return int(self.key.partition(":")[2].partition("/")[0])

    @property
    def spoiler(self) -> bool:
        """Whether a picture that was sent along is hidden until it is clicked."""
        return any(upload.spoiler for upload in self.uploads)

    def parts(self) -> list[Self]:
        """One asking for each picture, with keys of their own; the first keeps the key."""
        if len(self.uploads) < 2:
            return [self]
        uploads = self.uploads[:MOST_PICTURES]
        keys = [self.key, *(f"{self.key}/{number}" for number in range(1, len(uploads)))]
        return [replace(self, key=key, uploads=(upload,)) for key, upload in zip(keys, uploads, strict=True)]

    def nonce(self, attempt: int = 0) -> str:
        """At most 25 characters, the same for the same asking, so that Discord shows a message sent twice only once."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:24] + str(attempt % 10)

    @property
    def counts(self) -> bool:
        """Whether it takes work of the editor, and so counts for quotas; moving about in the history does not."""
        return self.actions is None or any(action["do"] not in IDLE for action in self.actions)

    def payload(self) -> dict[str, Any]:
        """As JSON, for the inbox."""
        return asdict(self) | {"counts": self.counts}

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Self:
        """Back from the inbox."""
        fields = {name: value for name, value in payload.items() if name not in ("counts", "cancelled")}
        fields["uploads"] = tuple(Upload(**upload) for upload in fields.get("uploads", ()))
        fields["roles"] = tuple(fields.get("roles", ()))
        fields["actions"] = None if fields.get("actions") is None else tuple(fields["actions"])
        return cls(**fields)


def one(action: str, **values: Any) -> tuple[dict[str, Any], ...]:
    """The actions of a button or command that asks for one thing."""
    return ({"do": action, **values},)
