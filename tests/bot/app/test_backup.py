"""A backup is taken while wishes are done, and a bot goes on from it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.backup import back_up
from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from bot.errors import BotError
from editor.api.client import EditorClient
from storage.blobs import digest
from storage.history import History
from storage.retention import Retention
from tests.conftest import make_png

ANN, BEN = Speaker("test", "ann", "here"), Speaker("test", "ben", "here")


def restored(folder: Path):  # type: ignore[no-untyped-def]
    return History.open(f"sqlite+aiosqlite:///{folder}/history.sqlite", folder / "pictures")


async def test_a_bot_goes_on_from_a_backup_taken_while_it_ran(
    conversations: Conversations, tmp_path: Path, editor_url: str
) -> None:
    turn = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    wishing = asyncio.create_task(conversations.talk(BEN, TalkRequest("glasses", make_png(seed=2))))
    made = await asyncio.to_thread(
        back_up, tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup"
    )
    assert made.missing == 0
    assert made.pictures >= 2
    await wishing
    await conversations.talk(ANN, TalkRequest("undo"))
    shutil.copytree(tmp_path / "backup", tmp_path / "restored")
    async with restored(tmp_path / "restored") as history, EditorClient(editor_url) as editor:
        again = Conversations(history, editor, "tiny")
        shown = await again.talk(ANN, TalkRequest("show the original"))
        assert shown.pictures[0].picture.data
        back = await again.talk(ANN, TalkRequest("go to 1"))
        assert back.pictures[0].picture == turn.pictures[0].picture
        assert (await again.talk(ANN, TalkRequest("now less"))).adjustments == (("pink hair", 0.6),)


async def test_only_what_the_history_names_is_in_it(conversations: Conversations, tmp_path: Path) -> None:
    turn = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    await conversations.talk(BEN, TalkRequest("pink hair", make_png(seed=3)))
    await Retention(conversations.history).forget_user("test", "ben")
    stray = make_png(seed=4)
    conversations.history.blobs.write(1, stray)
    made = back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup")
    names = {path.name for path in (tmp_path / "backup" / "pictures").rglob("*") if path.is_file()}
    assert digest(stray) not in names
    assert len(names) == made.pictures == 2
    assert digest(turn.pictures[0].picture.data) in names
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["history.sqlite", "pictures"]
    assert digest(stray) in {name for _, name, _ in conversations.history.blobs.names()}, (
        "the bot's own files are left alone"
    )


async def test_it_is_there_after_the_bot_forgot(conversations: Conversations, tmp_path: Path) -> None:
    turn = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup")
    await Retention(conversations.history).forget_user("test", "ann")
    async with restored(tmp_path / "backup") as history:
        assert turn.edit is not None
        assert (await history.picture(turn.edit.picture)).data == turn.pictures[0].picture.data


async def test_pictures_that_are_gone_are_counted(conversations: Conversations, tmp_path: Path) -> None:
    turn = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    next((tmp_path / "pictures").rglob(digest(turn.pictures[0].picture.data))).unlink()
    made = back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup")
    assert (made.pictures, made.missing) == (1, 1)


def test_refusals_leave_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BotError, match=r"backup.nothing"):
        back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup")
    (tmp_path / "history.sqlite").write_bytes(b"damaged" * 1000)
    with pytest.raises(Exception, match="not a database"):
        back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "backup")
    (tmp_path / "there").mkdir()
    with pytest.raises(BotError, match=r"backup.target-in-use"):
        back_up(tmp_path / "history.sqlite", tmp_path / "pictures", tmp_path / "there")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "pictures") == [
        "history.sqlite",
        "there",
    ]


async def test_the_command(
    conversations: Conversations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    command = [sys.executable, "-m", "bot", "backup", str(tmp_path / "backup")]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "2 pictures" in ran.stdout
    again = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert again.returncode == 2
    assert "exists already" in again.stderr
