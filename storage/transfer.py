"""Move an installation: every row to another database, every picture to another store, with a proof that
nothing was lost.

The source is read in one transaction that keeps others from writing. Pictures are copied first; those that
are there already are not copied again, so that an interrupted move continues where it was. Then all rows are
written in one transaction, which is committed only if the target holds what the source holds: the number of
rows and a digest of their contents are compared for each table. At last each picture is read back and must
have the hash that is its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.blobs import BlobName, Blobs
from storage.database import Database
from storage.errors import BlobDamaged, TargetNotEmpty
from storage.schema import INSTALLATION, METADATA, PICTURES

_ROWS, _FILES = 200, 8
_LATE = {"conversation": "head_id", "edit": "redo_id"}
"""Columns that refer to rows which are copied later."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Holding:
    """What a table holds: the number of rows, and a digest that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Proof:
    """What the source and the target hold by table, and how many pictures were verified at the target.

    ``lost`` are the pictures that could not be read at the source.
    """

    source: dict[str, Holding]
    target: dict[str, Holding]
    pictures: int
    lost: tuple[BlobName, ...]

    @property
    def complete(self) -> bool:
        """Whether the target holds what the source held."""
        return self.source == self.target


async def move(
    source: Database, blobs: Blobs, target: Database, new_blobs: Blobs, told: Told = lambda _: None
) -> Proof:
    """Move everything from one database and store of pictures to others; the store may stay the same.

    After an error it may be called again. Raises TargetNotEmpty, DatabaseTooNew, DatabaseAway and BlobsAway.
    """
    await source.migrate()
    await target.migrate()
    async with _frozen(source) as old:
        held = await _holdings(old)
        await _require_empty(target)
        names = await _pictures_of(old)
        lost = await _copy_pictures(names, blobs, new_blobs, told)
        found = await _copy_rows(old, held, target, told)
        there = [name for name in names if name not in lost]
        if new_blobs is not blobs:
            await _each(lambda name: len(new_blobs.read(*name)), there)
    return Proof(held, found, len(there), tuple(sorted(lost)))


@asynccontextmanager
async def _frozen(source: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction on the source in which nobody else writes."""
    async with source.write() as old:
        if not source.sqlite:
            names = ", ".join(f'"{table.name}"' for table in METADATA.sorted_tables)
            await old.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
        yield old


async def _require_empty(target: Database) -> None:
    """Raise TargetNotEmpty if any table has rows, except for the name that a first start gives a database."""
    async with target.read() as new:
        for table in METADATA.sorted_tables:
            if table is not INSTALLATION and (await new.execute(select(table).limit(1))).first():
                raise TargetNotEmpty(f"{table.name} has rows")


# rows


async def _copy_rows(
    old: AsyncConnection, held: dict[str, Holding], target: Database, told: Told
) -> dict[str, Holding]:
    """Copy all rows, or none if the target does not hold the same then; returns what it held."""
    async with target.write() as new:
        await new.execute(delete(INSTALLATION))
        for table in METADATA.sorted_tables:
            await _copy(old, new, table)
            told(f"{table.name}: {held[table.name].rows} rows copied")
        for name, column in _LATE.items():
            await _copy_references(old, new, METADATA.tables[name], column)
        found = await _holdings(new)
        if found != held:
            await new.rollback()
        elif not target.sqlite:
            await _continue_ids(new)
    return found


async def _copy(old: AsyncConnection, new: AsyncConnection, table: Table) -> None:
    late = {_LATE[table.name]: None} if table.name in _LATE else {}
    result = await old.stream(select(table).order_by(*table.primary_key))
    async for rows in result.mappings().partitions(_ROWS):
        await new.execute(insert(table), [{**row, **late} for row in rows])


async def _copy_references(old: AsyncConnection, new: AsyncConnection, table: Table, column: str) -> None:
    """Write the references to rows that were copied later."""
    put = text(f'UPDATE "{table.name}" SET {column} = :target WHERE id = :id')  # noqa: S608 (our own names)
    query = select(table.c.id, table.c[column].label("target")).where(table.c[column].is_not(None))
    result = await old.stream(query.order_by(table.c.id))
    async for rows in result.mappings().partitions(_ROWS):
        await new.execute(put, [dict(row) for row in rows])


async def _continue_ids(new: AsyncConnection) -> None:
    """Let PostgreSQL's ids of new rows follow the copied ones; SQLite does so by itself."""
    for table in METADATA.sorted_tables:
        if table.autoincrement_column is not None:
            last = (await new.execute(select(func.max(table.c.id)))).scalar_one()
            sequence = func.pg_get_serial_sequence(f'"{table.name}"', "id")
            if last is not None:
                await new.execute(select(func.setval(sequence, last)))


async def _holdings(connection: AsyncConnection) -> dict[str, Holding]:
    return {table.name: await _holding(connection, table) for table in METADATA.sorted_tables}


async def _holding(connection: AsyncConnection, table: Table) -> Holding:
    """The number of rows and the sum of their digests modulo 2^256, which does not depend on the order."""
    count = total = 0
    result = await connection.stream(select(table))
    async for row in result.mappings():
        count += 1
        values = {name: _plain(value) for name, value in row.items()}
        written = json.dumps(values, sort_keys=True, ensure_ascii=False).encode()
        total += int.from_bytes(hashlib.sha256(written).digest())
    return Holding(count, f"{total % 2**256:064x}")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


# pictures


async def _pictures_of(connection: AsyncConnection) -> list[BlobName]:
    query = select(PICTURES.c.user_id, PICTURES.c.sha256).order_by(PICTURES.c.user_id, PICTURES.c.sha256)
    return [(user, name) for user, name in await connection.execute(query)]


async def _copy_pictures(names: Sequence[BlobName], old: Blobs, new: Blobs, told: Told) -> set[BlobName]:
    """Copy the pictures that the new store lacks; returns those that cannot be read."""

    def copy(name: BlobName) -> BlobName | None:
        try:
            if new is old:
                old.read(*name)
            elif not new.has(*name):
                new.write(name[0], old.read(*name))
        except BlobDamaged:
            return name
        return None

    lost = {name for name in await _each(copy, names) if name is not None}
    told("pictures stay where they are" if new is old else f"{len(names) - len(lost)} pictures copied")
    return lost


async def _each(work: Callable[[BlobName], Any], names: Sequence[BlobName]) -> list[Any]:
    """Run blocking work for all names, a few at once."""
    few = asyncio.Semaphore(_FILES)

    async def one(name: BlobName) -> Any:
        async with few:
            return await asyncio.to_thread(work, name)

    return await asyncio.gather(*(one(name) for name in names))
