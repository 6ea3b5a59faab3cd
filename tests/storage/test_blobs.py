"""The store of pictures, in a folder and in S3."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from storage.blobs import Access, Blobs, BlobStore, blobs_at, digest
from storage.errors import BlobDamaged, BlobsAway, BlobsUnknown
from storage.export import overview
from storage.history import History
from storage.retention import Retention
from tests.storage.test_history import begin, picture, step


def test_blobs_are_written_read_and_removed(blobs: Blobs) -> None:
    blobs.check()
    names = [(user, blobs.write(user, data)) for user in (1, 2) for data in (b"one", b"two")]
    assert blobs.write(1, b"one") == digest(b"one")
    assert [blobs.read(*name) for name in names] == [b"one", b"two"] * 2
    assert blobs.size([*names, (3, digest(b"one"))]) == 12
    blobs.remove([names[0], (3, digest(b"one"))])
    assert [blobs.has(*name) for name in names] == [False, True, True, True]
    with pytest.raises(BlobDamaged):
        blobs.read(*names[0])


def test_the_trash_restores_what_is_read(blobs: Blobs) -> None:
    one, two = (1, blobs.write(1, b"one")), (2, blobs.write(2, b"two"))
    blobs.trash([one, two, (3, digest(b"three"))])
    assert list(blobs.listed()) == []
    assert {name for name, _ in blobs.trashed()} == {one, two}
    assert (blobs.has(*one), blobs.read(*one), blobs.has(*one)) == (False, b"one", True)
    assert (blobs.restore(two), blobs.restore(two)) == (True, False)
    blobs.trash([one, two])
    blobs.empty_trash([one])
    blobs.remove([two])
    assert list(blobs.trashed()) == []
    for name in (one, two):
        with pytest.raises(BlobDamaged):
            blobs.read(*name)


def test_a_store_knows_its_database(blobs: Blobs) -> None:
    assert blobs.owner() is None
    blobs.claim("f00d")
    assert blobs.owner() == "f00d"
    assert list(blobs.listed()) == []


def test_a_damaged_file_is_replaced_by_the_same_picture(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    name = blobs.write(1, b"pixels")
    blobs.path(1, name).write_bytes(b"pi")
    blobs.write(1, b"pixels")
    assert blobs.read(1, name) == b"pixels"


async def test_a_history_is_kept_and_deleted_in_it(blobs: Blobs, tmp_path: Path) -> None:
    async with History.open(f"sqlite:///{tmp_path}/history.sqlite", blobs) as history:
        ann, ben = await begin(history, "ann"), await begin(history, "ben")
        pink = await step(history, ann, "pink hair")
        assert await history.picture(pink.picture) == picture(len("pink hair"))
        assert (await overview(history, "test", "ann")).bytes == sum(len(picture(n).data) for n in (0, 9))
        await Retention(history).forget_user("test", "ann")
        assert not await asyncio.to_thread(blobs.has, 1, digest(picture().data))
        assert await history.picture(ben.picture) == picture()


@pytest.mark.slow
def test_an_altered_object_is_noticed(s3: Access) -> None:
    import obstore
    from obstore.store import S3Store

    prefix = uuid.uuid4().hex
    blobs = blobs_at(f"s3://pictures/{prefix}", s3)
    name = blobs.write(7, b"pixels")
    store = S3Store(
        "pictures",
        prefix=prefix,
        access_key_id=s3.key,
        secret_access_key=s3.secret,
        endpoint=s3.endpoint,
        region="us-east-1",
        client_options={"allow_http": True},
    )
    obstore.put(store, f"7/{name[:2]}/{name}", b"something else")
    with pytest.raises(BlobDamaged):
        blobs.read(7, name)


@pytest.mark.slow
def test_a_bucket_that_is_not_there(s3: Access) -> None:
    with pytest.raises(BlobsAway):
        blobs_at("s3://no-such-bucket", s3).check()


@pytest.mark.parametrize("url", ["ftp://host/pictures", "s3://", "gs://bucket"])
def test_addresses_that_cannot_be_used(url: str) -> None:
    with pytest.raises(BlobsUnknown):
        blobs_at(url)
