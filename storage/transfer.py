"""Move an installation: every row to another database, every picture to another store, with a proof that
nothing was lost.

The source is read in one transaction that keeps others from writing. Tables are copied in the order of their
dependencies, in batches that are committed, so that an interrupted move continues where it was. Edits and
conversations refer to each other; those references are written last. For the proof, the number of rows and a
digest of their contents are compared for each table, and each picture is read back and must have the hash
that is its name.
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

from storage.blobs import BlobName, Blobs
from storage.database import Database, batches
from storage.errors import BlobDamaged, TargetNotEmpty
from storage.schema import Base, InstallationRow, PictureRow, utc

_ROWS, _FILES = 200, 8
_LATE = {"conversation": ("head_id",), "edit": ("redo_id",)}
"""Columns that refer to rows which are copied later."""
_MARK = Table("moving", MetaData(), Column("origin", String(64), primary_key=True))
"""Marks a database that is being moved to, with a hash of the source's address. Removed at the end."""

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
    await _prepare(source, target)
    async with _frozen(source) as old:
        held = await _holdings(old)
        for table in Base.metadata.sorted_tables:
            told(f"{table.name}: {await _copy(old, target, table)} rows copied")
        await _copy_references(old, target)
        lost = await _move_pictures(old, blobs, new_blobs, told)
        async with target.transaction() as new:
            found = await _holdings(new)
            pictures = await _verified(new, new_blobs, set(lost))
            if found == held:
                await _continue_ids(new)
                await new.execute(text("DROP TABLE moving"))
    return Proof(held, found, pictures, tuple(sorted(lost)))


# before


async def _prepare(source: Database, target: Database) -> None:
    """Make the tables of an empty target and mark it. Raises TargetNotEmpty."""
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
async def _frozen(source: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction on the source in which nobody else writes."""
    async with source.transaction() as old:
        if not source.sqlite:
            names = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables)
            await old.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
        yield old


# rows


async def _copy(old: AsyncConnection, target: Database, table: Table) -> int:
    """Copy the rows that the target lacks; returns how many."""
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
    """A row with the time zones that SQLite forgets."""
    return {name: utc(value) if isinstance(value, datetime) else value for name, value in row.items()}


async def _copy_references(old: AsyncConnection, target: Database) -> None:
    """Write the references to rows that were copied later."""
    for name, columns in _LATE.items():
        table = Base.metadata.tables[name]
        for column in columns:
            query = (
                select(table.c.id, table.c[column]).where(table.c[column].is_not(None)).order_by(table.c.id)
            )
            put = (
                update(table)
                .where(table.c.id == bindparam("of"))
                .values({column: bindparam("to"), **_unchanged(table)})
            )
            for batch in batches((await old.execute(query)).all(), _ROWS):
                async with target.transaction() as new:
                    await new.execute(put, [{"of": of, "to": to} for of, to in batch])


def _unchanged(table: Table) -> dict[str, Any]:
    """Keeps an update from changing columns that have an ``onupdate`` value."""
    return {column.name: column for column in table.columns if column.onupdate is not None}


async def _continue_ids(new: AsyncConnection) -> None:
    """Let ids of new rows follow the copied ones; SQLite does so by itself."""
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
    """The number of rows and the sum of their digests modulo 2^256, which does not depend on the order."""
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


async def _named(connection: AsyncConnection) -> list[BlobName]:
    query = select(PictureRow.user_id, PictureRow.sha256).order_by(PictureRow.user_id, PictureRow.sha256)
    return [(user, name) for user, name in await connection.execute(query)]


async def _move_pictures(old: AsyncConnection, blobs: Blobs, new: Blobs, told: Told) -> list[BlobName]:
    """Copy the pictures that the new store lacks; returns those that could not be read."""

    def one(name: BlobName) -> BlobName | None:
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


async def _verified(new: AsyncConnection, blobs: Blobs, lost: set[BlobName]) -> int:
    """Read every picture back, which verifies it, and count them. Raises BlobDamaged."""
    names = [name for name in await _named(new) if name not in lost]
    await _each(lambda name: len(blobs.read(*name)), names)
    return len(names)


async def _each(work: Callable[[BlobName], Any], names: Sequence[BlobName]) -> list[Any]:
    """Run blocking work for all names, a few at once."""
    few = asyncio.Semaphore(_FILES)

    async def one(name: BlobName) -> Any:
        async with few:
            return await asyncio.to_thread(work, name)

    return await asyncio.gather(*(one(name) for name in names))
