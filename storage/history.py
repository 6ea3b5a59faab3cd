"""The history of conversations: pictures, the tree of edits, and the change requests under way.

Everything that leaves it is a plain record (``storage.records``). A picture is written to the store of
pictures before the row that names it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Row, bindparam, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.blobs import BlobName, Blobs, BlobStore
from storage.database import Database, add_new
from storage.edit_tree import EditTree, move_head, set_head
from storage.errors import BlobDamaged, NotFound
from storage.jobs import Jobs, close_job
from storage.people import lock_owner, user_id
from storage.records import (
    Adjustment,
    Array,
    Conversation,
    Edit,
    Face,
    NewSource,
    Picture,
    Source,
    edit_from,
    latent_from,
    recipe_of,
)
from storage.schema import CONVERSATIONS, DELTAS, EDITS, FACES, PICTURES, SOURCES, USERS

_PARENTS = EDITS.alias("parent")
_GIVEN = ("conversation_id", "source_id", "parent_id", "text", "picture_id", "adjustments", "effects", "job")
_PARENT_IS_THERE = exists().where(
    _PARENTS.c.id == bindparam("new_parent_id"), _PARENTS.c.created_at == bindparam("since")
)
_NEXT_NUMBER = (
    select(func.max(EDITS.c.number) + 1)
    .where(EDITS.c.source_id == bindparam("new_source_id"), _PARENT_IS_THERE)
    .scalar_subquery()
)
"""There is none if the parent was deleted, also if a later edit has its id."""
_ADD_CHILD = (
    insert(EDITS)
    .values({name: bindparam(f"new_{name}") for name in _GIVEN})
    .values(number=_NEXT_NUMBER)
    .returning(*EDITS.c)
)


class History(EditTree):
    """All that the bot remembers, in one database and one store of pictures."""

    def __init__(self, database: Database, blobs: Blobs) -> None:
        super().__init__(database)
        self.blobs, self.jobs = blobs, Jobs(database)
        self._owners: LRUCache[int, int] = LRUCache(1000)
        """User ids by conversation. One may be outdated, so it is checked again in each transaction."""

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, blobs: Path | Blobs) -> AsyncIterator[History]:
        """Connect and migrate, and close everything at the end of the block."""
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
        """Return the conversation of a user in a place (of an outside server), and make it if it is new."""
        query = select(CONVERSATIONS).join(USERS, USERS.c.id == CONVERSATIONS.c.user_id)
        query = query.where(USERS.c.platform == platform, USERS.c.outside_id == outside_id)
        query = query.where(CONVERSATIONS.c.place == place)
        async with self.database.read(brief=True) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or row.server != server:
            async with self.database.write() as connection:
                user = await user_id(connection, platform, outside_id)
                await add_new(connection, CONVERSATIONS, user_id=user, place=place)
                here = (CONVERSATIONS.c.user_id == user, CONVERSATIONS.c.place == place)
                placed = update(CONVERSATIONS).where(*here).values(server=server)
                row = (await connection.execute(placed.returning(CONVERSATIONS))).one()
        return self._conversation_from(row)

    async def conversation_by_id(self, conversation: int) -> Conversation:
        """Return a conversation by its id. Raises NotFound."""
        async with self.database.read(brief=True) as connection:
            query = select(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("the conversation was deleted")
        return self._conversation_from(row)

    def _conversation_from(self, row: Row[Any]) -> Conversation:
        self._owners[row.id] = row.user_id
        return Conversation(row.id, row.user_id, row.place, row.head_id, row.server)

    # adding pictures and edits

    async def add_source(self, conversation: int, new: NewSource, job: str | None = None) -> Edit:
        """Store a new picture to edit; its edit number 0 becomes the head and is returned.

        Args:
            job: The editor's job that made it. The same job again only returns the edit.

        Raises:
            NotFound: The conversation was deleted.
            DiskFull: There is no space.
        """
        async with self._written(conversation, new.picture) as blob, self.database.write() as connection:
            await _lock_known_owner(connection, conversation, blob[0])
            if (made := await _made_by(connection, job)) is not None:
                return await move_head(connection, made)
            picture = await _picture_id(connection, blob, new.picture)
            values = {
                "conversation_id": conversation,
                "picture_id": picture,
                "bundle": new.bundle,
                "fingerprint": new.fingerprint,
                "details": new.details,
                "tuning": new.tuning,
                **_columns(new.latent),
            }
            source = await connection.execute(insert(SOURCES).values(values).returning(SOURCES.c.id))
            values = {
                "conversation_id": conversation,
                "source_id": source.scalar_one(),
                "number": 0,
                "text": "",
                "picture_id": picture,
                "adjustments": [],
                "effects": [],
                "job": job,
            }
            row = (await connection.execute(insert(EDITS).values(values).returning(EDITS))).one()
            await set_head(connection, conversation, row.id)
        return edit_from(row)

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
        """Store a new edit under ``parent``, which becomes the head.

        Args:
            adjustments: All layers in force after the edit.
            effects: What was measured of each new layer, as plain data.
            job: The editor's job that made it. The same job again only returns the edit.
            answers: The change request that is answered with this edit, and closed in the same transaction.

        Raises:
            NotFound: The conversation or the parent was deleted.
            DiskFull: There is no space.
        """
        async with (
            self._written(parent.conversation, picture) as blob,
            self.database.write(brief=True) as connection,
        ):
            await _lock_known_owner(connection, parent.conversation, blob[0])
            if answers is not None:
                await close_job(connection, answers)
            if (made := await _made_by(connection, job)) is None:
                values = {
                    "text": text,
                    "picture_id": await _picture_id(connection, blob, picture),
                    "adjustments": await _adjustments_to_store(connection, blob[0], adjustments),
                    "effects": list(effects),
                    "job": job,
                }
                row = await _add_child(connection, parent, values)
                await set_head(connection, parent.conversation, row.id)
                return edit_from(row)
        return await self.show(made.id, parent.conversation)

    @asynccontextmanager
    async def _written(self, conversation: int, picture: Picture) -> AsyncIterator[BlobName]:
        """Write a picture to the store before its row is written in the block. Raises NotFound and DiskFull.

        The file is written again if another process removed it before the row was there. It is removed if the
        block raises NotFound, because its conversation or parent was deleted meanwhile.
        """
        user = self._owners.get(conversation) or (await self.conversation_by_id(conversation)).user
        name = (user, await asyncio.to_thread(self.blobs.write, user, picture.data))
        try:
            yield name
        except NotFound:
            async with self.database.read(brief=True) as connection:
                named = await _stored_picture(connection, name) is not None
            if not named:
                await asyncio.to_thread(self.blobs.remove, [name])
            raise
        if not await asyncio.to_thread(self.blobs.has, *name):
            await asyncio.to_thread(self.blobs.write, user, picture.data)

    # reading pictures

    async def picture(self, picture: int) -> Picture:
        """Return a stored picture, byte for byte. Raises NotFound, BlobDamaged."""
        async with self.database.read(brief=True) as connection:
            query = select(PICTURES).where(PICTURES.c.id == picture)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("the picture was deleted")
        data = await asyncio.to_thread(self.blobs.read, row.user_id, row.sha256)
        return Picture(data, row.media_type, row.width, row.height)

    async def original(self, source: Source) -> bytes:
        """Return the bytes of a source's picture. Raises NotFound, BlobDamaged."""
        try:
            return await asyncio.to_thread(self.blobs.read, *source.blob)
        except BlobDamaged:  # maybe because it was deleted, which raises NotFound
            return (await self.picture(source.picture)).data

    async def source(self, source: int) -> Source:
        """Return a source by its id. Raises NotFound."""
        query = select(SOURCES, PICTURES.c.user_id, PICTURES.c.sha256)
        query = query.join(PICTURES, PICTURES.c.id == SOURCES.c.picture_id)
        async with self.database.read(brief=True) as connection:
            row = (await connection.execute(query.where(SOURCES.c.id == source))).one_or_none()
        if row is None:
            raise NotFound("the picture was deleted")
        blob = (row.user_id, row.sha256)
        inversion = (row.bundle, row.fingerprint, latent_from(row), row.details, row.tuning)
        return Source(row.id, row.picture_id, blob, *inversion)

    async def adjustments(self, edit: int) -> list[Adjustment]:
        """Return the adjustments in force at an edit, with their deltas. Raises NotFound."""
        query = select(EDITS.c.adjustments, CONVERSATIONS.c.user_id)
        query = query.join(CONVERSATIONS, CONVERSATIONS.c.id == EDITS.c.conversation_id)
        async with self.database.read(brief=True) as connection:
            row = (await connection.execute(query.where(EDITS.c.id == edit))).one_or_none()
            if row is None:
                raise NotFound("the edit was deleted")
            if not row.adjustments:
                return []
            names = [entry["delta"] for entry in row.adjustments]
            deltas = select(DELTAS.c.sha256, DELTAS.c.dtype, DELTAS.c.shape, DELTAS.c.data)
            deltas = deltas.where(DELTAS.c.user_id == row.user_id, DELTAS.c.sha256.in_(names))
            found = await connection.execute(deltas)
            arrays = {delta.sha256: Array(delta.dtype, tuple(delta.shape), delta.data) for delta in found}
        return [Adjustment(recipe_of(entry), arrays[entry["delta"]]) for entry in row.adjustments]

    # faces

    async def add_face(self, source: int, face: Face) -> None:
        """Store another face of a source, unless that face is stored already. Raises NotFound."""
        values = {"number": face.number, "tuning": face.tuning, "details": face.details}
        async with self.database.write() as connection:
            await _lock_source(connection, source)
            await add_new(connection, FACES, source_id=source, **values, **_columns(face.latent))

    async def faces(self, source: int) -> list[Face]:
        """Return the faces of a source that were made editable after its first, from the left."""
        query = select(FACES).where(FACES.c.source_id == source).order_by(FACES.c.number)
        async with self.database.read() as connection:
            rows = await connection.execute(query)
            return [Face(row.number, latent_from(row), row.details, row.tuning) for row in rows]

    async def choose_faces(self, source: int, numbers: Sequence[int]) -> None:
        """Record in a source's details which faces are edited from now on. Raises NotFound."""
        async with self.database.write() as connection:
            details = await _lock_source(connection, source) | {"chosen": list(numbers)}
            await connection.execute(update(SOURCES).where(SOURCES.c.id == source).values(details=details))


