"""The edit tree, lost updates, deletion, and full or damaged disks."""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from storage.errors import (
    BlobDamaged,
    DatabaseTooNew,
    DiskFull,
    NoPicture,
    NotFound,
    NothingToRedo,
    NothingToUndo,
    UnknownEdit,
)
from storage.history import History
from storage.records import Adjustment, Array, Edit, Face, NewSource, Picture
from storage.retention import Retention
from storage.trash import Swept, sweep
from tests.storage.conftest import kept

LATENT = Array("float16", (2, 3), bytes(12))


def picture(seed: int = 0) -> Picture:
    return Picture(f"picture {seed}".encode(), "image/png", 8, 8)


def adjustment(prompt: str, strength: float = 1.0) -> Adjustment:
    return Adjustment(
        {"prompt": prompt, "strength": strength}, Array("float16", (4,), prompt.encode().ljust(8)[:8])
    )


async def begin(history: History, user: str = "ann") -> Edit:
    conversation = await history.conversation("test", user, "here")
    return await history.add_source(
        conversation.id, NewSource(picture(), "tiny", "f00d", LATENT, {"fidelity": {"psnr": 30.0}})
    )


async def step(history: History, parent: Edit, prompt: str) -> Edit:
    return await history.record_edit(parent, f"add {prompt}", [adjustment(prompt)], [], picture(len(prompt)))


async def test_faces_and_tuning_are_stored_and_deleted_with_their_picture(history: History) -> None:
    conversation = await history.conversation("test", "ann", "here")
    details = {"fidelity": {"psnr": 30.0}, "face": 1, "faces": 3}
    edit = await history.add_source(
        conversation.id, NewSource(picture(), "tiny", "f00d", LATENT, details, tuning=b"tuned")
    )
    for number in (2, 0, 0):
        await history.add_face(
            edit.source, Face(number, LATENT, {"fidelity": {}}, b"own" if number else None)
        )
    assert [(face.number, face.tuning) for face in await history.faces(edit.source)] == [
        (0, None),
        (2, b"own"),
    ]
    await history.choose_faces(edit.source, [0, 2])
    source = await history.source(edit.source)
    assert source.tuning == b"tuned"
    assert source.details == details | {"chosen": [0, 2]}
    await Retention(history).forget_user("test", "ann")
    assert await history.faces(edit.source) == []
    with pytest.raises(NotFound):
        await history.add_face(edit.source, Face(1, LATENT, {}))


async def test_an_edit_for_a_user_deleted_meanwhile_leaves_nothing(history: History) -> None:
    other, root = await begin(history, "bob"), await begin(history)
    pink = await step(history, root, "pink hair")
    retention = Retention(history)
    await retention.forget_edit(pink.id)
    with pytest.raises(NotFound):
        await step(history, pink, "glasses")
    await retention.forget_user("test", "ann")
    with pytest.raises(NotFound):
        await step(history, root, "a beard")
    assert await sweep(history.database, history.blobs, grace_seconds=0) == Swept()
    assert (await history.picture(other.picture)).data == picture().data


async def test_an_edit_never_goes_to_a_conversation_that_reuses_an_id(
    history: History,
) -> None:
    root = await begin(history)
    await Retention(history).forget_user("test", "ann")
    theirs = await begin(history, "bob")
    with pytest.raises(NotFound):  # SQLite uses ids again, so all ids are the same
        await step(history, root, "pink hair")
    assert [edit.number for edit in await history.edits(theirs.source)] == [0]


async def test_a_conversation_is_made_once_and_has_no_picture(history: History) -> None:
    found = await asyncio.gather(*(history.conversation("test", "ann", "here") for _ in range(8)))
    assert len({conversation.id for conversation in found}) == 1
    with pytest.raises(NoPicture):
        await history.head(found[0].id)


async def test_shown_makes_no_conversation(history: History) -> None:
    assert await history.shown("test", "ann", "here") is None
    root = await begin(history)
    pink = await step(history, root, "pink hair")
    assert await history.shown("test", "ann", "here") == pink
    assert await history.shown("test", "ann", "elsewhere") is None
    assert await history.shown("test", "ben", "here") is None


async def test_a_stored_edit_is_read_back(history: History) -> None:
    root = await begin(history)
    edit = await step(history, root, "pink hair")
    assert (edit.number, edit.parent, edit.recipes) == (
        1,
        root.id,
        ({"prompt": "pink hair", "strength": 1.0},),
    )
    assert await history.adjustments(edit.id) == [adjustment("pink hair")]
    source = await history.source(edit.source)
    assert (source.latent, source.fingerprint, source.details) == (
        LATENT,
        "f00d",
        {"fidelity": {"psnr": 30.0}},
    )
    assert await history.picture(edit.picture) == picture(len("pink hair"))
    assert await history.owner(edit.id) == ("test", "ann")


async def test_undo_redo_and_branches(history: History) -> None:
    root = await begin(history)
    pink = await step(history, root, "pink hair")
    hat = await step(history, pink, "a hat")
    assert (await history.undo(root.conversation)).id == pink.id
    assert (await history.undo(root.conversation, 5)).id == root.id
    with pytest.raises(NothingToUndo):
        await history.undo(root.conversation)
    assert (await history.redo(root.conversation, 2)).id == hat.id
    with pytest.raises(NothingToRedo):
        await history.redo(root.conversation)
    await history.undo(root.conversation)
    beard = await step(history, pink, "a beard")
    await history.undo(root.conversation)
    assert (await history.redo(root.conversation)).id == beard.id, "redo goes to the child last visited"
    assert (await history.goto(root.conversation, hat.number)).id == hat.id
    await history.undo(root.conversation)
    assert (await history.redo(root.conversation)).id == hat.id
    assert [e.number for e in await history.edits(root.source)] == [0, 1, 2, 3]
    with pytest.raises(UnknownEdit) as caught:
        await history.goto(root.conversation, 9)
    assert caught.value.last == 3


