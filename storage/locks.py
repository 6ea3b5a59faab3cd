"""Locks that hold between processes, and end with the process that holds them, however it ends.

The names are ours (``conversation 7``). On PostgreSQL a lock is an advisory lock of one connection that the process keeps
for nothing else; the server frees it when the connection is gone. On SQLite, which serves one host, it is ``flock`` on a file
beside the database; the kernel frees it. Neither needs a clock, a heartbeat or a lease that may be too short.
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
    """Where locks are kept. What one of these holds, no other can take, nor the same one a second time."""

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False where it is not."""

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""

    async def close(self) -> None:
        """Free all of them."""


class FileLocks:
    """One file for each lock that is held; the file is gone when the lock is free. ``folder`` None: this process only."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[str, int | None] = {}

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False where it is not."""
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
            if (
                os.fstat(handle).st_ino == path.stat().st_ino
            ):  # else whoever held it has removed the file meanwhile
                return handle
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(handle)
        return None

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""
        handle = self._held.pop(name, None)
        if handle is not None and self._folder is not None:
            (self._folder / _digest(name).hex()).unlink(
                missing_ok=True
            )  # first: nobody may lock a file that goes afterwards
            os.close(handle)

    async def close(self) -> None:
        """Free all of them."""
        for name in list(self._held):
            await self.release(name)
        if self._folder is not None:
            with suppress(OSError):  # another process has some, or there never were any
                self._folder.rmdir()


class ServerLocks:
    """Advisory locks of one connection to PostgreSQL. It cannot go through a pooler that shares connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._held: set[str] = set()
        self._one, self._closed = asyncio.Lock(), False

    async def take(self, name: str) -> bool:
        """Take a lock if it is free; False where it is not."""
        if name in self._held:  # the server would give it to its holder again
            return False
        self._held.add(name)
        taking = asyncio.create_task(self._take(name))
        try:
            taken = await asyncio.shield(
                taking
            )  # a query that is broken off would take the connection, and all locks, with it
        except asyncio.CancelledError:
            taking.add_done_callback(lambda done: self._given_back(done, name))
            raise
        except BaseException:
            self._held.discard(name)
            raise
        if not taken:
            self._held.discard(name)
        return taken

    def _given_back(self, taking: asyncio.Task[bool], name: str) -> None:
        if not taking.cancelled() and taking.exception() is None and taking.result():
            self._freeing = asyncio.ensure_future(self.release(name))
        else:
            self._held.discard(name)

    async def release(self, name: str) -> None:
        """Free a lock that is held here."""
        self._held.discard(name)
        await asyncio.shield(self._free(name))

    async def close(self) -> None:
        """Free all of them."""
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
                await self._again(without=name)
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

    async def _again(self, without: str) -> None:
        """The connection was lost, and with it every lock: take them anew, before anybody else does if that may be."""
        await self._drop()
        for name in self._held - {without}:
            if not await self._ask("pg_try_advisory_lock", name):
                logger.warning(
                    "the connection to the database was lost, and another process took what was locked here"
                )

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, OSError):
                await connection.invalidate()  # never back into a pool: the session's end frees what it holds
                await connection.close()


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()
