"""Engines: what each kind of database needs, so that transactions mean the same on both.

SQLite's default deferred transactions lose concurrent read-modify-write updates without an error. There every write goes
through one pooled connection whose transactions begin IMMEDIATE. On PostgreSQL many write at once, also from other processes;
what a transaction reads to change it, it reads with ``with_for_update`` (which SQLite needs not, and ignores).
"""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import socket
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import DatabaseAway, DatabaseUnknown, DiskFull, StorageError
from storage.locks import FileLocks, Locks, ServerLocks

BUSY_SECONDS = 30.0
FIRST_ROWS = 64
"""Rows of SQLite that come with their statement; those after them are fetched when they are asked for."""
BRIEF = "brief"
"""Option of engines whose transactions touch a few rows by their keys, and so need not leave the event loop for each."""
WRITERS, READERS, MORE_READERS = 4, 4, 4
"""Connections of one process to PostgreSQL; one more holds its locks."""
_SERVER = {
    "application_name": "styleclip-bot",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}
"""Keepalives: the server notices within 40 seconds that a host is gone, and frees its locks."""
_DISK_FULL = "53100"
"""PostgreSQL's code for it."""


def parsed(url: str) -> URL:
    """A database's address: ``sqlite:///FILE``, ``postgresql://USER@HOST/NAME``, or either with our drivers named.

    Raises DatabaseUnknown.
    """
    try:
        found = make_url(url)
    except ArgumentError:
        raise DatabaseUnknown("it is not an address") from None
    drivers = {
        "sqlite": "sqlite+aiosqlite",
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
    }
    found = found.set(drivername=drivers.get(found.drivername, found.drivername))
    if found.drivername not in drivers.values():
        raise DatabaseUnknown(f"{found.drivername} is neither sqlite nor postgresql")
    if found.drivername == "postgresql+asyncpg" and importlib.util.find_spec("asyncpg") is None:
        raise DatabaseUnknown("PostgreSQL needs: pip install 'styleclip-bot[postgres]'")
    return found


