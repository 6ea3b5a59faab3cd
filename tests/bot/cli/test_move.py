"""An installation moves, all of it, or says what is missing; and it goes on where it went."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from storage.blobs import BlobStore
from storage.database import Database
from storage.errors import BlobsAway, TargetNotEmpty
from storage.history import History
from storage.retention import Retention
from storage.servers import Servers
from storage.transfer import move
from tests.conftest import make_png
from tests.storage.test_traces import USERS, make_edit

ANN = Speaker("test", "ann", "here")


async def lived(history: History) -> None:
    """A history with everything in it: many members, words, blocks, records, and holes where some were
    forgotten."""
    dice, servers = random.Random(5), Servers(history.database)
    for user in USERS[:6]:
        for turn in range(3):
            edit = await make_edit(history, user, turn, dice)
            if turn:
                await history.undo(edit.conversation)
        await servers.block("test", "club", user, None, "spam", "mod")
    await Retention(history).forget_user("test", USERS[2])


async def test_all_of_it_arrives_and_the_source_stays(
    conversations: Conversations, database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    source = conversations.history
    target_url = (
        f"sqlite:///{tmp_path}/new/history.sqlite" if database_url.startswith("sqlite") else database_url
    )
    await lived(source)
    for words in ("pink hair", "glasses", "undo"):
        turn = await conversations.talk(ANN, TalkRequest(words, make_png() if words == "pink hair" else None))
        assert turn.error is None
    target, new = Database(target_url), BlobStore(tmp_path / "new" / "pictures")
    proof = await move(source.database, source.blobs, target, new)
    await target.close()
    assert (proof.complete, proof.lost) == (True, ())
    assert proof.source["edit"].rows > 30
    assert proof.pictures == proof.source["picture"].rows
    async with History.open(target_url, new) as moved:
        bot = Conversations(moved, conversations.editor, "tiny")
        before, after = (
            await conversations.talk(ANN, TalkRequest("redo")),
            await bot.talk(ANN, TalkRequest("redo")),
        )
        assert after.pictures[0].picture == before.pictures[0].picture
        assert (after.adjustments, after.pictures[0].number) == (
            before.adjustments,
            before.pictures[0].number,
        )
        assert (await bot.talk(ANN, TalkRequest("a beard"))).error is None, (
            "new rows get numbers of their own"
        )
        await lived(moved)


class Unsteady(BlobStore):
    """A store that fails now and then, as over a network."""

    left = 7

    def write(self, user: int, data: bytes) -> str:
        self.left -= 1
        if self.left < 0:
            self.left = 5
            raise BlobsAway("lost")
        return super().write(user, data)


async def test_a_move_that_was_broken_off_goes_on(
    history: History, database_url: str, tmp_path: Path
) -> None:
    target_url = (
        f"sqlite:///{tmp_path}/new/history.sqlite" if database_url.startswith("sqlite") else database_url
    )
    await lived(history)
    target, new, tries = Database(target_url), Unsteady(tmp_path / "new" / "pictures"), 0
    said: list[str] = []

    def told(what: str) -> None:
        said.append(what)
        if what.startswith("source:") and said.count(what) == 1:
            raise BlobsAway("in the middle of the rows")

    proof = None
    while proof is None:
        with suppress(BlobsAway):
            proof = await move(history.database, history.blobs, target, new, told)
        tries += 1
    assert proof.complete
    assert tries >= 3, "broken off among the pictures and among the rows"
    assert said.count("user: 5 rows copied") == 2, "what is broken off leaves no row"
    with pytest.raises(TargetNotEmpty):
        await move(history.database, history.blobs, target, new)
    await target.close()


async def test_what_had_gone_is_named_and_what_differs_is_seen(history: History, tmp_path: Path) -> None:
    await lived(history)
    assert isinstance(history.blobs, BlobStore)
    user, name, path = next(history.blobs.names())
    path.unlink()
    target = Database(f"sqlite:///{tmp_path}/new.sqlite")
    proof = await move(history.database, history.blobs, target, BlobStore(tmp_path / "new"))
    assert proof.lost == ((user, name),)
    assert proof.complete
    assert proof.pictures == proof.source["picture"].rows - 1
    await target.close()

    other = Database(f"sqlite:///{tmp_path}/other.sqlite")
    await other.migrate()
    async with other.write() as connection:
        change = "UPDATE edit SET text = 'something else' WHERE id = new.id"
        trigger = f"CREATE TRIGGER forgetful AFTER INSERT ON edit WHEN new.id = 1 BEGIN {change}; END"
        await connection.exec_driver_sql(trigger)
    assert not (await move(history.database, history.blobs, other, BlobStore(tmp_path / "other"))).complete
    async with other.read() as connection:
        kept = (await connection.execute(text("SELECT count(*) FROM edit"))).scalar_one()
    assert kept == 0, "it is not taken for moved"
    await other.close()


@pytest.mark.slow
async def test_the_command(
    history: History,
    postgres: object,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    access = request.getfixturevalue("s3")
    await lived(history)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/history.sqlite")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for name, value in (
        ("ACCESS_KEY_ID", access.key),
        ("SECRET_ACCESS_KEY", access.secret),
        ("ENDPOINT_URL", access.endpoint),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    with postgres.database() as url:  # type: ignore[attr-defined]
        command = [sys.executable, "-m", "bot", "move", "--to", url, "--blobs", "s3://pictures/moved"]
        ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "DIFFERENT" not in ran.stdout
        assert "each with the hash it is named by" in ran.stdout
        again = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=120)
        assert again.returncode == 2
        assert "name an empty one" in again.stderr
