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
from storage.installation import change_installation, lock_installation
from storage.schema import PICTURES

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


async def sweep(database: Database, blobs: Blobs, grace_seconds: float = GRACE_SECONDS) -> Swept:
    """Move files without a row to the trash, unless the database may be the wrong one."""
    found = await asyncio.to_thread(lambda: list(blobs.listed()))
    async with database.read() as connection:  # after the files, so that a file with a new row is in here
        rows = await connection.execute(select(PICTURES.c.user_id, PICTURES.c.sha256))
        named = {(user, name) for user, name in rows}
    oldest = time.time() - grace_seconds
    strays = [name for name, written in found if name not in named and written <= oldest]
    known = any(name in named for name, _ in found)
    if (refused := await _refusal(database, blobs, len(strays), len(found), known)) is not None:
        if strays:
            logger.warning("unused pictures are not removed: %s", refused)
        return Swept(refused=refused)
    await asyncio.to_thread(blobs.trash, strays)
    swept = Swept(len(strays), *await asyncio.to_thread(_sort_trash, blobs, named))
    if swept != Swept():
        text = (
            "unused pictures: %d of %d moved to the trash, %d restored from it, %d removed from it for good"
        )
        logger.info(text, swept.trashed, len(found), swept.restored, swept.removed)
    return swept


def _sort_trash(blobs: Blobs, named: set[BlobName]) -> tuple[int, int]:
    """Restore what a row names, remove what is too old; returns how many of each."""
    found = list(blobs.trashed())
    restored = sum(blobs.restore(name) for name, _ in found if name in named)
    before = time.time() - TRASH_DAYS * 86400
    old = [name for name, since in found if name not in named and since < before]
    blobs.empty_trash(old)
    return restored, len(old)


async def _refusal(database: Database, blobs: Blobs, strays: int, count: int, known: bool) -> str | None:
    """Why the store may not be this database's. If it is, both carry the same name from now on.

    ``known``: some row names a file of the store.
    """
    owner = await asyncio.to_thread(blobs.owner)
    async with database.write() as connection:
        name = (await lock_installation(connection)).name
        if owner and name and owner != name:
            return (
                f"they belong to the database {owner}, and this one is {name}; "
                f"if it is the right one, delete the file {OWNER} among the pictures"
            )
        most = max(FEW, count / 2) if owner and name else count / 2 if known else -1
        if strays > most:
            return f"{strays} of {count} are not in this database, which may be the wrong one"
        name = name or owner or uuid.uuid4().hex
        await change_installation(connection, name=name)
    if owner is None:
        await asyncio.to_thread(blobs.claim, name)
    return None
