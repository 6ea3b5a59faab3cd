"""Connections to SQLite that save trips to their thread.

aiosqlite runs every call in the connection's thread, one trip for each of execute, fetch and close. A trip
takes longer than most of our queries: with these classes the storage's part of a message takes 6 ms instead
of 10 (processor time, two cores).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import Any

import aiosqlite

BUSY_SECONDS = 30.0
"""How long a statement waits for another process that writes."""
FIRST_ROWS = 64
"""Number of rows that are fetched together with their statement; the others are fetched on demand."""


class Cursor(aiosqlite.Cursor):
    """A cursor that executes a statement and fetches its first rows in one trip."""

    _conn: SqliteConnection
    _rows: list[Any]
    """Rows that were fetched and not handed out yet."""
    _more: bool

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Cursor:
        """Run a statement and fetch its first rows."""
        self._rows = await self._conn.run(self._execute_and_fetch, sql, parameters or ())
        self._more = len(self._rows) == FIRST_ROWS
        return self

    def _execute_and_fetch(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchmany(FIRST_ROWS) if self._cursor.description else []

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Cursor:
        """Run a statement once for each row of parameters."""
        await self._conn.run(self._cursor.executemany, sql, parameters)
        self._rows, self._more = [], False
        return self

    async def fetchall(self) -> list[Any]:
        """Return all remaining rows."""
        rows, self._rows = self._rows, []
        return [*rows, *await super().fetchall()] if self._more else rows

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return at most ``size`` remaining rows."""
        if not self._rows and self._more:
            return list(await super().fetchmany(size))
        count = size or self.arraysize
        rows, self._rows = self._rows[:count], self._rows[count:]
        return rows

    async def fetchone(self) -> Any:
        """Return the next row, None after the last."""
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        """Close the cursor at once, or when the thread has finished its present call."""
        if self._conn.busy:
            await super().close()
        else:
            self._cursor.close()


class SqliteConnection(aiosqlite.Connection):
    """A connection that runs brief transactions in the event loop's own thread, and that may be stopped
    twice.

    In a ``brief`` transaction, whose statements touch a few rows by their keys, only the begin (which waits
    for other writers) and the end (which waits for the disk) run in the connection's thread.

    When a query is cancelled, SQLAlchemy closes its connection; when it is cancelled again meanwhile,
    SQLAlchemy also stops the connection's thread. Stopping it a second time would wait forever, so ``stop``
    returns the first result again.
    """

    busy = False
    """Whether the thread is running a call."""
    brief = False
    """Whether the present transaction is brief."""
    _stopped: tuple[asyncio.Future[Any] | None] | None = None

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread, once."""
        if self._stopped is None:
            self._stopped = (super().stop(),)
        return self._stopped[0]

    def cursor(self) -> Cursor:  # type: ignore[override]
        """Make a cursor."""
        return Cursor(self, self._conn.cursor())

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a call in the thread, or here if that is quicker."""
        return call(*args) if self.brief and not self.busy else await self._execute(call, *args)

    async def commit(self) -> None:
        """Commit the transaction."""
        self.brief = False
        await super().commit()

    async def rollback(self) -> None:
        """Roll the transaction back."""
        self.brief = False
        await super().rollback()

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self.busy = True  # also after a cancellation, because the thread still runs the call then
        try:
            found = await super()._execute(fn, *args, **kwargs)
        except Exception:
            self.busy = False
            raise
        self.busy = False
        return found


class ReadConnection(SqliteConnection):
    """A connection that only reads.

    Its transactions take no lock when they begin and write nothing when they end. So the begin runs together
    with the first statement, and the end runs here.
    """

    _begun = True

    def begin(self) -> None:
        """Begin a transaction together with its first statement."""
        self._begun = False

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """Run a call in the thread, or here, in the transaction that was begun."""
        if self._begun:
            return await super().run(call, *args)
        self._begun = True
        return await super().run(self._begin_and_call, call, *args)

    def _begin_and_call(self, call: Callable[..., Any], *args: Any) -> Any:
        self._conn.execute("BEGIN DEFERRED")
        return call(*args)

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


def open_connection(database: str, **options: Any) -> sqlite3.Connection:
    """Open a database whose driver begins no transactions by itself."""
    connection = sqlite3.connect(database, **options | {"check_same_thread": False, "isolation_level": None})
    _use_write_ahead_log(connection)
    pragmas = (
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={int(BUSY_SECONDS * 1000)}",
        "secure_delete=ON",  # overwrites deleted rows; ``Database.scrub`` removes their old copies
    )
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on; if several processes open a new file, SQLite itself does not wait."""
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
