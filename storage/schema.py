"""The tables.

A user's rows refer to the user by cascading keys, so that deleting the user deletes all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={  # migrations need explicit names on SQLite
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets zones."""

    impl, cache_ok = DateTime(timezone=True), True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored time with its zone."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Words(TypeDecorator[str]):
    """Text of users, without the character NUL, which PostgreSQL cannot store."""

    impl, cache_ok = Text, True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text to store."""
        return value.replace("\0", "") if value is not None else None


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _text(name: str, size: int, **options: Any) -> Column[str]:
    return Column(name, String(size), **{"nullable": False} | options)


def _json(name: str) -> Column[Any]:
    return Column(name, JSON, nullable=False)


def _key(target: str, *, index: bool = False) -> Column[int]:
    """A key of the row that this one is deleted with."""
    return Column(
        f"{target}_id", ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=False, index=index or None
    )


def _created() -> Column[datetime]:
    return Column("created_at", Moment, nullable=False, default=now)


def _inversion() -> tuple[Column[Any], ...]:
    """What is stored of an inverted face: latent, tuned generator weights (if any), geometry and fidelity."""
    return (
        _text("latent_dtype", 16),
        _json("latent_shape"),
        Column("latent", LargeBinary, nullable=False),
        Column("tuning", LargeBinary),
        _json("details"),
    )


USERS = Table(
    "user",
    METADATA,
    _id(),
    _text("platform", 40),
    _text("outside_id", 100),
    _text("locale", 20, nullable=True),
    Column("consented_at", Moment),
    _created(),
    UniqueConstraint("platform", "outside_id"),
)

PICTURES = Table(  # files of users, named by their SHA-256
    "picture",
    METADATA,
    _id(),
    _key("user"),
    _text("sha256", 64),
    _text("media_type", 40),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    _created(),
    UniqueConstraint("user_id", "sha256"),
)

CONVERSATIONS = Table(  # one user in one place (of an outside server, if any), with the edit shown now
    "conversation",
    METADATA,
    _id(),
    _key("user"),
    _text("place", 200),
    _text("server", 100, nullable=True, index=True),
    Column(
        "head_id", ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_conversation_head_id")
    ),
    Column("updated_at", Moment, nullable=False, default=now, onupdate=now),
    UniqueConstraint("user_id", "place"),
)

SOURCES = Table(  # pictures made editable
    "source",
    METADATA,
    _id(),
    _key("conversation", index=True),
    _key("picture"),
    _text("bundle", 100),
    _text("fingerprint", 64),
    *_inversion(),
    _created(),
)

FACES = Table(  # further faces of a source; number counts from the left, starting at 0
    "face",
    METADATA,
    _id(),
    _key("source"),
    Column("number", Integer, nullable=False),
    *_inversion(),
    UniqueConstraint("source_id", "number"),
)

DELTAS = Table(  # StyleSpace deltas, each stored once per user however many edits use it
    "delta",
    METADATA,
    _id(),
    _key("user"),
    _text("sha256", 64),
    _text("dtype", 16),
    _json("shape"),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("user_id", "sha256"),
)

EDITS = Table(  # immutable nodes of the edit trees; number 0 is the original picture itself
    "edit",
    METADATA,
    _id(),
    _key("conversation", index=True),
    _key("source"),
    Column("parent_id", ForeignKey("edit.id", ondelete="SET NULL"), index=True),
    Column("redo_id", ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_edit_redo_id")),
    Column("number", Integer, nullable=False),
    Column("text", Words, nullable=False),
    _key("picture"),
    _json("adjustments"),
    _json("effects"),
    _text("job", 64, nullable=True, unique=True, index=True),
    _created(),
    UniqueConstraint("source_id", "number"),
)

LINES = Table(  # what was said about a picture, for front ends that do not keep their messages
    "line",
    METADATA,
    _id(),
    _key("source", index=True),
    _text("author", 10),
    Column("text", Words, nullable=False),
    # the edit that was shown after it
    Column("edit_id", ForeignKey("edit.id", ondelete="SET NULL"), index=True),
    _json("details"),
    _created(),
)

MESSAGES = Table(  # outside messages that show an edit, so that a reply continues from that edit
    "message",
    METADATA,
    _id(),
    _text("platform", 40),
    _text("outside_id", 100),
    _text("place", 100, nullable=True),
    _key("edit", index=True),
    UniqueConstraint("platform", "outside_id"),
)

JOBS = Table(  # change requests under way, so that a bot that was killed finishes them
    "job",
    METADATA,
    _text("id", 64, primary_key=True),
    _key("conversation", index=True),
    _json("request"),
    # how often it was begun: more than once if the bot was killed meanwhile
    Column("attempts", Integer, nullable=False, default=1, server_default="1"),
    _created(),
)

SERVERS = Table(  # outside servers (Discord's guilds) with their settings
    "server",
    METADATA,
    _id(),
    _text("platform", 40),
    _text("outside_id", 100),
    _json("settings"),
    _created(),
    UniqueConstraint("platform", "outside_id"),
)

BLOCKS = Table(  # blocked members; member is an outside id, or its alias once the member was deleted
    "block",
    METADATA,
    _id(),
    _key("server"),
    _text("member", 100),
    Column("until", Moment),
    Column("reason", Words),
    _text("actor", 100),
    _created(),
    UniqueConstraint("server_id", "member"),
)

AUDITS = Table(  # what a moderator did, or the owner of the bot if server_id is null
    "audit",
    METADATA,
    _id(),
    Column("server_id", ForeignKey("server.id", ondelete="CASCADE")),
    _text("platform", 40),
    _text("actor", 100),
    _text("action", 60),
    _text("target", 100, nullable=True),
    Column("reason", Words),
    _json("details"),
    _created(),
    Index(None, "server_id", "id"),
)

INBOX = Table(  # requests from outside by their outside id, so that each is answered once
    "asked",
    METADATA,
    _text("key", 120, primary_key=True),
    _text("platform", 40),
    _text("user", 100),
    _text("server", 100, nullable=True),
    _text("place", 200),
    _json("payload"),
    _created(),
    Column("answered_at", Moment, index=True),
    _text("message", 100, nullable=True),
    # the lock of the process that answers it; if nobody holds the lock, another may claim the request
    _text("holder", 64, nullable=True),
    Index(None, "platform", "user", "created_at"),
)

CURSORS = Table(  # the newest outside message of each place that was read
    "cursor",
    METADATA,
    _text("platform", 40, primary_key=True),
    _text("place", 200, primary_key=True),
    _text("message", 100),
    Column("updated_at", Moment, nullable=False, default=now, onupdate=now),
)

INSTALLATION = Table(  # one row: what this database knows about itself
    "installation",
    METADATA,
    _id(),
    # its name, which its store of pictures has too; null until the store was found to belong to it
    _text("name", 32, nullable=True),
    # what the clock said at the last check, and when a jump was noticed (null while it is trusted)
    Column("checked_at", Moment, nullable=False),
    Column("doubted_at", Moment),
)

SECRET = Table(  # one row: the secret with which the aliases of deleted members are made
    "secret", METADATA, _id(), _text("value", 64)
)
