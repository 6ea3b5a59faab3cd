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
WRITERS, READERS, MORE_READERS = 4, 4, 4
"""Connections of one process to PostgreSQL; one more holds its locks."""
_SERVER = {
    "application_name": "styleclip-bot", "tcp_keepalives_idle": "20", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "4",
}  # fmt: skip
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
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
    found = found.set(drivername=drivers.get(found.drivername, found.drivername))
    if found.drivername not in drivers.values():
        raise DatabaseUnknown(f"{found.drivername} is neither sqlite nor postgresql")
    if found.drivername == "postgresql+asyncpg" and importlib.util.find_spec("asyncpg") is None:
        raise DatabaseUnknown("PostgreSQL needs: pip install 'styleclip-bot[postgres]'")
    return found


class _Cursor(aiosqlite.Cursor):
    """A cursor that is opened and closed on the spot: each way to the connection's thread and back costs more than most queries."""

    _busy = False

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self._busy = True  # and it stays so when whoever waits is cancelled: the thread is still at it
        found = await super()._execute(fn, *args, **kwargs)
        self._busy = False
        return found

    async def close(self) -> None:
        """At once, or when the thread is done with it."""
        if self._busy:
            await super().close()
        else:
            self._cursor.close()


class _Connection(aiosqlite.Connection):
    """A connection that may be stopped twice.

    A query that is broken off has SQLAlchemy close its connection; broken off once more, SQLAlchemy stops the connection's
    thread at once. Closing then stops it a second time, and would wait forever for a thread that has ended.
    """

    _stopping: tuple[asyncio.Future[Any] | None] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread; whoever asks again waits for the same end."""
        if self._stopping is None:
            self._stopping = (super().stop(),)
        return self._stopping[0]

    def cursor(self) -> _Cursor:  # type: ignore[override]
        """A new one."""
        return _Cursor(self, self._conn.cursor())


def _connection(database: str, **options: Any) -> _Connection:
    return _Connection(lambda: sqlite3.connect(database, **options | {"check_same_thread": False}), iter_chunk_size=64)


def _sqlite(url: URL, begin: str, **pool: Any) -> AsyncEngine:
    engine = create_async_engine(url, connect_args={"async_creator_fn": _connection}, **pool)

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

    return engine


def _postgresql(url: URL, **options: Any) -> AsyncEngine:
    return create_async_engine(url, connect_args={"server_settings": _SERVER, "timeout": 20}, **options)


def writer(url: URL) -> AsyncEngine:
    """For transactions that change something."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, "BEGIN IMMEDIATE", pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
    return _postgresql(url, pool_size=WRITERS, max_overflow=0, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)


def reader(url: URL) -> AsyncEngine:
    """For transactions that only read, each with one view of the data."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, "BEGIN DEFERRED", pool_size=4, max_overflow=4)
    return _postgresql(
        url, pool_size=READERS, max_overflow=MORE_READERS, pool_pre_ping=True, isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )  # fmt: skip


def locks(url: URL) -> Locks:
    """For what has to hold between processes."""
    if url.get_backend_name() == "sqlite":
        return FileLocks(Path(f"{url.database}.locks") if url.database and url.database != ":memory:" else None)
    return ServerLocks(_postgresql(url, poolclass=NullPool, isolation_level="AUTOCOMMIT"))


def trouble(error: BaseException) -> StorageError | None:
    """What an error of a database means to us, None where it is one of the program's own."""
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None)
        if "disk is full" in str(error.orig) or code == _DISK_FULL or getattr(error.orig, "errno", None) == errno.ENOSPC:
            return DiskFull("the database cannot grow")
        away = error.connection_invalidated or str(code).startswith(("08", "57P"))
        return DatabaseAway("the connection was lost") if away else None
    if isinstance(error, ConnectionError | socket.gaierror | FileNotFoundError | TimeoutError):
        return DatabaseAway("it does not answer")
    code = getattr(error, "sqlstate", None)  # the server's refusal of a connection comes as the driver raises it
    return DatabaseAway(str(error)) if isinstance(code, str) else None