class _Cursor(aiosqlite.Cursor):
    """A cursor whose statement and first rows make one way to the connection's thread and back: a way costs more than a query."""

    _conn: _Connection
    _rows: list[Any]
    """Rows that are here already."""
    _more: bool

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> _Cursor:
        """Run a statement, and fetch its first rows while there."""
        self._rows = await self._conn.run(self._started, sql, parameters or ())
        self._more = len(self._rows) == FIRST_ROWS
        return self

    def _started(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(FIRST_ROWS) if self._cursor.description else []

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> _Cursor:
        """Run a statement once for each row of parameters."""
        await self._conn.run(self._cursor.executemany, sql, parameters)
        self._rows, self._more = [], False
        return self

    async def fetchall(self) -> list[Any]:
        """All rows that were not fetched yet."""
        rows, self._rows = self._rows, []
        return [*rows, *await super().fetchall()] if self._more else rows

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Some of them."""
        if not self._rows and self._more:
            return list(await super().fetchmany(size))
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def fetchone(self) -> Any:
        """The next of them, None after the last."""
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        """At once, or when the thread is done with what it is at."""
        if self._conn.busy:
            await super().close()
        else:
            self._cursor.close()


class _Connection(aiosqlite.Connection):
    """A connection that goes to its thread no oftener than it must, and that may be stopped twice.

    In a ``brief`` transaction, which touches a few rows by their keys, only what may wait goes there: the beginning, which waits
    for other writers, and the end, which waits for the disk. A query in between takes less than the way to the thread does.

    A query that is broken off has SQLAlchemy close its connection; broken off once more, SQLAlchemy stops the connection's
    thread at once. Closing then stops it a second time, and would wait forever for a thread that has ended.
    """

    busy = False
    """Whether the thread is at something."""
    brief = False
    """Whether the present transaction is."""
    _stopping: tuple[asyncio.Future[Any] | None] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread; whoever asks again waits for the same end."""
        if self._stopping is None:
            self._stopping = (super().stop(),)
        return self._stopping[0]

    def cursor(self) -> _Cursor:  # type: ignore[override]
        """A new one."""
        return _Cursor(self, self._conn.cursor())

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do something in the thread, or here where that is quicker."""
        return work(*args) if self.brief and not self.busy else await self._execute(work, *args)

    async def commit(self) -> None:
        """End the transaction."""
        self.brief = False
        await super().commit()

    async def rollback(self) -> None:
        """End the transaction."""
        self.brief = False
        await super().rollback()

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self.busy = True  # and it stays so when whoever waits is cancelled: the thread is still at it
        try:
            found = await super()._execute(fn, *args, **kwargs)
        except Exception:
            self.busy = False
            raise
        self.busy = False
        return found


class _Reading(_Connection):
    """A connection that nothing is written through.

    Its transactions take no lock when they begin and have nothing to bring to the disk when they end, so neither is worth a way
    to the thread: the first statement takes the beginning along, and the end is made on the spot.
    """

    _begun = True

    def begin(self) -> None:
        """Begin a transaction, on the way to its first statement."""
        self._begun = False

    async def run(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do something in the thread, or here, in the transaction that was begun."""
        if self._begun:
            return await super().run(work, *args)
        self._begun = True
        return await super().run(self._first, work, *args)

    def _first(self, work: Callable[..., Any], *args: Any) -> Any:
        self._conn.execute("BEGIN DEFERRED")
        return work(*args)

    async def commit(self) -> None:
        """End the transaction."""
        await self.rollback()

    async def rollback(self) -> None:
        """End the transaction."""
        self._begun = True
        if self.busy:
            await super().rollback()
        else:
            self.brief = False
            self._conn.rollback()


def _opened(database: str, **options: Any) -> sqlite3.Connection:
    """A connection whose driver begins no transactions of its own."""
    connection = sqlite3.connect(database, **options | {"check_same_thread": False, "isolation_level": None})
    _write_ahead(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={int(BUSY_SECONDS * 1000)}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(
        "PRAGMA secure_delete=ON"
    )  # deleted rows are overwritten; ``scrub`` sees to their old copies
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on. SQLite itself does not wait where several programs open a new file at once."""
    ends = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite(url: URL, kind: type[_Connection], **pool: Any) -> AsyncEngine:
    def connection(database: str, **options: Any) -> _Connection:
        return kind(lambda: _opened(database, **options), iter_chunk_size=FIRST_ROWS)

    engine = create_async_engine(url, connect_args={"async_creator_fn": connection}, **pool)

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, _Connection)
        if isinstance(driver, _Reading):
            driver.begin()
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        driver.brief = bool(connection.get_execution_options().get(BRIEF))

    return engine


def _postgresql(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(url, connect_args={"server_settings": _SERVER, "timeout": 20}, **options)


def writer(url: URL) -> AsyncEngine:
    """For transactions that change something."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, _Connection, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
    return _postgresql(url, pool_size=WRITERS, max_overflow=0, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)


def reader(url: URL) -> AsyncEngine:
    """For transactions that only read, each with one view of the data."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, _Reading, pool_size=4, max_overflow=4)
    return _postgresql(
        url,
        pool_size=READERS,
        max_overflow=MORE_READERS,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def locks(url: URL) -> Locks:
    """For what has to hold between processes."""
    if url.get_backend_name() == "sqlite":
        return FileLocks(
            Path(f"{url.database}.locks") if url.database and url.database != ":memory:" else None
        )
    return ServerLocks(_postgresql(url, poolclass=NullPool, isolation_level="AUTOCOMMIT"))


def trouble(error: BaseException) -> StorageError | None:
    """What an error of a database means to us, None where it is one of the program's own."""
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None)
        if (
            "disk is full" in str(error.orig)
            or code == _DISK_FULL
            or getattr(error.orig, "errno", None) == errno.ENOSPC
        ):
            return DiskFull("the database cannot grow")
        away = error.connection_invalidated or str(code).startswith(("08", "57P"))
        return DatabaseAway("the connection was lost") if away else None
    if isinstance(error, ConnectionError | socket.gaierror | FileNotFoundError | TimeoutError):
        return DatabaseAway("it does not answer")
    code = getattr(
        error, "sqlstate", None
    )  # the server's refusal of a connection comes as the driver raises it
    return DatabaseAway(str(error)) if isinstance(code, str) else None
