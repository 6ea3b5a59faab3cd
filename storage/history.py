"""The history of a conversation: pictures, the tree of edits, undo and redo, and the wishes under way.

Everything that leaves here is a plain frozen dataclass; rows stay inside. An edit never changes: undo moves the head to
the parent, redo goes to the child last visited, an edit after undo branches.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from storage import statements
from storage.blobs import Blobs, BlobStore, digest
from storage.database import Database, added, added_row
from storage.errors import BlobDamaged, NoPicture, NotFound, NothingToRedo, NothingToUndo, UnknownEdit
from storage.jobs import Job, Jobs
from storage.people import owner_held, person_row
from storage.schema import (
    ConversationRow,
    DeltaRow,
    EditRow,
    FaceRow,
    MessageRow,
    PictureRow,
    SourceRow,
    UserRow,
    utc,
)

REMEMBERED = 1000
"""Conversations of which it is kept in mind whose they are."""


@dataclass(frozen=True)
class Array:
    """A dense array as bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True)
class Picture:
    """An encoded picture."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class Adjustment:
    """One layer in force: its recipe as plain data and its delta at strength 1."""

    recipe: dict[str, Any]
    delta: Array


@dataclass(frozen=True)
class Conversation:
    """One user in one place; ``head`` is the id of the edit shown now, None before the first picture."""

    id: int
    user: int
    place: str
    head: int | None
    server: str | None = None


@dataclass(frozen=True)
class Source:
    """A picture made editable, whose bytes are the ``blob``. ``details`` holds geometry and fidelity as plain data; ``tuning`` is
    the picture's own change of the generator."""

    id: int
    picture: int
    blob: tuple[int, str]
    bundle: str
    fingerprint: str
    latent: Array
    details: dict[str, Any]
    tuning: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Face:
    """One face of a picture made editable, as ``Source`` has it; ``number`` counts from the left, 0 the first."""

    number: int
    latent: Array
    details: dict[str, Any]
    tuning: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Edit:
    """One node of the tree, without its heavy parts."""

    id: int
    conversation: int
    source: int
    number: int
    parent: int | None
    text: str
    picture: int
    recipes: tuple[dict[str, Any], ...]
    effects: tuple[dict[str, Any], ...]
    created_at: datetime


@dataclass(frozen=True)
class OutsideMessage:
    """A message of a front end; ``place`` is None where it is not known."""

    platform: str
    id: str
    place: str | None


def _edit(row: EditRow | Row[Any]) -> Edit:
    recipes = tuple({k: v for k, v in entry.items() if k != "delta"} for entry in row.adjustments)
    return Edit(
        row.id,
        row.conversation_id,
        row.source_id,
        row.number,
        row.parent_id,
        row.text,
        row.picture_id,
        recipes,
        tuple(row.effects),
        utc(row.created_at),
    )


def _name_of(delta: Array) -> str:
    """A delta's hash, by which it is stored."""
    return hashlib.sha256(f"{delta.dtype}{list(delta.shape)}".encode() + delta.data).hexdigest()


def _conversation(row: ConversationRow | Row[Any]) -> Conversation:
    return Conversation(row.id, row.user_id, row.place, row.head_id, row.server)


