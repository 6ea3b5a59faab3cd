"""The statements of every message, without objects and built once: both take longer than SQLite needs to answer them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, bindparam, delete, exists, func, insert, select, update

from storage.schema import Base

_TABLES = Base.metadata.tables
_USER, _CONVERSATIONS, _PICTURES, _SOURCES, _EDITS, _DELTAS, _JOBS = (
    _TABLES[name] for name in ("user", "conversation", "picture", "source", "edit", "delta", "job")
)


CONVERSATION = (
    select(*_CONVERSATIONS.c)
    .join(_USER, _USER.c.id == _CONVERSATIONS.c.user_id)
    .where(_USER.c.platform == bindparam("platform"), _USER.c.outside_id == bindparam("outside_id"))
    .where(_CONVERSATIONS.c.place == bindparam("place"))
)
OWNER = (
    select(_USER.c.id)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.user_id == _USER.c.id)
    .where(_CONVERSATIONS.c.id == bindparam("conversation"))
    .with_for_update(of=_USER, key_share=True)
)
"""Nobody else changes what the owner of a conversation has until the transaction ends."""
HEAD = (
    select(*_EDITS.c)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.head_id == _EDITS.c.id)
    .where(_CONVERSATIONS.c.id == bindparam("conversation"))
)
EDIT: Select[Any] = (
    select(*_EDITS.c, _CONVERSATIONS.c.head_id)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.id == _EDITS.c.conversation_id)
    .where(_EDITS.c.id == bindparam("edit"))
)
"""With the head of its conversation."""
EDIT_OF_JOB = select(*_EDITS.c).where(_EDITS.c.job == bindparam("job"))
SOURCE = (
    select(*_SOURCES.c, _PICTURES.c.user_id, _PICTURES.c.sha256)
    .join(_PICTURES, _PICTURES.c.id == _SOURCES.c.picture_id)
    .where(_SOURCES.c.id == bindparam("source"))
)
LAYERS = (
    select(_EDITS.c.adjustments, _CONVERSATIONS.c.user_id)
    .join(_CONVERSATIONS, _CONVERSATIONS.c.id == _EDITS.c.conversation_id)
    .where(_EDITS.c.id == bindparam("edit"))
)
DELTAS = select(_DELTAS.c.sha256, _DELTAS.c.dtype, _DELTAS.c.shape, _DELTAS.c.data).where(
    _DELTAS.c.user_id == bindparam("user"), _DELTAS.c.sha256.in_(bindparam("names", expanding=True))
)
KNOWN_DELTAS = DELTAS.with_only_columns(_DELTAS.c.sha256)
PICTURE = select(*_PICTURES.c).where(_PICTURES.c.id == bindparam("picture"))
PICTURE_NAMED = select(_PICTURES.c.id).where(
    _PICTURES.c.user_id == bindparam("user"), _PICTURES.c.sha256 == bindparam("name")
)
JOB = select(*_JOBS.c).where(_JOBS.c.id == bindparam("job"))
OTHER_JOBS = select(_JOBS.c.id).where(
    _JOBS.c.conversation_id == bindparam("conversation"), _JOBS.c.id != bindparam("job")
)
"""The other jobs of a conversation."""

_PARENT = _EDITS.alias("parent")
_STILL_THERE = exists().where(
    _PARENT.c.id == bindparam("new_parent_id"), _PARENT.c.created_at == bindparam("since")
)
"""Numbers of rows that are gone are given again: what was made at another time is not the same."""
_NEXT = select(func.max(_EDITS.c.number) + 1).where(
    _EDITS.c.source_id == bindparam("new_source_id"), _STILL_THERE
)
_OF_AN_EDIT = (
    "conversation_id",
    "source_id",
    "parent_id",
    "text",
    "picture_id",
    "adjustments",
    "effects",
    "job",
)
ADD_EDIT = (
    insert(_EDITS)
    .values({name: bindparam(f"new_{name}") for name in _OF_AN_EDIT} | {"number": _NEXT.scalar_subquery()})
    .returning(*_EDITS.c)
)

REDO = update(_EDITS).where(_EDITS.c.id == bindparam("parent")).values(redo_id=bindparam("child"))
SHOW = (
    update(_CONVERSATIONS)
    .where(
        _CONVERSATIONS.c.id == bindparam("conversation"),
        _CONVERSATIONS.c.head_id.is_distinct_from(bindparam("shown")),
    )
    .values(head_id=bindparam("shown"))
)
"""Make an edit the head of a conversation, if it is not."""
FINISH = delete(_JOBS).where(_JOBS.c.id == bindparam("job"))
