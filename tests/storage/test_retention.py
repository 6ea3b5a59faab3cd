"""Deletion, checked on the bytes that are left on the disk."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from storage.errors import NoPicture, NotFound
from storage.export import export, overview
from storage.history import History
from storage.inbox import Inbox
from storage.people import People
from storage.records import Adjustment, Array, Edit, NewSource, Picture
from storage.retention import Retention
from storage.schema import now
from storage.servers import Servers
from tests.storage.conftest import kept

ANN, BEN = "812345678901234567", "898765432109876543"


def pixels(seed: str) -> Picture:
    return Picture(f"pixels-of-{seed}".encode() * 40, "image/png", 8, 8)


async def begin(history: History, user: str, server: str | None = "club", place: str = "here") -> Edit:
    conversation = await history.conversation("test", user, place, server)
    latent = Array("float16", (4,), f"lat-{user[:4]}".encode())
    return await history.add_source(
        conversation.id, NewSource(pixels(f"{user}{place}"), "tiny", "f00d", latent, {})
    )


async def step(history: History, parent: Edit, prompt: str) -> Edit:
    delta = Array("float16", (4,), prompt.encode().ljust(8)[:8])
    layers = [Adjustment({"prompt": prompt, "strength": 1.0}, delta)]
    return await history.record_edit(parent, f"add {prompt}", layers, [], pixels(f"{parent.id}{prompt}"))


async def test_a_deleted_user_leaves_no_byte(history: History, tmp_path: Path) -> None:
    for user in (ANN, BEN):
        edit = await step(history, await begin(history, user), f"pink hair for {user}")
        await history.link_message("test", f"m-{user}", edit.id, "here")
        await Inbox(history.database).accept(
            f"k-{user}", "test", user, "club", "here", {"text": f"secret of {user}"}
        )
        await People(history.database).remember_locale("test", user, "zh-CN")
    before = await kept(history, tmp_path)
    assert ANN.encode() in before
    assert f"pixels-of-{ANN}".encode() in before
    assert await Retention(history).forget_user("test", ANN)
    after = await kept(history, tmp_path)
    for trace in (ANN, f"pixels-of-{ANN}", f"lat-{ANN[:4]}", f"secret of {ANN}"):
        assert trace.encode() not in after.replace(BEN.encode(), b"")
    assert BEN.encode() in after
    assert not await Retention(history).forget_user("test", ANN)


async def test_unused_pictures_expire_and_used_ones_stay(history: History, tmp_path: Path) -> None:
    old, used = await begin(history, ANN), await begin(history, BEN, server=None, place="direct")
    await step(history, old, "a hat")
    retention, servers = Retention(history), Servers(history.database)
    assert await retention.expire(days=30, moment=now() + timedelta(days=29)) == 0
    await servers.change("test", "club", retention_days=3)
    assert await retention.expire(days=30, moment=now() + timedelta(days=4)) == 1
    with pytest.raises(NotFound):
        await history.edit(old.id)
    with pytest.raises(NoPicture):
        await history.head(old.conversation)
    assert (await history.edit(used.id)).id == used.id
    assert f"pixels-of-{ANN}".encode() not in await kept(history, tmp_path)
    assert await retention.expire(days=30, moment=now() + timedelta(days=31)) == 1


async def test_one_result_is_taken_out_of_the_tree(history: History, tmp_path: Path) -> None:
    root = await begin(history, ANN)
    pink = await step(history, root, "pink hair")
    hat = await step(history, pink, "a hat")
    await history.link_message("test", "m1", pink.id, "here")
    (message,) = await Retention(history).forget_edit(pink.id)
    assert (message.id, message.place) == ("m1", "here")
    assert await history.edit_of_message("test", "m1") is None
    assert f"pixels-of-{root.id}pink hair".encode() not in await kept(history, tmp_path)
    assert (await history.edit(hat.id)).parent == root.id
    assert (await history.undo(root.conversation)).id == root.id
    assert (await history.redo(root.conversation)).id == hat.id
    assert [a.recipe["prompt"] for a in await history.adjustments(hat.id)] == ["a hat"]


async def test_the_head_moves_to_the_parent_and_the_original_takes_all_edits(history: History) -> None:
    root = await begin(history, ANN)
    pink = await step(history, root, "pink hair")
    await Retention(history).forget_edit(pink.id)
    assert (await history.head(root.conversation)).id == root.id
    again = await step(history, root, "a hat")
    await history.link_message("test", "m2", again.id)
    assert [one.id for one in await Retention(history).forget_edit(root.id)] == ["m2"]
    with pytest.raises(NoPicture):
        await history.head(root.conversation)
    with pytest.raises(NotFound):
        await Retention(history).forget_edit(root.id)


async def test_a_member_or_a_server_that_left_is_deleted_there_only(history: History, tmp_path: Path) -> None:
    retention, servers = Retention(history), Servers(history.database)
    here, there = await begin(history, ANN), await begin(history, ANN, server="pub", place="bar")
    ben = await begin(history, BEN)
    assert await retention.forget_member("test", "club", ANN)
    assert not await retention.forget_member("test", "club", ANN)
    with pytest.raises(NotFound):
        await history.edit(here.id)
    await servers.change("test", "club", visible_mark=True)
    await retention.forget_server("test", "club")
    with pytest.raises(NotFound):
        await history.edit(ben.id)
    assert not (await servers.settings("test", "club")).visible_mark
    assert (await history.edit(there.id)).id == there.id
    assert BEN.encode() not in await kept(history, tmp_path)


async def test_the_overview_and_the_export_of_a_user(history: History) -> None:
    assert (await overview(history, "test", ANN)).edits == 0
    await step(history, await begin(history, ANN), "pink hair")
    await Inbox(history.database).accept("k1", "test", ANN, "club", "here", {"text": "pink hair please"})
    kept = await overview(history, "test", ANN)
    assert (kept.pictures, kept.edits, kept.conversations) == (2, 2, 1)
    assert kept.bytes > 0
    with zipfile.ZipFile(io.BytesIO(await export(history, "test", ANN))) as archive:
        document = json.loads(archive.read("history.json"))
        assert [row["text"] for row in document["asked"]] == ["pink hair please"]
        first, second = document["edits"]
        assert archive.read(first["file"]) == pixels(f"{ANN}here").data
        assert second["adjustments"] == [{"prompt": "pink hair", "strength": 1.0}]


async def test_language_and_consent_of_a_user(history: History) -> None:
    people = People(history.database)
    assert await people.locale("test", ANN) is None
    await people.remember_locale("test", ANN, "zh-CN")
    assert await people.locale("test", ANN) == "zh-CN"
    moment = now()
    await people.consent("test", ANN, moment)
    assert await people.consented("test", ANN) == moment
    await people.consent("test", ANN, None)
    assert await people.consented("test", ANN) is None
