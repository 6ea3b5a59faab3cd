"""SQLAlchemy engines that make transactions mean the same on SQLite and on PostgreSQL.

SQLite's default deferred transactions lose concurrent read-modify-write updates without an error. So every
write uses one pooled connection whose transactions begin IMMEDIATE. On PostgreSQL many processes write at
once; a transaction reads what it changes ``with_for_update``, which SQLite ignores.
"""

from __future__ import annotations

import errno
import importlib.util
import socket
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import DatabaseAway, DatabaseUnknown, DiskFull, StorageError
from storage.locks import FileLocks, ServerLocks
from storage.sqlite_driver import BUSY_SECONDS, FIRST_ROWS, ReadConnection, SqliteConnection, open_connection

BRIEF = "brief"
"""Execution option: the statements of a transaction touch a few rows by their keys (``SqliteConnection``)."""
WRITERS, READERS, MORE_READERS = 4, 4, 4
"""Connections of one process to PostgreSQL; one more holds its locks."""
_SERVER_SETTINGS = {
    "application_name": "styleclip-bot",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}
"""With these keepalives the server notices within 40 seconds that a host is gone, and frees its locks."""
_DISK_FULL = "53100"
"""PostgreSQL's error code."""
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def parse_url(url: str) -> URL:
    """Parse an address: ``sqlite:///FILE``, ``postgresql://USER@HOST/NAME``, or with our drivers named.

    Raises DatabaseUnknown.
    """
    try:
        found = make_url(url)
    except ArgumentError:
        raise DatabaseUnknown("it is not an address") from None
    found = found.set(drivername=_DRIVERS.get(found.drivername, found.drivername))
    if found.drivername not in _DRIVERS.values():
        raise DatabaseUnknown(f"{found.drivername} is neither sqlite nor postgresql")
    if found.drivername == "postgresql+asyncpg" and importlib.util.find_spec("asyncpg") is None:
        raise DatabaseUnknown("PostgreSQL needs: pip install 'styleclip-bot[postgres]'")
    return found


def is_sqlite(url: URL) -> bool:
    """Whether it is the address of an SQLite database."""
    return url.get_backend_name() == "sqlite"


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database, None for one in memory and for PostgreSQL."""
    return Path(url.database) if is_sqlite(url) and url.database not in (None, "", ":memory:") else None


def _sqlite(url: URL, kind: type[SqliteConnection], **pool: Any) -> AsyncEngine:
    def connection(database: str, **options: Any) -> SqliteConnection:
        return kind(lambda: open_connection(database, **options), iter_chunk_size=FIRST_ROWS)

    engine = create_async_engine(url, connect_args={"async_creator_fn": connection}, **pool)

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, SqliteConnection)
        if isinstance(driver, ReadConnection):
            driver.begin()
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        driver.brief = bool(connection.get_execution_options().get(BRIEF))

    return engine


def _postgresql(url: URL, **options: Any) -> AsyncEngine:
    arguments = {"server_settings": _SERVER_SETTINGS, "timeout": 20}
    return create_async_engine(url, connect_args=arguments, **options)


def writer(url: URL) -> AsyncEngine:
    """An engine for transactions that write."""
    if is_sqlite(url):
        return _sqlite(url, SqliteConnection, pool_size=1, max_overflow=0, pool_timeout=BUSY_SECONDS)
    return _postgresql(url, pool_size=WRITERS, max_overflow=0, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)


def reader(url: URL) -> AsyncEngine:
    """An engine for transactions that only read, each with one view of the data."""
    if is_sqlite(url):
        return _sqlite(url, ReadConnection, pool_size=4, max_overflow=4)
    return _postgresql(
        url,
        pool_size=READERS,
        max_overflow=MORE_READERS,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )


def locks(url: URL) -> FileLocks | ServerLocks:
    """The locks between the processes on a database."""
    if is_sqlite(url):
        file = sqlite_file(url)
        return FileLocks(None if file is None else Path(f"{file}.locks"))
    return ServerLocks(_postgresql(url, poolclass=NullPool, isolation_level="AUTOCOMMIT"))


def storage_error(error: BaseException) -> StorageError | None:
    """Translate an error of a database driver; None for an error of the program itself."""
    code = getattr(error, "sqlstate", None)
    if isinstance(error, DBAPIError):
        code = getattr(error.orig, "sqlstate", None)
        no_space = code == _DISK_FULL or getattr(error.orig, "errno", None) == errno.ENOSPC
        if no_space or "disk is full" in str(error.orig):
            return DiskFull("the database cannot grow")
        lost = error.connection_invalidated or str(code).startswith(("08", "57P"))
        return DatabaseAway("the connection was lost") if lost else None
    if isinstance(error, ConnectionError | socket.gaierror | FileNotFoundError | TimeoutError):
        return DatabaseAway("it does not answer")
    return DatabaseAway(str(error)) if isinstance(code, str) else None  # the server refused the connection
