"""Databases of earlier versions open with all that is in them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from storage.blobs import BlobStore
from storage.database import MIGRATIONS
from storage.engines import parse_url, writer
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.records import Picture
from storage.retention import Retention
from storage.schema import METADATA, now
from storage.servers import Servers
from storage.upkeep import upkeep

DATA = Path(__file__).parent / "data"
PIXELS = b"pixels of long ago"
MOMENT = "2025-01-02 03:04:05.000000"


async def migrated(url: str, *steps: Callable[[Config, Connection], None]) -> None:
    """Run steps in one transaction, each with Alembic's configuration and the connection."""
    engine = writer(parse_url(url))
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def run(connection: Connection) -> None:
        config.attributes["connection"] = connection
        for step in steps:
            step(config, connection)

    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def first_version(picture: str) -> Callable[[Config, Connection], None]:
    """Make a database of the first version, with a conversation of two edits."""
    layers = '[{"prompt": "pink", "delta": "d1"}]'
    rows = [
        f"""INSERT INTO "user" VALUES (1, 'test', 'ann', '{MOMENT}')""",
        f"INSERT INTO conversation VALUES (1, 1, 'here', NULL, '{MOMENT}')",
        "INSERT INTO delta VALUES (1, 1, 'd1', 'float16', '[1]', {0102})",
        f"INSERT INTO picture VALUES (1, 1, '{picture}', 'image/png', 8, 8, '{MOMENT}')",
        "INSERT INTO source VALUES (1, 1, 1, 'tiny', 'f00d', 'float16', '[1]', {0304}, '{}', "
        + f"'{MOMENT}')",
        f"INSERT INTO edit VALUES (1, 1, 1, NULL, NULL, 0, '', 1, '[]', '[]', '{MOMENT}')",
        f"INSERT INTO edit VALUES (2, 1, 1, 1, NULL, 1, 'pink', 1, '{layers}', '[]', '{MOMENT}')",
        "UPDATE edit SET redo_id = 2 WHERE id = 1",
        "UPDATE conversation SET head_id = 2",
        f"INSERT INTO job VALUES ('j1', 1, '{{}}', '{MOMENT}')",
        "INSERT INTO message VALUES (1, 'test', 'm1', 2)",
    ]

    def fill(config: Config, connection: Connection) -> None:
        command.upgrade(config, "0001")
        form = r"'\x{}'" if connection.dialect.name == "postgresql" else "x'{}'"
        for row in rows:
            for data in ("0102", "0304"):
                row = row.replace(f"{{{data}}}", form.format(data))
            connection.execute(text(row.replace(":", r"\:")))

    return fill


async def test_a_database_of_the_first_version_opens(database_url: str, tmp_path: Path) -> None:
    await migrated(database_url, first_version(BlobStore(tmp_path / "pictures").write(1, PIXELS)))
    async with History.open(database_url, tmp_path / "pictures") as history:
        conversation = await history.conversation("test", "ann", "here", "club")
        assert (conversation.id, conversation.head, conversation.server) == (1, 2, "club")
        assert await history.picture(1) == Picture(PIXELS, "image/png", 8, 8)
        (layer,) = await history.adjustments(2)
        assert (layer.recipe, layer.delta.data) == ({"prompt": "pink"}, b"\1\2")
        assert [job.id for job in await history.jobs.under_way()] == ["j1"]
        assert [(one.id, one.place) for one in await Retention(history).messages_of_edit(2)] == [("m1", None)]
        assert (await history.undo(1)).id == 1
        assert (await history.redo(1)).id == 2
        await People(history.database).consent("test", "ann", now())
        assert await Inbox(history.database).accept("k", "test", "ann", "club", "here", {}) is not None


async def test_a_database_of_the_former_version_opens_with_all_that_is_in_it(tmp_path: Path) -> None:
    """``revision_0005.sql`` was written by the program before databases had a name."""
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        connection.executescript((DATA / "revision_0005.sql").read_text())
    store = BlobStore(tmp_path / "pictures")
    for number in range(3):
        store.write(1, f"picture {number}".encode())
    async with History.open(f"sqlite:///{tmp_path}/history.sqlite", store) as history:
        head = await history.shown("discord", "ann", "42")
        assert head is not None
        assert (head.text, head.number, head.effects[0]["verdict"]) == ("pink hair", 1, "done")
        assert (await history.picture(head.picture)).data == b"picture 1"
        assert (await history.redo(head.conversation)).text == "glasses"
        assert [one.recipe["prompt"] for one in await history.adjustments(3)] == ["pink hair", "glasses"]
        assert (await history.undo(head.conversation, 2)).number == 0
        source = await history.source(head.source)
        assert (source.latent.data, source.tuning) == (bytes(range(12)), b"tuned")
        assert [face.number for face in await history.faces(head.source)] == [1]
        assert await history.edit_of_message("discord", "m1") == head
        assert [one.key for one in await Inbox(history.database).open("discord")] == ["message:2"]
        assert [one.key for one in await Inbox(history.database).take_over("discord", "me")] == ["message:2"]
        assert await Inbox(history.database).cursor("discord", "42") == "7"
        (job,) = await history.jobs.under_way()
        assert job.request["text"] == "a beard"
        assert await history.jobs.resume(job.id)
        assert (await People(history.database).locale("discord", "ann")) == "zh-CN"
        servers = Servers(history.database)
        assert (await servers.settings("discord", "club")).visible_mark
        assert await servers.blocked("discord", "club", "ben", now()) is not None
        await upkeep(history, 36_500, now())  # the rows are of 2026, and the clock must not run back
        assert store.owner() is not None
        assert len(list(store.listed())) == 3


async def test_migrations_make_the_tables_of_the_schema(database_url: str, tmp_path: Path) -> None:
    async with History.open(database_url, tmp_path / "pictures"):
        pass

    def compare(_: Config, connection: Connection) -> None:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []

    await migrated(database_url, compare)


async def test_many_processes_may_start_at_once(database_url: str, tmp_path: Path) -> None:
    async def start() -> None:
        async with History.open(database_url, tmp_path / "pictures") as history:
            await history.conversation("test", "ann", "here")

    await asyncio.gather(*(start() for _ in range(4)))


async def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Without a wait, a new file was found locked in some of so many rounds."""

    async def start(folder: Path) -> None:
        async with History.open(f"sqlite:///{folder}/history.sqlite", folder / "pictures") as history:
            await history.conversation("test", "ann", "here")

    for number in range(15):
        await asyncio.gather(*(start(tmp_path / str(number)) for _ in range(6)))
