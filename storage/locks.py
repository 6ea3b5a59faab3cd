"""Locks between processes, which are freed when the process that holds them ends, however it ends.

With PostgreSQL a lock is an advisory lock on a connection kept for that only; the server frees it when the
connection is gone. With SQLite, which serves one host, it is ``flock`` on a file next to the database; the
kernel frees it. Neither needs a clock, a heartbeat or a lease. Names are any text, like ``conversation 7``.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

logger = logging.getLogger(__name__)


class Locks(Protocol):
    """The locks of one process.

    A lock held here cannot be taken by another process, nor here a second time.
    """

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False if it is not."""

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""

    async def close(self) -> None:
        """Free all locks."""


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
        if self._folder is None:
            self._held[name] = None
            return True
        handle = self._locked(self._folder / _digest(name).hex())
        if handle is not None:
            self._held[name] = handle
        return handle is not None

    @staticmethod
    def _locked(path: Path) -> int | None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_ino == path.stat().st_ino:  # else its holder removed the file meanwhile
                return handle
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(handle)
        return None

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


class ServerLocks:
    """Advisory locks on one connection to PostgreSQL, which no pooler may share with others."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._held: set[str] = set()
        self._one, self._closed = asyncio.Lock(), False

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False if it is not."""
        if name in self._held:  # the server would let the same connection take it again
            return False
        self._held.add(name)
        taking = asyncio.create_task(self._take(name))
        try:
            # A cancelled query would close the connection and so free all locks.
            taken = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(lambda done: self._release_unwanted(done, name))
            raise
        except BaseException:
            self._held.discard(name)
            raise
        if not taken:
            self._held.discard(name)
        return taken

    def _release_unwanted(self, taking: asyncio.Task[bool], name: str) -> None:
        if not taking.cancelled() and taking.exception() is None and taking.result():
            self._freeing = asyncio.ensure_future(self.release(name))
        else:
            self._held.discard(name)

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""
        self._held.discard(name)
        await asyncio.shield(self._free(name))

    async def close(self) -> None:
        """Free all locks."""
        self._held.clear()
        self._closed = True
        async with self._one:
            await self._drop()

    async def _take(self, name: str) -> bool:
        async with self._one:
            if self._closed:
                return False
            try:
                return await self._ask("pg_try_advisory_lock", name)
            except (DBAPIError, OSError):
                await self._take_again(without=name)
                return await self._ask("pg_try_advisory_lock", name)

    async def _free(self, name: str) -> None:
        async with self._one:
            with suppress(DBAPIError, OSError):  # a connection that is gone holds nothing
                if self._connection is not None:
                    await self._ask("pg_advisory_unlock", name)

    async def _ask(self, function: str, name: str) -> bool:
        if self._connection is None:
            self._connection = await self._engine.connect()
        key = int.from_bytes(_digest(name)[:8], signed=True)
        return bool((await self._connection.execute(text(f"SELECT {function}({key})"))).scalar_one())

    async def _take_again(self, without: str) -> None:
        """Take all locks again after the connection was lost, and with it the locks."""
        await self._drop()
        for name in self._held - {without}:
            if not await self._ask("pg_try_advisory_lock", name):
                logger.warning("the connection to the database was lost, and another process took a lock")

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, OSError):
                await connection.invalidate()
                await connection.close()


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
