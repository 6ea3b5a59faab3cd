"""Tables. A user's rows hang on the user by cascading keys, so that deleting the user deletes everything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, LargeBinary, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    """The present time in UTC."""
    return datetime.now(UTC)


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
    """One user in one place, with the edit that is shown there now (``head``)."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("user_id", "place"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(200))
    head_id: Mapped[int | None] = mapped_column(
        ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_conversation_head_id")
    )
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now, onupdate=now)


class SourceRow(Base):
    """A picture made editable: its latent and where the edited square lies."""

    __tablename__ = "source"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id", ondelete="CASCADE"))
    bundle: Mapped[str] = mapped_column(String(100))
    fingerprint: Mapped[str] = mapped_column(String(64))
    latent_dtype: Mapped[str] = mapped_column(String(16))
    latent_shape: Mapped[list[int]] = mapped_column(JSON)
    latent: Mapped[bytes] = mapped_column(LargeBinary)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class DeltaRow(Base):
    """A StyleSpace delta of a user, stored once however many edits use it."""

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
    __table_args__ = (UniqueConstraint("source_id", "number"), Index(None, "conversation_id"), Index(None, "parent_id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id", ondelete="CASCADE"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("edit.id", ondelete="SET NULL"))
    redo_id: Mapped[int | None] = mapped_column(ForeignKey("edit.id", ondelete="SET NULL", use_alter=True, name="fk_edit_redo_id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    picture_id: Mapped[int] = mapped_column(ForeignKey("picture.id", ondelete="CASCADE"))
    adjustments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    effects: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    job: Mapped[str | None] = mapped_column(String(64), unique=True, index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class MessageRow(Base):
    """An outside message that shows an edit, so that a reply to it goes on from there."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("platform", "outside_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[str] = mapped_column(String(40))
    outside_id: Mapped[str] = mapped_column(String(100))
    edit_id: Mapped[int] = mapped_column(ForeignKey("edit.id", ondelete="CASCADE"), index=True)


class JobRow(Base):
    """A wish under way: what was asked, so that a bot that was killed finishes or explains it."""

    __tablename__ = "job"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
