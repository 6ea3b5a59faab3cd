"""A database: transactions to write and to read in, and locks between the processes that share it.

Nothing may wait for the network or the editor inside a write transaction. Longer work that must not run twice
at once holds a ``lock``. ``storage.engines`` makes SQLite and PostgreSQL behave alike.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Table, bindparam, text
from sqlalchemy import Row as PlainRow
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker
from sqlalchemy.sql.dml import ReturningInsert

from storage import engines
from storage.errors import DatabaseTooNew
from storage.reserve import Reserve
from storage.schema import Base

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Base)
Item = TypeVar("Item")
MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two attempts at a lock that another process holds."""
_MIGRATION_LOCK = 0x57796C65
"""PostgreSQL's advisory lock for bringing the tables up to date."""
_SHARED: ContextVar[_SharedRead | None] = ContextVar("shared", default=None)


class _SharedRead:
    """The connection that a task reads with inside ``Database.shared_snapshot``."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """A session on the connection, made when it is first needed."""
        self._session = self._session or AsyncSession(self.connection, expire_on_commit=False)
        return self._session

    async def close(self) -> None:
        """Close the session; the transaction belongs to the connection."""
        if self._session is not None:
            await self._session.close()


class Database:
    """One database by its URL. Raises DatabaseUnknown."""

    def __init__(self, url: str) -> None:
        self.url = engines.parse_url(url)
        self.sqlite, self._file = engines.is_sqlite(self.url), engines.sqlite_file(self.url)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        self.reserve = Reserve(None if self._file is None else Path(f"{self._file}.reserve"))
        self._locks = engines.locks(self.url)
        self._writer, self._reader = engines.writer(self.url), engines.reader(self.url)
        brief = {engines.BRIEF: True}
        self._brief_writer = self._writer.execution_options(**brief)
        self._brief_reader = self._reader.execution_options(**brief)
        self._write_session, self._brief_session, self._read_session = (
            async_sessionmaker(engine, expire_on_commit=False)
            for engine in (self._writer, self._brief_writer, self._reader)
        )

    # transactions

    @asynccontextmanager
    async def write(self, brief: bool = False) -> AsyncIterator[AsyncSession]:
        """A session in one transaction: committed at the end, rolled back after any error.

        Rows that are read to be changed are read ``with_for_update``, because others may write at the same
        time.

        Args:
            brief: Each statement touches a few rows by their keys. SQLite's driver then runs the
                statements in the event loop's own thread, which is quicker; PostgreSQL ignores it.

        Raises:
            DiskFull, DatabaseAway: The database failed.
        """
        with _translated():
            async with (self._brief_session if brief else self._write_session).begin() as session:
                yield session

    @asynccontextmanager
    async def transaction(self, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """Like ``write``, without ORM objects: for whole tables, and for what every message writes."""
        with _translated():
            async with (self._brief_writer if brief else self._writer).begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, with one view of the data. Raises DatabaseAway."""
        if (shared := _SHARED.get()) is not None:
            yield shared.session
            return
        with _translated():
            async with self._read_session() as session, session.begin():
                yield session

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[AsyncConnection]:
        """Like ``read``, brief and without ORM objects: for what every message reads."""
        if (shared := _SHARED.get()) is not None:
            yield shared.connection
            return
        with _translated():
            async with self._brief_reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def shared_snapshot(self) -> AsyncIterator[None]:
        """Let all reads of this task in the block share one view of the data.

        They must be brief, and nothing may be written or waited for in the block.
        """
        async with self.rows() as connection:
            shared = _SharedRead(connection)
            token = _SHARED.set(shared)
            try:
                yield
            finally:
                _SHARED.reset(token)
                await shared.close()

    # locks

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Wait for a lock among all processes on this database, and hold it during the block.

        The lock is freed when the process ends, however it ends.
        """
        pause = _FIRST_PAUSE
        while not await self._take(name):
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 1.5 * pause)
        try:
            yield
        finally:
            await self._locks.release(name)

    @asynccontextmanager
    async def if_free(self, name: str) -> AsyncIterator[bool]:
        """Hold a lock during the block if it is free; yield False if it is not."""
        taken = await self._take(name)
        try:
            yield taken
        finally:
            if taken:
                await self._locks.release(name)

    async def _take(self, name: str) -> bool:
        with _translated():
            return await self._locks.take(name)

    async def is_held(self, name: str) -> bool:
        """Whether some process holds a lock now."""
        async with self.if_free(name) as free:
            return not free

    # upkeep

    async def migrate(self) -> None:
        """Bring the tables up to this program's revision.

        Raises DatabaseTooNew for a database of a later version.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))

        def upgrade(connection: Connection) -> None:
            if not self.sqlite:  # if several processes start at once, one of them upgrades
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                if "Can't locate revision" in str(error):
                    newest = ScriptDirectory.from_config(config).get_current_head()
                    raise DatabaseTooNew(f"this program knows revisions up to {newest}") from error
                raise

        async with self.transaction() as connection:
            await connection.run_sync(upgrade)

    async def checkpoint(self) -> bool:
        """Move SQLite's log into the database file; False if a reader kept it from being emptied."""
        return await self._run_alone("PRAGMA wal_checkpoint(TRUNCATE)")

    async def scrub(self) -> bool:
        """Write the database file anew, without the bytes of deleted rows; False if that failed.

        ``secure_delete`` is not enough: when SQLite moves rows between pages, it leaves their old copies in
        the unused part of a page. Others can read meanwhile, but not write. PostgreSQL keeps deleted rows
        until its own vacuum, and longer in its log, which is its administrator's to configure.
        """
        return await self._run_alone("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")

    async def _run_alone(self, *commands: str) -> bool:
        """Run commands of SQLite outside any transaction, on the writer's connection."""
        if not self.sqlite:
            return True
        rows: list[Any] = []
        async with self._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.rollback()
            try:
                for sql in commands:
                    async with driver.execute(sql) as cursor:
                        rows = list(await cursor.fetchall())
            except sqlite3.OperationalError as error:  # no space for a second copy, or locked for too long
                logger.warning("SQLite maintenance failed: %s", error)
                return False
        return not any(row[0] for row in rows)

    async def size(self) -> int:
        """Return the size of the database in bytes, with SQLite's log."""
        if not self.sqlite:
            async with self.read() as session:
                query = text("SELECT pg_database_size(current_database())")
                return int((await session.execute(query)).scalar_one())
        files = [Path(f"{self.url.database}{end}") for end in ("", "-wal")]
        return await asyncio.to_thread(lambda: sum(path.stat().st_size for path in files if path.exists()))

    async def ping(self) -> None:
        """Raise if the database cannot be read."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Free all locks and close all connections."""
        await self._locks.close()
        await self._writer.dispose()
        await self._reader.dispose()


async def added(session: AsyncSession, kind: type[Row], **values: Any) -> Row | None:
    """Add a row and return it; None if there is one with the same key already."""
    statement = _insert(session.get_bind().dialect.name, kind, tuple(values), (kind,))
    return (await session.execute(statement, _new(values))).scalar_one_or_none()


async def added_row(
    connection: AsyncConnection, table: Table, back: str, **values: Any
) -> PlainRow[Any] | None:
    """Like ``added``, without ORM objects; returns the column ``back``."""
    statement = _insert(connection.dialect.name, table, tuple(values), (table.c[back],))
    return (await connection.execute(statement, _new(values))).one_or_none()


@cache
def _insert(dialect: str, target: Any, names: tuple[str, ...], back: tuple[Any, ...]) -> ReturningInsert[Any]:
    """The statement for these columns. Building it takes longer than SQLite takes to run it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return insert(target).values(values).on_conflict_do_nothing().returning(*back)


def _new(values: dict[str, Any]) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in values.items()}


def batches(rows: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the rows in batches of at most ``size``."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the errors of database drivers as those of ``storage.errors``."""
    try:
        yield
    except Exception as error:
        if (known := engines.storage_error(error)) is not None:
            raise known from error
        raise
