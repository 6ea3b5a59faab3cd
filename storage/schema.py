"""Tables.

A user's rows refer to the user by cascading keys, so that deleting the user deletes all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def utc(moment: datetime) -> datetime:
    """Return a stored time with its zone: SQLite forgets zones, and all stored times are UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


class Words(TypeDecorator[str]):
    """Text of users, without the character NUL, which PostgreSQL cannot store."""

    impl, cache_ok = Text, True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text to store."""
        return value.replace("\0", "") if value is not None else None


class Base(DeclarativeBase):
    """Declarative base with explicit constraint names, which migrations need on SQLite."""

    metadata = MetaData(naming_convention=NAMING)


class UserRow(Base):
    """A person on one platform."""

    __tablename__ = "user"
    __table_args__ = (UniqueConstraint("platform", "outside_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(40))
    outside_id: Mapped[str] = mapped_column(String(100))
    locale: Mapped[str | None] = mapped_column(String(20))
    consented_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class PictureRow(Base):
    """A file of a user, named by its SHA-256."""

    __tablename__ = "picture"
    __table_args__ = (UniqueConstraint("user_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class ConversationRow(Base):
    """One user in one place (of an outside ``server``, if any), with the edit shown there now (``head``)."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("user_id", "place"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(200))
    server: Mapped[str | None] = mapped_column(String(100), index=True)
    head_id: Mapped[int | None] = mapped_column(
        ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_conversation_head_id")
    )
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)


class SourceRow(Base):
    """A picture made editable: its latent, its tuned weights if any, and its geometry (``details``)."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id", ondelete="CASCADE"))
    bundle: Mapped[str] = mapped_column(String(100))
    fingerprint: Mapped[str] = mapped_column(String(64))
    latent_dtype: Mapped[str] = mapped_column(String(16))
    latent_shape: Mapped[list[int]] = mapped_column(JSON)
    latent: Mapped[bytes] = mapped_column(LargeBinary)
    tuning: Mapped[bytes | None] = mapped_column(LargeBinary)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class FaceRow(Base):
    """Another face of a picture made editable; ``number`` counts from the left, starting at 0."""

    __tablename__ = "face"
    __table_args__ = (UniqueConstraint("source_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"))
    number: Mapped[int]
    latent_dtype: Mapped[str] = mapped_column(String(16))
    latent_shape: Mapped[list[int]] = mapped_column(JSON)
    latent: Mapped[bytes] = mapped_column(LargeBinary)
    tuning: Mapped[bytes | None] = mapped_column(LargeBinary)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)


class DeltaRow(Base):
    """A StyleSpace delta, stored once per user however many edits use it."""

    __tablename__ = "delta"
    __table_args__ = (UniqueConstraint("user_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(String(64))
    dtype: Mapped[str] = mapped_column(String(16))
    shape: Mapped[list[int]] = mapped_column(JSON)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class EditRow(Base):
    """One immutable node of the edit tree; number 0 is the original picture itself."""

    __tablename__ = "edit"
    __table_args__ = (
        UniqueConstraint("source_id", "number"),
        Index(None, "conversation_id"),
        Index(None, "parent_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("edit.id", ondelete="SET NULL"))
    redo_id: Mapped[int | None] = mapped_column(
        ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_edit_redo_id")
    )
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Words)
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id", ondelete="CASCADE"))
    adjustments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    effects: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    job: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class MessageRow(Base):
    """An outside message that shows an edit, so that a reply to it continues from that edit."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("platform", "outside_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(40))
    outside_id: Mapped[str] = mapped_column(String(100))
    place: Mapped[str | None] = mapped_column(String(100))
    edit_id: Mapped[int] = mapped_column(ForeignKey("edit.id", ondelete="CASCADE"), index=True)


class JobRow(Base):
    """A change request under way, so that a bot that was killed finishes it."""

    __tablename__ = "job"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    attempts: Mapped[int] = mapped_column(default=1, server_default="1")
    """How often it was begun: more than once if the bot was killed meanwhile."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class ServerRow(Base):
    """An outside server (a Discord guild) with its settings."""

    __tablename__ = "server"
    __table_args__ = (UniqueConstraint("platform", "outside_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(40))
    outside_id: Mapped[str] = mapped_column(String(100))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class BlockRow(Base):
    """A blocked member of a server; ``member`` is an outside id, or its alias once the member was deleted."""

    __tablename__ = "block"
    __table_args__ = (UniqueConstraint("server_id", "member"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[int] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"))
    member: Mapped[str] = mapped_column(String(100))
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Words)
    actor: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class AuditRow(Base):
    """What a moderator did, or the owner of the bot if ``server_id`` is null."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "server_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    server_id: Mapped[int | None] = mapped_column(ForeignKey("server.id", ondelete="CASCADE"))
    platform: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    target: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Words)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class InboxItemRow(Base):
    """A request from outside by its outside id, so that it is answered once."""

    __tablename__ = "asked"
    __table_args__ = (Index(None, "platform", "user", "created_at"), Index(None, "answered_at"))
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    platform: Mapped[str] = mapped_column(String(40))
    user: Mapped[str] = mapped_column(String(100))
    server: Mapped[str | None] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    answered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    message: Mapped[str | None] = mapped_column(String(100))
    holder: Mapped[str | None] = mapped_column(String(64))
    """The lock of the process that answers it.

    If nobody holds the lock, another process may claim the request.
    """


class CursorRow(Base):
    """The newest outside message of a place that was read."""

    __tablename__ = "cursor"
    platform: Mapped[str] = mapped_column(String(40), primary_key=True)
    place: Mapped[str] = mapped_column(String(200), primary_key=True)
    message: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)


class InstallationRow(Base):
    """The name of this database, which its store of pictures has too, and what is known about the clock."""

    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(32))
    """None until the store of pictures was found to belong to this database."""
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """What the clock said at the last check."""
    doubted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    """When a jump of the clock was noticed; None while the clock is trusted."""


class SecretRow(Base):
    """The one secret of this database, with which the aliases of deleted members are made."""

    __tablename__ = "secret"
    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(String(64))


USERS, PICTURES, CONVERSATIONS, SOURCES, DELTAS, EDITS, JOBS = (
    Base.metadata.tables[name]
    for name in ("user", "picture", "conversation", "source", "delta", "edit", "job")
)
"""The tables that every message uses, as plain tables: ORM objects and attributes take longer than SQLite."""
