"""Moving an installation: every row to another database, every picture to another store, and the proof that nothing was lost.

The source is read in one transaction that keeps others from writing. Rows go in the order of their keys' dependencies, in batches
that are committed; a move that was broken off goes on from there. Edits and conversations refer to each other: those references
are put in last. The proof compares, for each table, the number of rows and a digest of all that they hold, read back from where
they went; each picture is read back and must have the hash it is named by.
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

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.blobs import Blobs
from storage.database import Database, batches
from storage.errors import BlobDamaged, TargetNotEmpty
from storage.schema import Base, InstallationRow, PictureRow, utc

_ROWS, _FILES = 200, 8
_LATE = {"conversation": ("head_id",), "edit": ("redo_id",)}
"""Columns that refer to rows which come later."""
_MARK = Table("moving", MetaData(), Column("origin", String(64), primary_key=True))
"""In a database that is being moved to: where from. It goes when all is there."""

Told = Callable[[str], None]


@dataclass(frozen=True)
class Holding:
    """What a table holds: its rows, and a digest of them that does not depend on their order."""

    rows: int
    digest: str


@dataclass(frozen=True)
class Proof:
    """What was at the source and what is at the target, by table; and how many pictures were verified there.

    ``lost`` are those that could not be read at the source already, by user and hash.
    """

    source: dict[str, Holding]
    target: dict[str, Holding]
    pictures: int
    lost: tuple[tuple[int, str], ...]

    @property
    def complete(self) -> bool:
        """Whether all that was there is there."""
        return self.source == self.target


async def move(
    source: Database, blobs: Blobs, target: Database, new_blobs: Blobs, told: Told = lambda _: None
) -> Proof:
    """Move everything from one database and store of pictures to others (the same store, if pictures stay).

    Raises TargetNotEmpty, DatabaseTooNew and whatever keeps a database or a store from being reached; may be called again then.
    """
    await source.migrate()
    await _prepare(source, target)
    async with _still(source) as old:
        held = await _holdings(old)
        for table in Base.metadata.sorted_tables:
            told(f"{table.name}: {await _copy(old, target, table)} rows copied")
        await _refer(old, target)
        lost = await _move_pictures(old, blobs, new_blobs, told)
        async with target.transaction() as new:
            found = await _holdings(new)
            pictures = await _verified(new, new_blobs, set(lost))
            if found == held:
                await _count_on(new)
                await new.execute(text("DROP TABLE moving"))
    return Proof(held, found, pictures, tuple(sorted(lost)))


# before


async def _prepare(source: Database, target: Database) -> None:
    """Make the tables of an empty target, and mark it; raise TargetNotEmpty for any other."""
    origin = hashlib.sha256(source.url.render_as_string(hide_password=True).encode()).hexdigest()
    async with target.transaction() as new:
        there = set(await new.run_sync(lambda connection: inspect(connection).get_table_names()))
        if _MARK.name in there:
            if (await new.execute(select(_MARK.c.origin))).scalar_one_or_none() != origin:
                raise TargetNotEmpty("another move to it was begun")
        else:
            for table in Base.metadata.sorted_tables:
                if (
                    table.name in there - {InstallationRow.__tablename__}
                    and (await new.execute(select(func.count()).select_from(table))).scalar_one()
                ):
                    raise TargetNotEmpty(f"{table.name} has rows")
            if InstallationRow.__tablename__ in there:  # a bot was started with it
                await new.execute(delete(InstallationRow))
            await new.run_sync(_MARK.create)
            await new.execute(insert(_MARK).values(origin=origin))
    await target.migrate()


@asynccontextmanager
async def _still(source: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction in which nobody else writes."""
    async with source.transaction() as old:
        if not source.sqlite:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            await old.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
        yield old


# rows


async def _copy(old: AsyncConnection, target: Database, table: Table) -> int:
    """Copy the rows that are not there yet; returns how many."""
    keys = list(table.primary_key.columns)
    async with target.transaction() as new:
        there = {tuple(row) for row in await new.execute(select(*keys))}
    missing = [
        tuple(row) for row in await old.execute(select(*keys).order_by(*keys)) if tuple(row) not in there
    ]
    late = _LATE.get(table.name, ())
    for batch in batches(missing, _ROWS):
        rows = (
            (await old.execute(select(table).where(tuple_(*keys).in_(batch)).order_by(*keys)))
            .mappings()
            .all()
        )
        async with target.transaction() as new:
            await new.execute(insert(table), [_row(row) | dict.fromkeys(late) for row in rows])
    return len(missing)