async def test_the_character_nul_is_left_out(history: History) -> None:
    root = await begin(history)
    made = await history.record_edit(root, "pink\0 hair", [], [], picture(1))
    assert (await history.edit(made.id)).text == "pink hair"


async def test_a_new_picture_keeps_the_old_tree(history: History) -> None:
    root = await begin(history)
    pink = await step(history, root, "pink hair")
    other = await history.add_source(root.conversation, NewSource(picture(9), "tiny", "f00d", LATENT, {}))
    assert (await history.head(root.conversation)).id == other.id
    assert (await history.show(pink.id, root.conversation, pink.created_at)).id == pink.id
    assert (await history.undo(root.conversation)).id == root.id


async def test_no_concurrent_update_is_lost(history: History) -> None:
    """Sixteen writers at once number their edits: a lost update would give a number twice."""
    root = await begin(history)

    async def work(worker: int) -> None:
        for turn in range(25):
            await history.record_edit(root, "", [], [], picture(1000 * worker + turn))

    await asyncio.gather(*(work(worker) for worker in range(16)))
    numbers = [edit.number for edit in await history.edits(root.source)]
    assert numbers == list(range(401))


async def test_a_job_makes_one_edit_which_closes_its_request(history: History) -> None:
    root = await begin(history)
    assert (await history.jobs.begin("request", root.conversation, {"text": "pink"})).new
    again = await history.jobs.begin("request", root.conversation, {"text": "another"})
    assert (again.new, again.request) == (False, {"text": "pink"})
    pink = await history.record_edit(
        root, "pink", [adjustment("pink")], [], picture(1), "request-1", answers="request"
    )
    assert await history.jobs.under_way() == []
    green = await history.record_edit(pink, "green", [adjustment("green")], [], picture(2), "request-2")
    assert await history.record_edit(root, "pink", [adjustment("pink")], [], picture(1), "request-1") == pink
    assert (await history.head(root.conversation)).id == pink.id
    assert [edit.id for edit in await history.edits(root.source)] == [root.id, pink.id, green.id]


async def test_reads_in_one_block_share_one_view(history: History) -> None:
    root = await begin(history)
    async with history.database.shared_snapshot():
        before = await history.head(root.conversation)
        await asyncio.create_task(step(history, root, "pink"), context=contextvars.Context())
        assert await history.head(root.conversation) == before
        assert len(await history.edits(root.source)) == 1
    assert len(await history.edits(root.source)) == 2


async def test_everything_survives_reopening(database_url: str, tmp_path: Path) -> None:
    async with History.open(database_url, tmp_path / "pictures") as first:
        root = await begin(first)
        pink = await step(first, root, "pink hair")
        await first.jobs.begin("job-1", root.conversation, {"text": "less"})
        await first.link_message("test", "m1", pink.id)
    async with History.open(database_url, tmp_path / "pictures") as second:
        assert (await second.head(root.conversation)).id == pink.id
        (job,) = await second.jobs.under_way()
        assert job.request == {"text": "less"}
        await second.jobs.finish("job-1")
        assert await second.jobs.under_way() == []
        linked = await second.edit_of_message("test", "m1")
        assert linked is not None
        assert linked.id == pink.id
        assert await second.edit_of_message("test", "m2") is None


async def test_deleting_a_user_deletes_rows_and_files_of_that_user_only(
    history: History, tmp_path: Path
) -> None:
    ann, ben = await begin(history, "ann"), await begin(history, "ben")
    pink = await step(history, ann, "pink hair")
    await history.jobs.begin("job", ann.conversation, {})
    await history.link_message("test", "m1", pink.id)
    assert await Retention(history).forget_user("test", "ann")
    assert not await Retention(history).forget_user("test", "ann")
    with pytest.raises(NotFound):
        await history.edit(pink.id)
    assert await history.jobs.under_way() == []
    assert (await history.head(ben.conversation)).id == ben.id
    assert await history.picture(ben.picture) == picture()
    files = [path for path in (tmp_path / "pictures").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert b"pink hair" not in await kept(history, tmp_path)


async def test_a_damaged_picture_is_noticed(history: History) -> None:
    root = await begin(history)
    ((_, _, path),) = history.blobs.names()
    path.write_bytes(b"something else")
    with pytest.raises(BlobDamaged):
        await history.picture(root.picture)
    path.unlink()
    with pytest.raises(BlobDamaged):
        await history.picture(root.picture)


async def test_a_full_disk_changes_nothing(
    history: History, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = await begin(history)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            await step(history, root, "pink hair")
    assert (await history.head(root.conversation)).id == root.id
    assert [p.name for p in (tmp_path / "pictures").rglob(".new-*")] == []
    assert (await step(history, root, "pink hair")).number == 1


async def test_a_database_of_a_later_version_is_left_alone(database_url: str, tmp_path: Path) -> None:
    async with (
        History.open(database_url, tmp_path / "pictures") as history,
        history.database.write() as connection,
    ):
        await connection.execute(text("UPDATE alembic_version SET version_num = 'from_the_future'"))
    with pytest.raises(DatabaseTooNew):
        async with History.open(database_url, tmp_path / "pictures"):
            pass
