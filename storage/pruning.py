"""Removing what deleted rows leave behind: pictures, deltas, users, files, and old bytes in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.blobs import BlobName
from storage.database import batches
from storage.history import History
from storage.schema import ConversationRow, DeltaRow, EditRow, PictureRow, SourceRow, UserRow

_MOST_NAMES = 5000
"""Databases limit the parameters of one query."""


async def pictures_of(session: AsyncSession, user: int) -> set[BlobName]:
    """Return the files of a user."""
    names = await session.execute(select(PictureRow.sha256).where(PictureRow.user_id == user))
    return {(user, name) for name in names.scalars()}


async def prune(session: AsyncSession, users: Iterable[int]) -> set[BlobName]:
    """Delete the unused pictures and deltas of some users; returns the files of the pictures."""
    await session.flush()
    gone: set[BlobName] = set()
    for user in users:
        gone |= await _prune_pictures(session, user)
        await _prune_deltas(session, user)
    return gone


async def _prune_pictures(session: AsyncSession, user: int) -> set[BlobName]:
    mine = ConversationRow.user_id == user
    edits = select(EditRow.picture_id).join(ConversationRow, ConversationRow.id == EditRow.conversation_id)
    sources = select(SourceRow.picture_id).join(
        ConversationRow, ConversationRow.id == SourceRow.conversation_id
    )
    used = edits.where(mine).union(sources.where(mine))
    unused = delete(PictureRow).where(PictureRow.user_id == user, PictureRow.id.not_in(used))
    names = (await session.execute(unused.returning(PictureRow.sha256))).scalars()
    return {(user, name) for name in names}


async def _prune_deltas(session: AsyncSession, user: int) -> None:
    query = select(EditRow.adjustments).join(ConversationRow, ConversationRow.id == EditRow.conversation_id)
    rows = (await session.execute(query.where(ConversationRow.user_id == user))).scalars()
    used = {entry["delta"] for adjustments in rows for entry in adjustments}
    deltas = await session.execute(select(DeltaRow.id, DeltaRow.sha256).where(DeltaRow.user_id == user))
    unused = [number for number, name in deltas if name not in used]
    await session.execute(delete(DeltaRow).where(DeltaRow.id.in_(unused)))


async def drop_users_without_conversations(session: AsyncSession, users: Iterable[int]) -> set[BlobName]:
    """Delete those of some users who have no conversation left; returns their files."""
    gone: set[BlobName] = set()
    for user in users:
        query = select(func.count()).select_from(ConversationRow).where(ConversationRow.user_id == user)
        if (await session.execute(query)).scalar_one() == 0:
            gone |= await pictures_of(session, user)
            await session.execute(delete(UserRow).where(UserRow.id == user))
    return gone


async def remove_traces(history: History, files: set[BlobName]) -> None:
    """Remove files that lost their row, and the bytes of deleted rows in the database file."""
    kept: set[BlobName] = set()
    async with history.database.read() as session:
        for names in batches(sorted({name for _, name in files}), _MOST_NAMES):
            query = select(PictureRow.user_id, PictureRow.sha256).where(PictureRow.sha256.in_(names))
            kept.update((user, name) for user, name in await session.execute(query))
    await asyncio.to_thread(history.blobs.remove, files - kept)
    await history.database.scrub()
