"""Deletion leaves no bytes on the disk, also when the rows of many users share the pages of a database."""

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

USERS = [str(700000000000000000 + 7919 * number * 10**9) for number in range(1, 25)]


async def found(history: History, folder: Path, *words: str) -> list[str]:
    """Return the words found anywhere: in the database, its log, the pictures, or the names of files."""
    data = await kept(history, folder)
    return [word for word in words if word.encode() in data]


async def make_edit(history: History, user: str, turn: int, random_numbers: random.Random) -> Edit:
    """Make one edit of a user with all rows that belong to it, in sizes that split and merge pages."""
    server = "club" if turn % 2 else None
    conversation = await history.conversation("test", user, f"place-{turn % 2}", server)
    key = f"{random_numbers.random()}"
    await Inbox(history.database).accept(
        key, "test", user, server, "place", {"text": f"wish of {user} " + "x" * random_numbers.randrange(400)}
    )
    latent = Array("float16", (4,), f"latent {user} ".encode() * random_numbers.randrange(1, 300))
    picture = Picture(f"pixels {user} {turn}".encode(), "image/png", 8, 8)
    edit = await history.add_source(conversation.id, NewSource(picture, "tiny", "f00d", latent, {"of": user}))
    layer = Adjustment(
        {"prompt": f"as {user}"},
        Array("float16", (4,), f"delta {user} {turn}".encode() * random_numbers.randrange(1, 300)),
    )
    edit = await history.record_edit(
        edit, f"said {user}", [layer], [], Picture(f"edited {user} {turn}".encode(), "image/png", 8, 8)
    )
    await history.link_message("test", f"m{key}", edit.id, "place")
    return edit


async def make_edits_of_all(history: History) -> None:
    """Make the rows of all users in turn, in sizes that make SQLite split pages and move rows between them.

    With exactly these rows an id stays in the file if it is not written anew (SQLite 3.40).
    """
    random_numbers = random.Random(1)
    turns = [(user, turn) for user in USERS for turn in range(4)]
    random_numbers.shuffle(turns)
    for user, turn in turns:
        await make_edit(history, user, turn, random_numbers)
    servers = Servers(history.database)
    for user in USERS:
        await servers.block("test", "club", user, None, f"spam by {user}", "mod")
        await servers.record("test", "club", "mod", "block", user, f"as {user} asked for it", whom=user)
        await People(history.database).remember_locale("test", user, "en")


@pytest.mark.slow
async def test_no_byte_of_a_deleted_user_is_left_among_many_users(history: History, tmp_path: Path) -> None:
    await make_edits_of_all(history)
    assert await found(history, tmp_path, *USERS) == USERS
    for gone in USERS[::2]:
        await Retention(history).forget_user("test", gone)
        assert await found(history, tmp_path, gone) == []
    for user in USERS[1::2]:
        assert (await overview(history, "test", user)).edits == 8


async def test_no_byte_is_left_of_members_of_that_server_only(history: History, tmp_path: Path) -> None:
    random_numbers, retention, servers = random.Random(2), Retention(history), Servers(history.database)
    for user in USERS[:6]:
        await make_edit(history, user, 1, random_numbers)
    await servers.block("test", "club", USERS[0], None, f"spam by {USERS[0]}", USERS[1])
    await servers.record("test", "club", USERS[1], "block", USERS[0], None, whom=USERS[0])
    assert await retention.forget_member("test", "club", USERS[0])
    assert await retention.forget_member("test", "club", USERS[1])
    assert await found(history, tmp_path, USERS[0], USERS[1]) == []
    assert await servers.blocked("test", "club", USERS[0], now()) is not None, (
        "the block holds when they come back"
    )


async def test_a_member_without_pictures_is_deleted_too(history: History, tmp_path: Path) -> None:
    await Inbox(history.database).accept("k", "test", USERS[0], "club", "place", {"text": f"I am {USERS[0]}"})
    assert not await Retention(history).forget_member("test", "club", USERS[0])
    assert await found(history, tmp_path, USERS[0]) == []


async def test_the_same_id_on_another_platform_is_another_user(history: History) -> None:
    servers = Servers(history.database)
    await servers.block("other", "club", USERS[0], None, None, "mod")
    await Retention(history).forget_user("test", USERS[0])
    assert await servers.blocked("other", "club", USERS[0], now()) is not None
    assert [block.member for block in await servers.blocks("other", "club", now())] == [USERS[0]]


async def test_requests_expire_with_the_pictures_of_their_server(history: History) -> None:
    inbox, servers = Inbox(history.database), Servers(history.database)
    for key, server in (("k1", "club"), ("k2", "pub"), ("k3", None)):
        await inbox.accept(key, "test", USERS[0], server, "place", {"text": "pink hair"})
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
                if [one for one in await inbox.recent("test", server, USERS[0]) if one.key == key]
            ]
        )
    assert left == [["k1", "k2", "k3"], ["k2", "k3"], ["k2"], []]


async def test_the_cursor_of_a_private_place_is_deleted(history: History) -> None:
    inbox = Inbox(history.database)
    for place, server in (("private", None), ("shared", "club")):
        await history.conversation("test", USERS[0], place, server)
        await inbox.move_cursor("test", place, "5")
    await Retention(history).forget_user("test", USERS[0])
    assert await inbox.cursor("test", "private") is None
    assert await inbox.cursor("test", "shared") == "5"


async def test_the_export_leaves_out_a_lost_file(history: History) -> None:
    await make_edit(history, USERS[0], 0, random.Random(3))
    _, _, path = next(iter(history.blobs.names()))
    path.unlink()
    assert len(await export(history, "test", USERS[0])) > 100
