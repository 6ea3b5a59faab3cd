"""A member's request as plain data, kept in the inbox so that the bot can still answer it after a restart.

A message, a slash command, a button and a menu all become the same ``Request``. It holds everything that an
answer needs: what to do, with which picture, and where to send the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self

from bot.language.actions import Action, Answer, Ask, Goto, Redo, Reset, Show, Undo, from_json, to_json
from editor.api.protocol import Quality

PLATFORM = "discord"  # the name of this front end in the database
MAX_PICTURES = 4  # pictures of one message that are edited; each gets its own answer
WITHOUT_EDITOR = (Undo, Redo, Goto, Reset, Show, Ask, Answer)  # actions that only show existing pictures

Kind = Literal["talk", "animate", "compare", "forget", "train"]
Acknowledgement = Literal["message", "private", "public", "silent"]
"""How Discord was told that the request arrived: "message": not at all, messages need none; "private" and
"public": with "thinking…", seen by the requester or by everybody; "silent": invisibly, as for buttons."""

_OLD_NAMES = {
    "ack": "acknowledgement",
    "heard": "complete",
    "limit": "upload_limit",
    "member": "can_write",
    "shown": "unfinished",
}
"""Fields as earlier versions stored them in the inbox."""


@dataclass(frozen=True)
class Upload:
    """A picture on Discord's servers, as Discord describes it; ``size`` in bytes."""

    url: str
    filename: str
    size: int
    content_type: str | None = None
    spoiler: bool = False


@dataclass(frozen=True)
class Request:
    """One request of a member. ``key`` is unique for good; ids are Discord's, as text."""

    key: str
    user: str
    place: str  # the channel, thread or direct conversation whose history is meant
    server: str | None = None
    owner: str | None = None
    """Who owns the picture, if not ``user``: a server may let others press its buttons."""
    kind: Kind = "talk"
    text: str = ""
    actions: tuple[Action, ...] | None = None
    """What a button, menu or command means; None if ``text`` has to be interpreted."""
    reply_to: int | None = None  # the edit to continue from
    uploads: tuple[Upload, ...] = ()
    quality: Quality | None = None  # the inversion quality of a new picture, if the member chose one
    minutes: float | None = None  # how long to train, for the kind "train"
    locale: str | None = None  # the language of the member's Discord, if known
    acknowledgement: Acknowledgement = "message"
    can_write: bool = True
    """Whether the bot may post in the channel; otherwise only the interaction's token can."""
    reference: str | None = None  # the message that the answer replies to
    heading: str = ""  # a line above the answer that repeats the request if no reply shows it
    token: str | None = None  # the interaction's token, valid for 15 minutes
    upload_limit: int = 10 * 1024 * 1024  # bytes of the largest file that may be posted here
    age_restricted: bool = False
    roles: tuple[str, ...] = ()
    moderator: bool = False
    parent: str | None = None  # the channel that a thread belongs to
    complete: bool = True
    """False until the message is read in full; after a restart an incomplete one is fetched again."""
    unfinished: Mapping[str, str] = field(default_factory=dict)
    """Messages that show an unfinished answer, by the key of the request or of one of its ``split`` parts."""

    @property
    def origin(self) -> str:
        """How the request arrived, as a label for metrics."""
        if self.acknowledgement == "message":
            return "direct" if self.server is None else "message"
        return "press" if self.acknowledgement == "silent" else "command"

    @property
    def number(self) -> int:
        """The id of the message or interaction, which also encodes its time."""
        return int(self.key.partition(":")[2].partition("/")[0])

    @property
    def spoiler(self) -> bool:
        """Whether an uploaded picture is hidden until clicked."""
        return any(upload.spoiler for upload in self.uploads)

    @property
    def needs_editor(self) -> bool:
        """Whether the editor has to work, so that the request counts towards quotas."""
        if self.kind == "forget":
            return False
        return self.actions is None or any(not isinstance(a, WITHOUT_EDITOR) for a in self.actions)

    def split(self) -> list[Self]:
        """One request for each picture, with its own key; the first keeps this key."""
        return [
            replace(self, key=f"{self.key}/{number}" if number else self.key, uploads=(upload,))
            for number, upload in enumerate(self.uploads[:MAX_PICTURES])
        ] or [self]

    def nonce(self, attempt: int = 0) -> str:
        """A stable name of at most 25 characters, by which Discord drops a message that is sent twice."""
        return hashlib.sha256(self.key.encode()).hexdigest()[:24] + str(attempt % 10)

    @property
    def tag(self) -> str:
        """The start of the file names of the answer, by which a restarted bot finds it."""
        return f"edit-{self.nonce()[:8]}"

    def to_payload(self) -> dict[str, Any]:
        """The request as JSON for the inbox."""
        actions = None if self.actions is None else [to_json(action) for action in self.actions]
        return asdict(self) | {"actions": actions, "counts": self.needs_editor}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """The request from the inbox's JSON, also as earlier versions wrote it."""
        values = {_OLD_NAMES.get(name, name): value for name, value in payload.items()}
        values = {one.name: values[one.name] for one in fields(cls) if one.name in values}
        values["uploads"] = tuple(Upload(**upload) for upload in values.get("uploads", ()))
        values["roles"] = tuple(values.get("roles", ()))
        actions = values.pop("actions", None)
        if actions is not None and values.get("kind") == "train":  # earlier versions kept the minutes there
            values["minutes"] = actions[0]["minutes"]
        elif actions is not None and values.get("kind") != "forget":
            values["actions"] = tuple(from_json(action) for action in actions)
        return cls(**values)
