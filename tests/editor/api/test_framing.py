"""Frames: the same message back, attachments that are left out, chunks of any size, and malformed input."""

from __future__ import annotations

import os

import pytest
from pydantic import TypeAdapter, ValidationError

from editor.api.errors import BadRequest, PictureUnknown
from editor.api.framing import HASHED_BYTES, Frame, FrameReader
from editor.api.protocol import InvertRequest, Job

JOBS: TypeAdapter[Job] = TypeAdapter(Job)
PICTURE = os.urandom(HASHED_BYTES)


def job(picture: bytes = PICTURE) -> Job:
    return Job(user="ann", request=InvertRequest(picture=picture))


def read(data: bytes, chunk: int = 1_000_000) -> list[Frame]:
    reader = FrameReader(1_000_000)
    frames = [
        frame for start in range(0, len(data), chunk) for frame in reader.feed(data[start : start + chunk])
    ]
    assert not reader._pending
    return frames


@pytest.mark.parametrize("chunk", [1, 7, 1000, 1_000_000])
def test_messages_come_back_from_chunks_of_any_size(chunk: int) -> None:
    jobs = [job(), job(b""), job(b"\n[]\n" * 9)]
    frames = read(b"".join(Frame.of(one).encode() for one in jobs), chunk)
    assert [frame.parse(JOBS) for frame in frames] == jobs


def test_bytes_are_not_in_the_json() -> None:
    frame = Frame.of(job())
    assert len(frame.message) < 300
    assert frame.size == len(frame.message) + len(PICTURE)
    assert JOBS.validate_json(job().model_dump_json()) == job(), "without a frame they are base64"


def test_a_known_attachment_is_left_out_and_found_again() -> None:
    whole = Frame.of(job())
    sha256 = whole.attachments[0].sha256
    assert sha256 is not None
    (short,) = read(whole.encode({sha256}))
    assert len(whole.encode({sha256})) < 500
    assert short.digest == whole.digest
    assert short.completed({sha256: PICTURE}.get).parse(JOBS) == job()
    with pytest.raises(PictureUnknown) as unknown:
        short.completed({}.get)
    assert unknown.value.detail == {"sha256": [sha256]}


def test_other_bytes_have_another_digest() -> None:
    digests = {Frame.of(job(data)).digest for data in (b"a", b"b", PICTURE, PICTURE[::-1])}
    assert len(digests) == 4


@pytest.mark.parametrize(
    "table", [b"", b"{}", b"[1]", b'[{"size": -1, "sha256": null, "omitted": false}]', b'[{"size": 5}]']
)
def test_a_malformed_table_is_refused(table: bytes) -> None:
    with pytest.raises(BadRequest):
        list(FrameReader(1000).feed(b"{}\n" + table + b"\n"))


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(BadRequest):
        list(FrameReader(100).feed(bytes(101)))


@pytest.mark.parametrize("number", ["1", "-2", '"0"', "null"])
def test_an_attachment_that_is_not_there_is_refused(number: str) -> None:
    frame = Frame.of(job())
    wrong = Frame(frame.message.replace(b'{"attachment":0}', f'{{"attachment":{number}}}'.encode()), ())
    with pytest.raises(ValidationError):
        wrong.parse(JOBS)