class History:
    """All that the bot remembers, over one database and one store of pictures."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        self.database, self.blobs, self.jobs = database, blobs, Jobs(database)
        self._users: dict[int, int] = {}

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, blobs: Path | Blobs) -> AsyncIterator[History]:
        """Connect, migrate, and close again at the end of the block."""
        database = Database(url)
        try:
            await database.migrate()
            await asyncio.to_thread(database.reserve.fill)
            history = cls(database, BlobStore(blobs) if isinstance(blobs, Path) else blobs)
            try:
                yield history
            finally:
                await history.jobs.close()
        finally:
            await database.close()

    # conversations

    async def conversation(
        self, platform: str, outside_id: str, place: str, server: str | None = None
    ) -> Conversation:
        """The conversation of a user in a place (of an outside server), made when it is new."""
        values = {"platform": platform, "outside_id": outside_id, "place": place}
        async with self.database.rows() as connection:
            found = (await connection.execute(statements.CONVERSATION, values)).one_or_none()
        if found is not None and found.server == server:
            return self._met(found)
        async with self.database.write() as session:
            row = await self._find(session, platform, outside_id, place)
            if row is None:
                user = await person_row(session, platform, outside_id)
                row = await added(session, ConversationRow, user_id=user.id, place=place)
                row = row or await self._find(session, platform, outside_id, place)
                assert row is not None
            row.server = server
            await session.flush()
            return self._met(row)

    def _met(self, row: ConversationRow | Row[Any]) -> Conversation:
        """A conversation that speaks now; whose it is is needed again in a moment."""
        if len(self._users) >= REMEMBERED:
            self._users.clear()
        self._users[row.id] = row.user_id
        return _conversation(row)

    async def conversation_by_id(self, conversation: int) -> Conversation:
        """A conversation by its id. Raises NotFound."""
        async with self.database.read() as session:
            row = await session.get(ConversationRow, conversation)
            if row is None:
                raise NotFound("the conversation was deleted")
            return _conversation(row)

    @staticmethod
    async def _find(
        session: AsyncSession, platform: str, outside_id: str, place: str
    ) -> ConversationRow | None:
        values = {"platform": platform, "outside_id": outside_id, "place": place}
        query = select(ConversationRow).from_statement(statements.CONVERSATION)
        return (await session.execute(query, values)).scalar_one_or_none()

    # pictures and edits

    async def add_source(
        self,
        conversation: int,
        picture: Picture,
        bundle: str,
        fingerprint: str,
        latent: Array,
        details: dict[str, Any],
        job: str | None = None,
        tuning: bytes | None = None,
    ) -> Edit:
        """A new picture to edit; its number-0 edit becomes the head and is returned. A ``job`` makes one edit, once."""
        async with self._written(conversation, picture) as (user, name), self.database.write() as session:
            connection = await session.connection()
            await self._still_owned(connection, conversation, user)
            if (made := await self._made_by(connection, job)) is not None:
                return await self._move(session, await session.get_one(EditRow, made.id))
            stored = await self._picture_row(connection, user, name, picture)
            source = SourceRow(
                conversation_id=conversation,
                picture_id=stored,
                bundle=bundle,
                fingerprint=fingerprint,
                latent_dtype=latent.dtype,
                latent_shape=list(latent.shape),
                latent=latent.data,
                tuning=tuning,
                details=details,
            )
            session.add(source)
            await session.flush()
            row = EditRow(
                conversation_id=conversation,
                source_id=source.id,
                number=0,
                text="",
                picture_id=stored,
                adjustments=[],
                effects=[],
                job=job,
            )
            session.add(row)
            await session.flush()
            await connection.execute(statements.SHOW, {"conversation": conversation, "shown": row.id})
        return _edit(row)

    async def record_edit(
        self,
        parent: Edit,
        text: str,
        adjustments: Sequence[Adjustment],
        effects: Sequence[dict[str, Any]],
        picture: Picture,
        job: str | None = None,
        answers: str | None = None,
    ) -> Edit:
        """A new edit under ``parent``, which becomes the head. A ``job`` makes one edit, once: again it is only returned.

        ``answers``: the wish under way that this is all of; it is finished with it.
        """
        async with (
            self._written(parent.conversation, picture) as (user, name),
            self.database.transaction(brief=True) as connection,
        ):
            await self._still_owned(connection, parent.conversation, user)
            if answers is not None:
                await connection.execute(statements.FINISH, {"job": answers})
            if (made := await self._made_by(connection, job)) is None:
                stored = await self._picture_row(connection, user, name, picture)
                entries = await self._entries(connection, user, adjustments)
                row = await self._edit_row(connection, parent, text, stored, entries, effects, job)
                await connection.execute(statements.REDO, {"parent": parent.id, "child": row.id})
                await connection.execute(
                    statements.SHOW, {"conversation": parent.conversation, "shown": row.id}
                )
                return _edit(row)
        return await self.show(made.id, parent.conversation)

    @staticmethod
    async def _edit_row(
        connection: AsyncConnection,
        parent: Edit,
        text: str,
        picture: int,
        entries: list[dict[str, Any]],
        effects: Sequence[dict[str, Any]],
        job: str | None,
    ) -> Row[Any]:
        """The row of a new edit. Raises NotFound where the parent is gone."""
        values = {
            "new_conversation_id": parent.conversation,
            "new_source_id": parent.source,
            "new_parent_id": parent.id,
            "since": parent.created_at,
            "new_text": text,
            "new_picture_id": picture,
            "new_adjustments": entries,
            "new_effects": list(effects),
            "new_job": job,
        }
        try:
            return (await connection.execute(statements.ADD_EDIT, values)).one()
        except IntegrityError as error:
            raise NotFound("the edit was deleted") from error

    @staticmethod
    async def _still_owned(connection: AsyncConnection, conversation: int, user: int) -> None:
        """Hold what a user has. Raises NotFound where the conversation is gone, also where its number is another one's by now."""
        if await owner_held(connection, conversation) != user:
            raise NotFound("the conversation was deleted")

    @asynccontextmanager
    async def _written(self, conversation: int, picture: Picture) -> AsyncIterator[tuple[int, str]]:
        """A picture in its place before any row names it: whose it is, and its hash. Raises NotFound, and DiskFull.

        It is written anew where another process removed the same one before the row was there, and taken away again where
        what it was to belong to is gone by then.
        """
        user = await self._user_of(conversation)
        name = await asyncio.to_thread(self.blobs.write, user, picture.data)
        try:
            yield user, name
        except NotFound:
            async with self.database.rows() as connection:
                values = {"user": user, "name": name}
                named = (await connection.execute(statements.PICTURE_NAMED, values)).first() is not None
            if not named:
                await asyncio.to_thread(self.blobs.remove, [(user, name)])
            raise
        if not await asyncio.to_thread(self.blobs.has, user, name):
            await asyncio.to_thread(self.blobs.write, user, picture.data)

    @staticmethod
    async def _made_by(connection: AsyncConnection, job: str | None) -> Row[Any] | None:
        if job is None:
            return None
        return (await connection.execute(statements.EDIT_OF_JOB, {"job": job})).one_or_none()

    async def edit_of_job(self, job: str) -> Edit | None:
        """The edit that a job of the editor made, None where it made none yet."""
        async with self.database.rows() as connection:
            row = await self._made_by(connection, job)
            return None if row is None else _edit(row)

    async def _user_of(self, conversation: int) -> int:
        """Whose a conversation is; of those that spoke lately, without asking, so that it may be another one's by now."""
        if (known := self._users.get(conversation)) is not None:
            return known
        async with self.database.read() as session:
            row = await session.get(ConversationRow, conversation)
            if row is None:
                raise NotFound("the conversation was deleted")
            return row.user_id

    @staticmethod
    async def _picture_row(connection: AsyncConnection, user: int, name: str, picture: Picture) -> int:
        """The id of a picture's row, added where there is none."""
        row = await added_row(
            connection,
            PictureRow,
            "id",
            user_id=user,
            sha256=name,
            media_type=picture.media_type,
            width=picture.width,
            height=picture.height,
        )
        if row is None:
            row = (await connection.execute(statements.PICTURE_NAMED, {"user": user, "name": name})).one()
        return int(row.id)

    @staticmethod
    async def _entries(
        connection: AsyncConnection, user: int, adjustments: Sequence[Adjustment]
    ) -> list[dict[str, Any]]:
        """Adjustments as an edit keeps them; each delta is stored once per user, under its hash."""
        deltas = {_name_of(adjustment.delta): adjustment.delta for adjustment in adjustments}
        known: Iterable[str] = ()
        if deltas:
            known = (
                await connection.execute(statements.KNOWN_DELTAS, {"user": user, "names": list(deltas)})
            ).scalars()
        for name in deltas.keys() - set(known):
            delta = deltas[name]
            await added_row(
                connection,
                DeltaRow,
                "id",
                user_id=user,
                sha256=name,
                dtype=delta.dtype,
                shape=list(delta.shape),
                data=delta.data,
            )
        return [adjustment.recipe | {"delta": _name_of(adjustment.delta)} for adjustment in adjustments]

    async def edit(self, edit: int) -> Edit:
        """One edit by its id. Raises NotFound."""
        async with self.database.rows() as connection:
            row = (await connection.execute(statements.EDIT, {"edit": edit})).one_or_none()
        if row is None:
            raise NotFound("the edit was deleted")
        return _edit(row)

    async def adjustments(self, edit: int) -> list[Adjustment]:
        """The adjustments in force at an edit, with their deltas. Raises NotFound."""
        async with self.database.rows() as connection:
            row = (await connection.execute(statements.LAYERS, {"edit": edit})).one_or_none()
            if row is None:
                raise NotFound("the edit was deleted")
            found: Iterable[Row[Any]] = ()
            if names := [entry["delta"] for entry in row.adjustments]:
                found = await connection.execute(statements.DELTAS, {"user": row.user_id, "names": names})
            arrays = {delta.sha256: Array(delta.dtype, tuple(delta.shape), delta.data) for delta in found}
        return [
            Adjustment({k: v for k, v in e.items() if k != "delta"}, arrays[e["delta"]])
            for e in row.adjustments
        ]

    async def source(self, source: int) -> Source:
        """A source by its id. Raises NotFound."""
        async with self.database.rows() as connection:
            row = (await connection.execute(statements.SOURCE, {"source": source})).one_or_none()
        if row is None:
            raise NotFound("the picture was deleted")
        latent, blob = Array(row.latent_dtype, tuple(row.latent_shape), row.latent), (row.user_id, row.sha256)
        return Source(
            row.id, row.picture_id, blob, row.bundle, row.fingerprint, latent, row.details, row.tuning
        )

    async def add_face(self, source: int, face: Face) -> None:
        """Another face of a picture made editable; nothing happens where it was there already. Raises NotFound."""
        async with self.database.write() as session:
            if await session.get(SourceRow, source) is None:
                raise NotFound("the picture was deleted")
            query = select(FaceRow.id).where(FaceRow.source_id == source, FaceRow.number == face.number)
            if (await session.execute(query)).first() is None:
                session.add(
                    FaceRow(
                        source_id=source,
                        number=face.number,
                        latent_dtype=face.latent.dtype,
                        latent_shape=list(face.latent.shape),
                        latent=face.latent.data,
                        tuning=face.tuning,
                        details=face.details,
                    )
                )

    async def faces(self, source: int) -> list[Face]:
        """The faces of a picture that were made editable beside its first, from the left."""
        async with self.database.read() as session:
            query = select(FaceRow).where(FaceRow.source_id == source).order_by(FaceRow.number)
            rows = (await session.execute(query)).scalars()
            return [
                Face(
                    row.number,
                    Array(row.latent_dtype, tuple(row.latent_shape), row.latent),
                    row.details,
                    row.tuning,
                )
                for row in rows
            ]

    async def choose_faces(self, source: int, numbers: Sequence[int]) -> None:
        """Remember which faces of a picture are spoken of, in its details. Raises NotFound."""
        async with self.database.write() as session:
            row = await session.get(SourceRow, source)
            if row is None:
                raise NotFound("the picture was deleted")
            row.details = row.details | {"chosen": list(numbers)}

    async def picture(self, picture: int) -> Picture:
        """A stored picture, byte for byte. Raises NotFound, BlobDamaged."""
        async with self.database.rows() as connection:
            row = (await connection.execute(statements.PICTURE, {"picture": picture})).one_or_none()
        if row is None:
            raise NotFound("the picture was deleted")
        data = await asyncio.to_thread(self.blobs.read, row.user_id, row.sha256)
        return Picture(data, row.media_type, row.width, row.height)

    async def original(self, source: Source) -> bytes:
        """The bytes of a source's picture, as they were sent. Raises NotFound, BlobDamaged."""
        try:
            return await asyncio.to_thread(self.blobs.read, *source.blob)
        except BlobDamaged:
            return (
                await self.picture(source.picture)
            ).data  # it says whether the picture was deleted meanwhile

    # moving about

    async def head(self, conversation: int) -> Edit:
        """The edit shown now. Raises NoPicture."""
        async with self.database.rows() as connection:
            row = (await connection.execute(statements.HEAD, {"conversation": conversation})).one_or_none()
        if row is None:
            raise NoPicture("no picture yet")
        return _edit(row)

    async def shown(self, platform: str, outside_id: str, place: str) -> Edit | None:
        """The edit shown now to a user in a place; None where there is none. Makes no conversation."""
        async with self.database.read() as session:
            found = await self._find(session, platform, outside_id, place)
            row = (
                await session.get(EditRow, found.head_id)
                if found is not None and found.head_id is not None
                else None
            )
            return _edit(row) if row is not None else None

    @staticmethod
    async def _head_row(session: AsyncSession, conversation: int) -> EditRow:
        query = select(EditRow).from_statement(statements.HEAD)
        row = (await session.execute(query, {"conversation": conversation})).scalar_one_or_none()
        if row is None:
            raise NoPicture("no picture yet")
        return row

    async def undo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head towards the original, as far as there is way. Raises NothingToUndo when there is none."""
        async with self._moving(conversation) as session:
            row = await self._head_row(session, conversation)
            if row.parent_id is None:
                raise NothingToUndo("at the original")
            for _ in range(steps):
                if row.parent_id is None:
                    break
                parent = await session.get_one(EditRow, row.parent_id)
                parent.redo_id = row.id
                row = parent
            return await self._move(session, row)

    async def redo(self, conversation: int, steps: int = 1) -> Edit:
        """Move the head to the child last visited. Raises NothingToRedo."""
        async with self._moving(conversation) as session:
            row = await self._head_row(session, conversation)
            if row.redo_id is None:
                raise NothingToRedo("nothing was undone")
            for _ in range(steps):
                if row.redo_id is None:
                    break
                row = await session.get_one(EditRow, row.redo_id)
            return await self._move(session, row)

    async def goto(self, conversation: int, number: int) -> Edit:
        """Move the head to an edit of the present picture by its number. Raises UnknownEdit."""
        async with self._moving(conversation) as session:
            head = await self._head_row(session, conversation)
            query = select(EditRow).where(EditRow.source_id == head.source_id, EditRow.number == number)
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None:
                last = select(func.max(EditRow.number)).where(EditRow.source_id == head.source_id)
                raise UnknownEdit(number, (await session.execute(last)).scalar_one())
            return await self._move(session, row)

    async def show(self, edit: int, conversation: int, since: datetime | None = None) -> Edit:
        """Move a conversation's head to one of its edits (a reply to an older picture). Raises NotFound, also where the edit's
        number is another one's by now: of another conversation, or made at another time than ``since``."""
        async with self.database.rows() as connection:
            shown = (await connection.execute(statements.EDIT, {"edit": edit})).one_or_none()
        if (
            shown is not None and shown.head_id == edit and self._is(shown, conversation, since)
        ):  # it is there already
            return _edit(shown)
        async with self._moving(conversation) as session:
            row = await session.get(EditRow, edit)
            if row is None or not self._is(row, conversation, since):
                raise NotFound("the edit was deleted")
            return await self._move(session, row)

    @staticmethod
    def _is(row: EditRow | Row[Any], conversation: int, since: datetime | None) -> bool:
        return row.conversation_id == conversation and since in (None, utc(row.created_at))

    @asynccontextmanager
    async def _moving(self, conversation: int) -> AsyncIterator[AsyncSession]:
        """A transaction in which nobody else changes what the conversation's owner has."""
        async with self.database.write(brief=True) as session:
            with suppress(NotFound):  # where nothing is, nothing can be moved to: that is said in other words
                await owner_held(await session.connection(), conversation)
            yield session

    @staticmethod
    async def _move(session: AsyncSession, row: EditRow) -> Edit:
        connection = await session.connection()
        await connection.execute(statements.SHOW, {"conversation": row.conversation_id, "shown": row.id})
        child = row
        while child.parent_id is not None:  # redo leads back along the way to where the head has been
            parent = await session.get_one(EditRow, child.parent_id)
            if parent.redo_id == child.id:
                break
            parent.redo_id = child.id
            child = parent
        return _edit(row)

    async def edits(self, source: int) -> list[Edit]:
        """All edits of a picture by number, the original first."""
        async with self.database.read() as session:
            query = select(EditRow).where(EditRow.source_id == source).order_by(EditRow.number)
            return [_edit(row) for row in (await session.execute(query)).scalars()]

    async def recent_edits(
        self, platform: str, outside_id: str, server: str | None = None, limit: int = 20
    ) -> list[Edit]:
        """What a member made lately, newest first, without originals; in one ``server``, or everywhere."""
        query = select(EditRow).join(ConversationRow, ConversationRow.id == EditRow.conversation_id)
        query = query.join(UserRow, UserRow.id == ConversationRow.user_id)
        query = query.where(
            UserRow.platform == platform, UserRow.outside_id == outside_id, EditRow.number > 0
        )
        query = query if server is None else query.where(ConversationRow.server == server)
        async with self.database.read() as session:
            rows = await session.execute(query.order_by(EditRow.id.desc()).limit(limit))
            return [_edit(row) for row in rows.scalars()]

    # outside messages

    async def link_message(self, platform: str, outside_id: str, edit: int, place: str | None = None) -> None:
        """Remember which edit an outside message shows, and where it stands."""
        async with self.database.write() as session:
            await session.execute(
                delete(MessageRow).where(MessageRow.platform == platform, MessageRow.outside_id == outside_id)
            )
            session.add(MessageRow(platform=platform, outside_id=outside_id, edit_id=edit, place=place))

    async def messages_of(self, edit: int) -> list[OutsideMessage]:
        """The outside messages that show an edit."""
        async with self.database.read() as session:
            rows = (await session.execute(select(MessageRow).where(MessageRow.edit_id == edit))).scalars()
            return [OutsideMessage(row.platform, row.outside_id, row.place) for row in rows]

    async def edit_of_message(self, platform: str, outside_id: str) -> Edit | None:
        """The edit that an outside message shows, None for any other message."""
        async with self.database.read() as session:
            query = select(EditRow).join(MessageRow, MessageRow.edit_id == EditRow.id)
            query = query.where(MessageRow.platform == platform, MessageRow.outside_id == outside_id)
            row = (await session.execute(query)).scalar_one_or_none()
            return None if row is None else _edit(row)

    async def owner(self, edit: int) -> tuple[str, str]:
        """Platform and outside id of the user whose edit it is."""
        async with self.database.read() as session:
            query = select(UserRow).join(ConversationRow, ConversationRow.user_id == UserRow.id)
            query = query.join(EditRow, EditRow.conversation_id == ConversationRow.id).where(
                EditRow.id == edit
            )
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None:
                raise NotFound("the edit was deleted")
            return row.platform, row.outside_id


__all__ = [
    "Adjustment",
    "Array",
    "Conversation",
    "Edit",
    "Face",
    "History",
    "Job",
    "OutsideMessage",
    "Picture",
    "Source",
    "digest",
]
