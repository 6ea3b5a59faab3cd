"""Locks between processes, which are freed when the process that holds them ends, however it ends.

With PostgreSQL a lock is an advisory lock on a connection kept for that only; the server frees it when the
connection is gone. With SQLite, which serves one host, it is ``flock`` on a file next to the database; the
kernel frees it. Neither needs a clock, a heartbeat or a lease. Names are any text, like ``conversation 7``.
A lock held here cannot be taken by another process, nor here a second time.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

logger = logging.getLogger(__name__)

_LOST = (DBAPIError, OSError)


class FileLocks:
    """A locked file for each lock that is held, removed when the lock is freed.

    ``folder`` is None for a database in memory, which only this process uses.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[str, int | None] = {}

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False if it is not."""
        if name in self._held:
            return False
        handle = None
        if self._folder is not None and (handle := _lock_file(self._folder / _digest(name).hex())) is None:
            return False
        self._held[name] = handle
        return True

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""
        handle = self._held.pop(name, None)
        if handle is not None and self._folder is not None:
            # Removed before it is unlocked, so that nobody locks a file that is about to be removed.
            (self._folder / _digest(name).hex()).unlink(missing_ok=True)
            os.close(handle)

    async def close(self) -> None:
        """Free all locks."""
        for name in list(self._held):
            await self.release(name)
        if self._folder is not None:
            with suppress(OSError):  # not empty, or never made
                self._folder.rmdir()


def _lock_file(path: Path) -> int | None:
    """Lock a file and return its handle; None if another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with suppress(BlockingIOError, FileNotFoundError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == path.stat().st_ino:  # else its holder removed the file meanwhile
            return handle
    os.close(handle)
    return None


class ServerLocks:
    """Advisory locks on one connection to PostgreSQL, which no pooler may share with others."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._held: set[str] = set()
        self._one, self._closed = asyncio.Lock(), False
        self._unwanted: set[asyncio.Task[None]] = set()

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False if it is not."""
        taking = asyncio.create_task(self._take(name))
        try:
            # A cancelled query would close the connection and so free all locks.
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            unwanted = asyncio.create_task(self._give_back(taking, name))
            self._unwanted.add(unwanted)
            unwanted.add_done_callback(self._unwanted.discard)
            raise

    async def _take(self, name: str) -> bool:
        async with self._one:
            if self._closed or name in self._held:  # the server would let us take it a second time
                return False
            try:
                taken = await self._ask("pg_try_advisory_lock", name)
            except _LOST:
                await self._take_all_again()
                taken = await self._ask("pg_try_advisory_lock", name)
            if taken:
                self._held.add(name)
            return taken

    async def _give_back(self, taking: asyncio.Task[bool], name: str) -> None:
        with suppress(*_LOST):
            if await taking:
                await self.release(name)

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""
        await asyncio.shield(self._release(name))

    async def _release(self, name: str) -> None:
        async with self._one:
            self._held.discard(name)
            with suppress(*_LOST):  # a connection that is gone holds nothing
                if self._connection is not None:
                    await self._ask("pg_advisory_unlock", name)

    async def close(self) -> None:
        """Free all locks."""
        async with self._one:
            self._held.clear()
            self._closed = True
            await self._drop()

    async def _ask(self, function: str, name: str) -> bool:
        if self._connection is None:
            self._connection = await self._engine.connect()
        key = int.from_bytes(_digest(name)[:8], signed=True)
        return bool((await self._connection.execute(text(f"SELECT {function}({key})"))).scalar_one())

    async def _take_all_again(self) -> None:
        """Take the held locks again after the connection was lost, and with it the locks."""
        await self._drop()
        for name in self._held:
            if not await self._ask("pg_try_advisory_lock", name):
                logger.warning("the connection to the database was lost, and another process took a lock")

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_LOST):
                await connection.invalidate()
                await connection.close()


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