def _row(row: Any) -> dict[str, Any]:
    """A row with its times in their zone, which SQLite forgets."""
    return {name: utc(value) if isinstance(value, datetime) else value for name, value in row.items()}


async def _refer(old: AsyncConnection, target: Database) -> None:
    """Put in the references to rows that came later."""
    for name, columns in _LATE.items():
        table = Base.metadata.tables[name]
        for column in columns:
            query = (
                select(table.c.id, table.c[column]).where(table.c[column].is_not(None)).order_by(table.c.id)
            )
            put = (
                update(table)
                .where(table.c.id == bindparam("of"))
                .values({column: bindparam("to"), **_same(table)})
            )
            for batch in batches((await old.execute(query)).all(), _ROWS):
                async with target.transaction() as new:
                    await new.execute(put, [{"of": of, "to": to} for of, to in batch])


def _same(table: Table) -> dict[str, Any]:
    """Columns that change by themselves on an update, left as they are."""
    return {column.name: column for column in table.columns if column.onupdate is not None}


async def _count_on(new: AsyncConnection) -> None:
    """New rows get numbers after those that came with theirs; SQLite sees to that itself."""
    if new.dialect.name != "postgresql":
        return
    for table in Base.metadata.sorted_tables:
        last = (
            (await new.execute(select(func.max(table.c.id)))).scalar_one()
            if table.autoincrement_column is not None
            else None
        )
        if last is not None:
            await new.execute(select(func.setval(func.pg_get_serial_sequence(f'"{table.name}"', "id"), last)))


# the proof


async def _holdings(connection: AsyncConnection) -> dict[str, Holding]:
    return {table.name: await _holding(connection, table) for table in Base.metadata.sorted_tables}


async def _holding(connection: AsyncConnection, table: Table) -> Holding:
    """Rows, and the sum of their digests modulo 2^256: the same whatever order a database keeps them in."""
    count = total = 0
    result = await connection.stream(select(table))
    async for row in result.mappings():
        count += 1
        total += int.from_bytes(hashlib.sha256(_written(row)).digest())
    return Holding(count, f"{total % 2**256:064x}")


def _written(row: Any) -> bytes:
    return json.dumps(
        {name: _plain(value) for name, value in row.items()}, sort_keys=True, ensure_ascii=False
    ).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value).isoformat(timespec="microseconds")
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


# pictures


async def _named(connection: AsyncConnection) -> list[tuple[int, str]]:
    query = select(PictureRow.user_id, PictureRow.sha256).order_by(PictureRow.user_id, PictureRow.sha256)
    return [(user, name) for user, name in await connection.execute(query)]


async def _move_pictures(old: AsyncConnection, blobs: Blobs, new: Blobs, told: Told) -> list[tuple[int, str]]:
    """Copy the pictures that are not there yet; returns those that could not be read."""

    def one(name: tuple[int, str]) -> tuple[int, str] | None:
        try:
            if not new.has(*name):
                new.write(name[0], blobs.read(*name))
        except BlobDamaged:
            return name
        return None

    names = [] if blobs is new else await _named(old)
    lost = [name for name in await _each(one, names) if name is not None]
    told(f"{len(names) - len(lost)} pictures copied" if blobs is not new else "pictures stay where they are")
    return lost


async def _verified(new: AsyncConnection, blobs: Blobs, lost: set[tuple[int, str]]) -> int:
    """Read every picture back, which verifies it; returns how many there are. Raises BlobDamaged for one that was copied."""
    names = [name for name in await _named(new) if name not in lost]
    await _each(lambda name: len(blobs.read(*name)), names)
    return len(names)


async def _each(work: Callable[[tuple[int, str]], Any], names: Sequence[tuple[int, str]]) -> list[Any]:
    """Work on all names, a few at once."""
    few = asyncio.Semaphore(_FILES)

    async def one(name: tuple[int, str]) -> Any:
        async with few:
            return await asyncio.to_thread(work, name)

    return await asyncio.gather(*(one(name) for name in names))


__all__ = ["Holding", "Proof", "TargetNotEmpty", "move"]
