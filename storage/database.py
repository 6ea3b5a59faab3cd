"""A database: transactions to write and to read in, and locks between the processes that share it.

Nothing may wait for the network or the editor inside a write transaction. Longer work that must not run twice
at once holds a ``lock``. ``storage.engines`` makes SQLite and PostgreSQL behave alike.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Table, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from storage import engines
from storage.errors import DatabaseTooNew
from storage.reserve import Reserve

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two attempts at a lock that another process holds."""
_MIGRATION_LOCK = 0x57796C65
"""PostgreSQL's advisory lock for bringing the tables up to date."""
_SHARED: ContextVar[AsyncConnection | None] = ContextVar("shared", default=None)
"""The connection that a task reads with inside ``Database.shared_snapshot``."""


class Database:
    """One database by its URL. Raises DatabaseUnknown.

    A ``brief`` transaction is one whose statements touch a few rows by their keys. SQLite's driver runs them
    in the event loop's own thread, which is quicker; PostgreSQL makes no difference.
    """

    def __init__(self, url: str) -> None:
        self.url = engines.parse_url(url)
        self.sqlite, file = engines.is_sqlite(self.url), engines.sqlite_file(self.url)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
        self.reserve = Reserve(None if file is None else Path(f"{file}.reserve"))
        self._locks = engines.locks(self.url)
        self._writer, self._reader = engines.writer(self.url), engines.reader(self.url)
        brief = {engines.BRIEF: True}
        self._brief_writer = self._writer.execution_options(**brief)
        self._brief_reader = self._reader.execution_options(**brief)

    # transactions

    @asynccontextmanager
    async def write(self, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back after any error. Raises DiskFull, DatabaseAway.

        Rows that are read to be changed are read ``with_for_update``, because others may write at the same
        time.
        """
        with _translated():
            async with (self._brief_writer if brief else self._writer).begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, with one view of the data. Raises DatabaseAway."""
        if (shared := _SHARED.get()) is not None:
            yield shared
            return
        with _translated():
            async with (self._brief_reader if brief else self._reader).begin() as connection:
                yield connection

    @asynccontextmanager
    async def shared_snapshot(self) -> AsyncIterator[None]:
        """Let all reads of this task in the block share one view of the data.

        They must be brief, and nothing may be written or waited for in the block.
        """
        async with self.read(brief=True) as connection:
            token = _SHARED.set(connection)
            try:
                yield
            finally:
                _SHARED.reset(token)

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

        async with self.write() as connection:
            await connection.run_sync(upgrade)

    async def scrub(self) -> None:
        """Write SQLite's file anew, without the bytes of deleted rows, and empty its log.

        ``secure_delete`` is not enough: when SQLite moves rows between pages, it leaves their old copies in
        the unused part of a page. Others can read meanwhile, but not write. PostgreSQL keeps deleted rows
        until its own vacuum, and longer in its log, which is its administrator's to configure.
        """
        if not self.sqlite:
            return
        async with self._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.rollback()  # both commands need to run outside any transaction
            try:
                for sql in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    async with driver.execute(sql) as cursor:
                        await cursor.fetchall()
            except sqlite3.OperationalError as error:  # no space for a second copy, or locked for too long
                logger.warning("SQLite maintenance failed: %s", error)

    async def size(self) -> int:
        """Return the size of the database in bytes, with SQLite's log."""
        if not self.sqlite:
            async with self.read() as connection:
                query = text("SELECT pg_database_size(current_database())")
                return int((await connection.execute(query)).scalar_one())
        files = [Path(f"{self.url.database}{end}") for end in ("", "-wal")]
        return await asyncio.to_thread(lambda: sum(path.stat().st_size for path in files if path.exists()))

    async def ping(self) -> bool:
        """Return True, or raise if the database cannot be read."""
        async with self.read() as connection:
            return bool((await connection.execute(text("SELECT 1"))).scalar_one())

    async def close(self) -> None:
        """Free all locks and close all connections."""
        await self._locks.close()
        await self._writer.dispose()
        await self._reader.dispose()


async def add_new(connection: AsyncConnection, table: Table, **values: Any) -> Any:
    """Add a row and return its (first) primary key; None if there is one with the same key already."""
    statement = _insert(connection.dialect.name, table, tuple(values))
    given = {f"new_{name}": value for name, value in values.items()}
    return (await connection.execute(statement, given)).scalar_one_or_none()


@cache
def _insert(dialect: str, table: Table, names: tuple[str, ...]) -> ReturningInsert[Any]:
    """The statement for these columns. Building it takes longer than SQLite takes to run it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise the errors of database drivers as those of ``storage.errors``."""
    try:
        yield
    except Exception as error:
        if (known := engines.storage_error(error)) is not None:
            raise known from error
        raise
