"""Connections: one writer, many readers.

SQLite's default deferred transactions lose concurrent read-modify-write updates without an error. So every write goes
through an engine of one pooled connection whose transactions begin IMMEDIATE, and reads through an engine of their own.
Nothing may wait for the network or the editor inside a write transaction.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from storage.errors import DatabaseTooNew, DiskFull

logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 30.0


def _prepare_sqlite(engine: AsyncEngine, begin: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={int(BUSY_SECONDS * 1000)}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute("PRAGMA secure_delete=ON")  # deleted rows are overwritten; ``scrub`` sees to their old copies
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


class Database:
    """The writer and reader engines of one database URL."""

    def __init__(self, url: str) -> None:
        self.url, parsed = url, make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if self.sqlite and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self._writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
        self._reader = create_async_engine(url, pool_size=4, max_overflow=4)
        if self.sqlite:
            _prepare_sqlite(self._writer, "BEGIN IMMEDIATE")
            _prepare_sqlite(self._reader, "BEGIN DEFERRED")
        self._write_session = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read_session = async_sessionmaker(self._reader, expire_on_commit=False)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction, committed at the end and rolled back by any error."""
        try:
            async with self._write_session.begin() as session:
                yield session
        except OperationalError as error:
            if "disk is full" in str(error) or getattr(error.orig, "errno", None) == errno.ENOSPC:
                raise DiskFull("the database cannot grow") from error
            raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, with one view of the data."""
        async with self._read_session() as session, session.begin():
            yield session

    async def migrate(self) -> None:
        """Bring the tables up to this program's revision. Raises DatabaseTooNew for a database of a later version."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))

        def upgrade(connection: Connection) -> None:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                if "Can't locate revision" in str(error):
                    newest = ScriptDirectory.from_config(config).get_current_head()
                    raise DatabaseTooNew(f"this program knows revisions up to {newest}") from error
                raise

        async with self._writer.begin() as connection:
            await connection.run_sync(upgrade)

    async def checkpoint(self) -> bool:
        """Fold SQLite's write-ahead log into the database file; False where a reader kept it from being emptied."""
        return await self._fold("PRAGMA wal_checkpoint(TRUNCATE)")

    async def scrub(self) -> bool:
        """Write the database file anew, so that nothing is left in it of rows that were deleted; False where that failed.

        ``secure_delete`` alone is not enough: when SQLite moves rows between pages it leaves their old copies in what is
        unallocated of a page, and those outlive the rows. Others can read meanwhile, and not write. PostgreSQL keeps what
        was deleted until its own vacuum reuses the space.
        """
        return await self._fold("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")

    async def _fold(self, *commands: str) -> bool:
        """Run commands outside of any transaction on the writer's connection; rows already written stay as they are."""
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
                logger.warning("the database could not be tidied: %s", error)
                return False
        return not any(row[0] for row in rows)

    async def ping(self) -> None:
        """Raise if the database cannot be read."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Return all connections."""
        await self._writer.dispose()
        await self._reader.dispose()
