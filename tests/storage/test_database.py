"""Connections, locks between processes, and errors of servers and disks."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text

from storage.database import Database
from storage.errors import DatabaseAway, DatabaseUnknown, DiskFull
from storage.history import History
from storage.people import People
from tests.postgres import Cluster

COUNTING = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000000) SELECT max(x) FROM n"
)
HOLDER = """
import asyncio, sys
from storage.database import Database

async def main():
    async with Database(sys.argv[1]).lock("conversation 1"):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_sqlite_is_set_up_for_many_tasks(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")

    async def pragma(name: str) -> Any:
        async with database.read() as connection:
            return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()

    found = {name: await pragma(name) for name in ("journal_mode", "foreign_keys", "synchronous")}
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}
    await database.close()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/bot", "sqlite+pysqlite:////tmp/x"])
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(DatabaseUnknown):
        Database(url)


async def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("asyncpg")
    database = Database(f"postgresql://bot@/bot?host={tmp_path}")
    with pytest.raises(DatabaseAway):
        await database.migrate()
    with pytest.raises(DatabaseAway):
        await database.ping()
    with pytest.raises(DatabaseAway):
        await database.is_held("conversation 1")
    await database.close()


async def test_a_lock_is_held_once_at_a_time(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    inside, most = 0, 0

    async def work(database: Database) -> None:
        nonlocal inside, most
        async with database.lock("conversation 1"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.002)
            inside -= 1

    await asyncio.gather(*(work(database) for database in (one, other) for _ in range(8)))
    assert (most, inside) == (1, 0)
    async with one.lock("conversation 1"), other.lock("conversation 2"):
        assert await one.is_held("conversation 1")
        assert await other.is_held("conversation 1")
        async with other.if_free("conversation 1") as free:
            assert not free
    assert not await other.is_held("conversation 1")
    await one.close()
    await other.close()


async def test_a_cancelled_wait_holds_no_lock(database_url: str) -> None:
    one, other = Database(database_url), Database(database_url)
    for pause in (0.0, 0.001, 0.005, 0.02):
        async with one.lock("conversation 1"):
            waiting = asyncio.create_task(other.lock("conversation 1").__aenter__())
            await asyncio.sleep(pause)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if waiting.cancelled():
            async with asyncio.timeout(10), one.lock("conversation 1"):
                pass
        await other.close()
        other = Database(database_url)
    await one.close()
    await other.close()


async def test_a_killed_process_holds_no_lock(database_url: str) -> None:
    database = Database(database_url)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, database_url, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    assert await database.is_held("conversation 1")
    process.kill()
    await process.wait()
    async with asyncio.timeout(20), database.lock("conversation 1"):
        pass
    await database.close()


async def test_a_brief_transaction_waits_without_blocking_the_event_loop(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.sqlite"
    one, other = Database(url), Database(url)
    await one.migrate()
    people, turns = text("SELECT count(*) FROM user"), 0
    adding = text("INSERT INTO user (platform, outside_id, created_at) VALUES ('test', :name, '2026-01-01')")

    async def add() -> None:
        async with other.write(brief=True) as connection:
            await connection.execute(adding, {"name": "ben"})

    async with one.write(brief=True) as connection:
        await connection.execute(adding, {"name": "ann"})
        waiting = asyncio.create_task(add())
        for _ in range(20):
            await asyncio.sleep(0.005)
            turns += not waiting.done()
    await waiting
    assert turns == 20
    with contextlib.suppress(ZeroDivisionError):
        async with other.write(brief=True) as connection:
            await connection.execute(adding, {"name": "cat"})
            raise ZeroDivisionError
    async with other.read(brief=True) as connection:
        assert (await connection.execute(people)).scalar_one() == 2
    await one.close()
    await other.close()


async def test_a_query_cancelled_twice_leaves_no_task_waiting(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.sqlite")
    await database.migrate()

    async def count() -> None:
        async with database.read() as connection:
            await connection.execute(text(COUNTING))

    before = asyncio.all_tasks()
    counting = asyncio.create_task(count())
    await asyncio.sleep(0.1)
    for _ in range(3):
        counting.cancel()
        await asyncio.sleep(0.02)
    await asyncio.wait([counting], timeout=20)
    await database.close()
    left = asyncio.all_tasks() - before
    if left:
        await asyncio.wait(left, timeout=20)
    assert [task for task in asyncio.all_tasks() - before if not task.done()] == []


def test_the_driver_still_stops_as_expected() -> None:
    """``storage.sqlite_driver`` relies on it: closing a connection calls ``stop``."""
    assert "stop" in aiosqlite.Connection.close.__code__.co_names


@pytest.mark.slow
async def test_a_full_disk_of_the_server(postgres: Cluster, tmp_path: Path) -> None:
    refuse = """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"""
    with postgres.database() as url:
        async with History.open(url, tmp_path / "pictures") as history:
            people = People(history.database)
            await people.remember_locale("test", "ann", "en")
            async with history.database.write() as connection:
                await connection.execute(text(refuse))
                await connection.execute(
                    text('CREATE TRIGGER full_disk BEFORE UPDATE ON "user" EXECUTE FUNCTION refuse()')
                )
            with pytest.raises(DiskFull):
                await people.remember_locale("test", "ann", "zh-CN")
            assert await people.locale("test", "ann") == "en"


@pytest.mark.slow
async def test_a_server_that_restarts_is_found_again(postgres: Cluster, tmp_path: Path) -> None:
    with postgres.database() as url:
        async with History.open(url, tmp_path / "pictures") as history:
            async with history.database.lock("conversation 1"):
                await history.conversation("test", "ann", "here")
                await asyncio.to_thread(postgres.restart)
                assert await history.shown("test", "ann", "here") is None
                assert (await history.conversation("test", "ann", "here")).id == 1
                async with history.database.lock(
                    "conversation 2"
                ):  # notices that the connection was lost, and takes the first lock again
                    other = Database(url)
                    assert await other.is_held("conversation 1")
                    await other.close()
            assert not await history.database.is_held("conversation 1")