def _columns(latent: Array) -> dict[str, Any]:
    return {"latent_dtype": latent.dtype, "latent_shape": list(latent.shape), "latent": latent.data}


async def _lock_source(connection: AsyncConnection, source: int) -> dict[str, Any]:
    """Lock a source for the transaction and return its details. Raises NotFound."""
    query = select(SOURCES.c.details).where(SOURCES.c.id == source).with_for_update(key_share=True)
    details: dict[str, Any] | None = (await connection.execute(query)).scalar_one_or_none()
    if details is None:
        raise NotFound("the picture was deleted")
    return details


async def _lock_known_owner(connection: AsyncConnection, conversation: int, user: int) -> None:
    """Lock the user's data.

    Raises NotFound if the conversation was deleted, or its id is used again by another user.
    """
    if await lock_owner(connection, conversation) != user:
        raise NotFound("the conversation was deleted")


async def _made_by(connection: AsyncConnection, job: str | None) -> Row[Any] | None:
    """The row of the edit that a job made, if it made one."""
    if job is None:
        return None
    return (await connection.execute(select(EDITS).where(EDITS.c.job == job))).one_or_none()


async def _stored_picture(connection: AsyncConnection, name: BlobName) -> int | None:
    query = select(PICTURES.c.id).where(PICTURES.c.user_id == name[0], PICTURES.c.sha256 == name[1])
    return (await connection.execute(query)).scalar_one_or_none()


