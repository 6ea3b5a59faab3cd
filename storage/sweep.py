"""Removing pictures that no row names, without ever removing those of another database.

A crash between writing a file and writing its row leaves a file that nobody needs. But a wrong, empty or
missing database makes every file look like that. So a database and its store of pictures carry the same name,
nothing is swept if too much would be, and what is swept stays in the trash for some days, from where it
comes back when it is asked for.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from dataclasses import dataclass

from sqlalchemy import select

from storage.blobs import OWNER, BlobName, Blobs
from storage.database import Database
from storage.installation import installation
from storage.schema import PictureRow

logger = logging.getLogger(__name__)

GRACE_SECONDS = 3600.0
"""Younger files may still get their row."""
TRASH_DAYS = 7.0
FEW = 10
"""Up to this many files may be swept from a store of any size, once it is known to be the database's."""


@dataclass(frozen=True)
class Swept:
    """How many files were moved to the trash, restored from it, and removed from it for good.

    ``refused`` says why nothing was done.
    """

    trashed: int = 0
    restored: int = 0
    removed: int = 0
    refused: str | None = None


@dataclass(frozen=True)
class _Files:
    """What a store holds, compared with the rows."""

    count: int
    strays: list[BlobName]
    """No row names them, and they are old enough."""
    known: int
    """Some row names them."""


async def sweep(database: Database, blobs: Blobs, grace_seconds: float = GRACE_SECONDS) -> Swept:
    """Move files without a row to the trash, unless the database may be the wrong one."""
    found = await asyncio.to_thread(lambda: list(blobs.listed()))
    named = await _named(database)  # after the files: a file whose row is written meanwhile is in here
    oldest = time.time() - grace_seconds
    files = _Files(
        count=len(found),
        strays=[name for name, written in found if name not in named and written <= oldest],
        known=sum(name in named for name, _ in found),
    )
    if (refused := await _refusal(database, blobs, files)) is not None:
        if files.strays:
            logger.warning("unused pictures are not removed: %s", refused)
        return Swept(refused=refused)
    await asyncio.to_thread(blobs.trash, files.strays)
    restored, removed = await asyncio.to_thread(_sort_trash, blobs, named)
    swept = Swept(len(files.strays), restored, removed)
    if swept != Swept():
        text = (
            "unused pictures: %d of %d moved to the trash, %d restored from it, %d removed from it for good"
        )
        logger.info(text, swept.trashed, files.count, restored, removed)
    return swept


async def _named(database: Database) -> set[BlobName]:
    async with database.read() as session:
        rows = await session.execute(select(PictureRow.user_id, PictureRow.sha256))
        return {(user, name) for user, name in rows}


def _sort_trash(blobs: Blobs, named: set[BlobName]) -> tuple[int, int]:
    """Restore what a row names, remove what is too old; returns how many of each."""
    found = list(blobs.trashed())
    back = [name for name, _ in found if name in named]
    restored = sum(map(blobs.restore, back))
    before = time.time() - TRASH_DAYS * 86400
    old = [name for name, since in found if name not in named and since < before]
    blobs.empty_trash(old)
    return restored, len(old)


async def _refusal(database: Database, blobs: Blobs, files: _Files) -> str | None:
    """Why the store may not be this database's. If it is, both carry the same name from now on."""
    owner = await asyncio.to_thread(blobs.owner)
    async with database.write() as session:
        row = await installation(session)
        if owner is not None and row.name is not None:
            if owner != row.name:
                return (
                    f"they belong to the database {owner}, and this one is {row.name}; "
                    f"if it is the right one, delete the file {OWNER} among the pictures"
                )
            most = max(FEW, files.count / 2)
        elif files.known:
            most = files.count / 2
        else:
            most = -1
        if len(files.strays) > most:
            return (
                f"{len(files.strays)} of {files.count} are not in this database, which may be the wrong one"
            )
        row.name = name = row.name or owner or uuid.uuid4().hex
    if owner is None:
        await asyncio.to_thread(blobs.claim, name)
    return None
