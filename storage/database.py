"""A database: one place to write, one to read, and locks between the processes that share it.

Nothing may wait for the network or the editor inside a write transaction. What goes on for longer, and must not go on twice at
once, holds a ``lock``. How SQLite and PostgreSQL are brought to behave alike is in ``storage.engines``.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy import Row as PlainRow
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker

from storage import engines
from storage.errors import DatabaseTooNew
from storage.reserve import Reserve
from storage.schema import Base

logger = logging.getLogger(__name__)

Row = TypeVar("Row", bound=Base)
MIGRATIONS = Path(__file__).parent / "migrations"
_FIRST_LOOK, _LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks whether a lock that another process holds is free."""
_SHARED: ContextVar[_Shared | None] = ContextVar("shared", default=None)
_MIGRATING = 0x57796C65
"""The advisory lock of whoever brings the tables up to date."""


class _Shared:
    """What a task reads with: a connection, and a session on it if one is asked for."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """Made when it is needed, which is seldom."""
        self._session = self._session or AsyncSession(self.connection, expire_on_commit=False)
        return self._session

    async def close(self) -> None:
        """Only the session: the transaction is its connection's."""
        if self._session is not None:
            await self._session.close()


class Database:
    """The writer and reader engines of one database URL, and its locks. Raises DatabaseUnknown."""

    def __init__(self, url: str) -> None:
        self.url = engines.parsed(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self._writer, self._reader = engines.writer(self.url), engines.reader(self.url)
        self._locks = engines.locks(self.url)
        on_disk = self.sqlite and self.url.database not in (None, "", ":memory:")
        self.reserve = Reserve(Path(f"{self.url.database}.reserve") if on_disk else None)
        self._brief_writer, self._brief_reader = (
            engine.execution_options(**{engines.BRIEF: True}) for engine in (self._writer, self._reader)
        )
        self._write_session, self._brief_session, self._read_session = (
            async_sessionmaker(engine, expire_on_commit=False)
            for engine in (self._writer, self._brief_writer, self._reader)
        )

    @asynccontextmanager
    async def write(self, brief: bool = False) -> AsyncIterator[AsyncSession]:
        """A session in one transaction, committed at the end and rolled back by any error. Raises DiskFull, DatabaseAway.

        Rows that are read to be changed are read ``with_for_update``: others may write at the same time. ``brief``: each
        statement touches a few rows by their keys.
        """
        with _in_our_words():
            async with (self._brief_session if brief else self._write_session).begin() as session:
                yield session

    @asynccontextmanager
    async def transaction(self, brief: bool = False) -> AsyncIterator[AsyncConnection]:
        """Like ``write``, without objects: for work on whole tables, and for what every message writes."""
        with _in_our_words():
            async with (self._brief_writer if brief else self._writer).begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads, with one view of the data. Raises DatabaseAway."""
        if (shared := _SHARED.get()) is not None:
            yield shared.session
            return
        with _in_our_words():
            async with self._read_session() as session, session.begin():
                yield session

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[AsyncConnection]:
        """Like ``read``, without objects and brief: for what every message reads."""
        if (shared := _SHARED.get()) is not None:
            yield shared.connection
            return
        with _in_our_words():
            async with self._brief_reader.begin() as connection:
                yield connection

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """All that this task reads in the block is read with one view of the data, by keys. Nothing may be written in it, nor
        wait for others."""
        async with self.rows() as connection:
            shared = _Shared(connection)
            token = _SHARED.set(shared)
            try:
                yield
            finally:
                _SHARED.reset(token)
                await shared.close()

    @asynccontextmanager
    async def lock(self, name: str) -> AsyncIterator[None]:
        """Wait for a lock among all processes on this database, and hold it for the length of the block.

        It ends with this process, however that ends.
        """
        pause = _FIRST_LOOK
        while not await self._take(name):
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 1.5 * pause)
        try:
            yield
        finally:
            await self._locks.release(name)

    @asynccontextmanager
    async def if_free(self, name: str) -> AsyncIterator[bool]:
        """Hold a lock for the length of the block if nobody holds it; False where somebody does."""
        taken = await self._take(name)
        try:
            yield taken
        finally:
            if taken:
                await self._locks.release(name)

    async def _take(self, name: str) -> bool:
        with _in_our_words():
            return await self._locks.take(name)

    async def is_held(self, name: str) -> bool:
        """Whether some process holds a lock now."""
        async with self.if_free(name) as free:
            return not free

    async def migrate(self) -> None:
        """Bring the tables up to this program's revision. Raises DatabaseTooNew for a database of a later version."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))

        def upgrade(connection: Connection) -> None:
            if not self.sqlite:  # of several processes that start at once, one does it
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
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
        """Fold SQLite's write-ahead log into the database file; False where a reader kept it from being emptied."""
        return await self._fold("PRAGMA wal_checkpoint(TRUNCATE)")

    async def scrub(self) -> bool:
        """Write the database file anew, so that nothing is left in it of rows that were deleted; False where that failed.

        ``secure_delete`` alone is not enough: when SQLite moves rows between pages it leaves their old copies in what is
        unallocated of a page, and those outlive the rows. Others can read meanwhile, and not write. PostgreSQL keeps what
        was deleted until its own vacuum reuses the space, and longer in its log: that is its administrator's to set.
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

    async def size(self) -> int:
        """Bytes that the database takes, with SQLite's log."""
        if not self.sqlite:
            async with self.read() as session:
                return int(
                    (await session.execute(text("SELECT pg_database_size(current_database())"))).scalar_one()
                )
        files = [Path(f"{self.url.database}{end}") for end in ("", "-wal")]
        return await asyncio.to_thread(lambda: sum(path.stat().st_size for path in files if path.exists()))

    async def ping(self) -> None:
        """Raise if the database cannot be read."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give back all locks and connections."""
        await self._locks.close()
        await self._writer.dispose()
        await self._reader.dispose()


async def added(session: AsyncSession, kind: type[Row], **values: Any) -> Row | None:
    """Add a row and return it; None if there is one with the same key, perhaps added by another process just now."""
    statement = _insert(session.get_bind().dialect.name, kind).values(values)
    return (await session.execute(statement.on_conflict_do_nothing().returning(kind))).scalar_one_or_none()


async def added_row(
    connection: AsyncConnection, kind: type[Base], back: Sequence[str], **values: Any
) -> PlainRow[Any] | None:
    """Add a row without objects and return the columns ``back``; None if there is one with the same key."""
    columns = [kind.__table__.c[name] for name in back]
    statement = _insert(connection.dialect.name, kind).values(values)
    return (await connection.execute(statement.on_conflict_do_nothing().returning(*columns))).one_or_none()


def _insert(dialect: str, kind: type[Base]) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(kind) if dialect == "sqlite" else postgresql.insert(kind)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Errors of drivers that mean something to us are raised as ours."""
    try:
        yield
    except Exception as error:
        if (meant := engines.trouble(error)) is not None:
            raise meant from error
        raise