async def _picture_id(connection: AsyncConnection, name: BlobName, picture: Picture) -> int:
    """The id of a picture's row, which is added if it is new."""
    values = {"media_type": picture.media_type, "width": picture.width, "height": picture.height}
    new = await add_new(connection, PICTURES, user_id=name[0], sha256=name[1], **values)
    found = new or await _stored_picture(connection, name)
    assert found is not None
    return int(found)


async def _adjustments_to_store(
    connection: AsyncConnection, user: int, adjustments: Sequence[Adjustment]
) -> list[dict[str, Any]]:
    """Adjustments as an edit stores them; each delta is stored once per user, under its hash."""
    deltas = {_hash(adjustment.delta): adjustment.delta for adjustment in adjustments}
    query = select(DELTAS.c.sha256).where(DELTAS.c.user_id == user, DELTAS.c.sha256.in_(deltas))
    known = (await connection.execute(query)).scalars() if deltas else ()
    for name in deltas.keys() - set(known):
        delta = deltas[name]
        values = {"dtype": delta.dtype, "shape": list(delta.shape), "data": delta.data}
        await add_new(connection, DELTAS, user_id=user, sha256=name, **values)
    return [adjustment.recipe | {"delta": _hash(adjustment.delta)} for adjustment in adjustments]


def _hash(delta: Array) -> str:
    return hashlib.sha256(f"{delta.dtype}{list(delta.shape)}".encode() + delta.data).hexdigest()


async def _add_child(connection: AsyncConnection, parent: Edit, values: dict[str, Any]) -> Row[Any]:
    """Add an edit with the next number, to which redo leads from its parent.

    Raises NotFound if the parent was deleted.
    """
    tree = {"conversation_id": parent.conversation, "source_id": parent.source, "parent_id": parent.id}
    given = {f"new_{name}": value for name, value in (values | tree).items()}
    try:
        row = (await connection.execute(_ADD_CHILD, given | {"since": parent.created_at})).one()
    except IntegrityError as error:  # there is no number without the parent
        raise NotFound("the edit was deleted") from error
    await connection.execute(update(EDITS).where(EDITS.c.id == parent.id).values(redo_id=row.id))
    return row
