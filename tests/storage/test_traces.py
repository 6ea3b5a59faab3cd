"""What deletion leaves on the disk when many members' rows share the pages of one database."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from storage.export import export, overview
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.records import Adjustment, Array, Edit, NewSource, Picture
from storage.retention import Retention
from storage.schema import now
from storage.servers import Servers
from tests.storage.conftest import kept

FOLK = [str(700000000000000000 + 7919 * number * 10**9) for number in range(1, 25)]


async def traces(history: History, folder: Path, *words: str) -> list[str]:
    """Which of the words are left anywhere: in the database, its log, the pictures, or the names of files."""
    data = await kept(history, folder)
    return [word for word in words if word.encode() in data]


async def live(history: History, user: str, turn: int, dice: random.Random) -> Edit:
    """One wish of a member, with everything that is written for it, in sizes that split and merge pages."""
    server = "club" if turn % 2 else None
    conversation = await history.conversation("test", user, f"place-{turn % 2}", server)
    key = f"{dice.random()}"
    await Inbox(history.database).accept(
        key, "test", user, server, "place", {"text": f"wish of {user} " + "x" * dice.randrange(400)}
    )
    latent = Array("float16", (4,), f"latent {user} ".encode() * dice.randrange(1, 300))
    picture = Picture(f"pixels {user} {turn}".encode(), "image/png", 8, 8)
    edit = await history.add_source(conversation.id, NewSource(picture, "tiny", "f00d", latent, {"of": user}))
    layer = Adjustment(
        {"prompt": f"as {user}"},
        Array("float16", (4,), f"delta {user} {turn}".encode() * dice.randrange(1, 300)),
    )
    edit = await history.record_edit(
        edit, f"said {user}", [layer], [], Picture(f"edited {user} {turn}".encode(), "image/png", 8, 8)
    )
    await history.link_message("test", f"m{key}", edit.id, "place")
    return edit


async def crowd(history: History) -> None:
    """Rows of all members in turn, of sizes that make the database split pages and move rows between them.

    With exactly these rows an id is left in the file when it is not written anew (SQLite 3.40).
    """
    dice = random.Random(1)
    turns = [(user, turn) for user in FOLK for turn in range(4)]
    dice.shuffle(turns)
    for user, turn in turns:
        await live(history, user, turn, dice)
    servers = Servers(history.database)
    for user in FOLK:
        await servers.block("test", "club", user, None, f"spam by {user}", "mod")
        await servers.record("test", "club", "mod", "block", user, f"as {user} asked for it", whom=user)
        await People(history.database).remember_locale("test", user, "en")


@pytest.mark.slow
async def test_no_byte_of_any_deleted_member_is_left_in_a_crowd(history: History, tmp_path: Path) -> None:
    await crowd(history)
    assert await traces(history, tmp_path, *FOLK) == FOLK
    for gone in FOLK[::2]:
        await Retention(history).forget_user("test", gone)
        assert await traces(history, tmp_path, gone) == []
    for user in FOLK[1::2]:
        assert (await overview(history, "test", user)).edits == 8


async def test_no_byte_is_left_of_leavers_who_were_only_there(history: History, tmp_path: Path) -> None:
    dice, retention, servers = random.Random(2), Retention(history), Servers(history.database)
    for user in FOLK[:6]:
        await live(history, user, 1, dice)
    await servers.block("test", "club", FOLK[0], None, f"spam by {FOLK[0]}", FOLK[1])
    await servers.record("test", "club", FOLK[1], "block", FOLK[0], None, whom=FOLK[0])
    assert await retention.forget_member("test", "club", FOLK[0])
    assert await retention.forget_member("test", "club", FOLK[1])
    assert await traces(history, tmp_path, FOLK[0], FOLK[1]) == []
    assert await servers.blocked("test", "club", FOLK[0], now()) is not None, (
        "the block holds when they come back"
    )


async def test_a_leaver_without_pictures_is_forgotten_too(history: History, tmp_path: Path) -> None:
    await Inbox(history.database).accept("k", "test", FOLK[0], "club", "place", {"text": f"I am {FOLK[0]}"})
    assert not await Retention(history).forget_member("test", "club", FOLK[0])
    assert await traces(history, tmp_path, FOLK[0]) == []


async def test_an_id_of_another_platform_is_another_person(history: History) -> None:
    servers = Servers(history.database)
    await servers.block("other", "club", FOLK[0], None, None, "mod")
    await Retention(history).forget_user("test", FOLK[0])
    assert await servers.blocked("other", "club", FOLK[0], now()) is not None
    assert [block.member for block in await servers.blocks("other", "club", now())] == [FOLK[0]]


async def test_words_expire_with_the_pictures_of_their_server(history: History) -> None:
    inbox, servers = Inbox(history.database), Servers(history.database)
    for key, server in (("k1", "club"), ("k2", "pub"), ("k3", None)):
        await inbox.accept(key, "test", FOLK[0], server, "place", {"text": "pink hair"})
        await inbox.answered(key)
    await servers.change("test", "club", retention_days=2)
    await servers.change("test", "pub", retention_days=90)
    left = []
    for days in (1, 3, 31, 91):
        await Retention(history).expire(30, now() + timedelta(days=days))
        left.append(
            [
                key
                for key, server in (("k1", "club"), ("k2", "pub"), ("k3", None))
                if [one for one in await inbox.recent("test", server, FOLK[0]) if one.key == key]
            ]
        )
    assert left == [["k1", "k2", "k3"], ["k2", "k3"], ["k2"], []]


async def test_how_far_a_private_place_was_read_is_forgotten(history: History) -> None:
    inbox = Inbox(history.database)
    for place, server in (("private", None), ("shared", "club")):
        await history.conversation("test", FOLK[0], place, server)
        await inbox.move_cursor("test", place, "5")
    await Retention(history).forget_user("test", FOLK[0])
    assert await inbox.cursor("test", "private") is None
    assert await inbox.cursor("test", "shared") == "5"


async def test_a_lost_file_does_not_keep_the_rest_from_being_taken_along(history: History) -> None:
    await live(history, FOLK[0], 0, random.Random(3))
    _, _, path = next(iter(history.blobs.names()))
    path.unlink()
    assert len(await export(history, "test", FOLK[0])) > 100
