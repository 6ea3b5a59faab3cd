"""Request bodies: bounds on their memory and time, and pictures that are sent once."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from editor.api.client import EditorClient
from editor.api.errors import Overloaded
from editor.api.framing import CONTENT_TYPE, HASHED_BYTES, Frame
from editor.api.protocol import (
    Array,
    EditRequest,
    EditResult,
    Fidelity,
    Geometry,
    Inversion,
    Job,
    Latent,
    PictureData,
)
from editor.serving import server, uploads
from editor.serving.executor import LocalExecutor
from editor.serving.jobs import LocalJobs
from editor.serving.server import create_app
from editor.serving.uploads import AttachmentCache, ByteBudget

PICTURE = os.urandom(2 * HASHED_BYTES)
LATENT = Latent(bundle="b", fingerprint="f", w=Array(dtype="float32", shape=(1, 1), data=b"\0" * 4))
INVERSION = Inversion(
    latent=LATENT,
    geometry=Geometry(center_x=1, center_y=1, side=1, width=2, height=2),
    fidelity=Fidelity(psnr=1, similarity=1, in_domain=True),
)


class Echo:
    """An engine that answers with the picture of the request."""

    device = "nothing"

    def __init__(self) -> None:
        self.pictures: list[bytes] = []

    def bundles(self) -> list[Any]:
        return []

    def run(self, request: Any, report: Callable[..., None], cancelled: Callable[[], bool]) -> EditResult:
        self.pictures.append(request.picture)
        picture = PictureData(media_type="image/png", width=1, height=1, data=request.picture)
        return EditResult(picture=picture, adjustments=(), effects=())


@pytest.fixture
def engine() -> Echo:
    return Echo()


@pytest.fixture
async def running(engine: Echo, aiohttp_server: Callable[..., Any]) -> TestServer:
    started: TestServer = await aiohttp_server(create_app(LocalJobs(LocalExecutor(lambda: engine))))
    return started


def job(picture: bytes = PICTURE, seed: int = 0) -> Job:
    return Job(user="ann", request=EditRequest(picture=picture, inversion=INVERSION, seed=seed))


class Counting(EditorClient):
    """A client that counts the bytes of its jobs."""

    def __init__(self, url: str) -> None:
        super().__init__(url, patience=2)
        self.bodies: list[int] = []

    async def _events(self, identifier: str, frame: Frame):  # type: ignore[no-untyped-def, override]
        self.bodies.append(len(frame.encode({a.sha256 for a in frame.attachments if a.sha256 in self._sent})))
        async for event in super()._events(identifier, frame):
            yield event


async def test_a_follow_up_does_not_send_the_picture_again(running: TestServer, engine: Echo) -> None:
    async with Counting(str(running.make_url("/"))) as client:
        for number in range(3):
            result = await client.run(f"j{number}", job(seed=number))
            assert isinstance(result, EditResult)
            assert result.picture.data == PICTURE
        assert client.bodies[0] > len(PICTURE)
        assert max(client.bodies[1:]) < 2000
    assert engine.pictures == [PICTURE] * 3


async def test_a_picture_that_the_editor_forgot_is_sent_again(running: TestServer, engine: Echo) -> None:
    async with Counting(str(running.make_url("/"))) as client:
        await client.run("j0", job())
        running.app[server.CACHE]._data.clear()  # type: ignore[union-attr]
        await client.run("j1", job(seed=1))
        assert [size > len(PICTURE) for size in client.bodies] == [True, False, True]
    assert engine.pictures == [PICTURE] * 2


async def test_an_omitted_picture_is_the_same_job(running: TestServer, engine: Echo) -> None:
    async with Counting(str(running.make_url("/"))) as client:
        first = await client.run("same", job())
        assert await client.run("same", job()) == first
    assert len(engine.pictures) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"{}\n[]\n", b"\n\n\n", Frame.of(job()).encode()[:-1]])
async def test_malformed_frames_are_refused(running: TestServer, body: bytes) -> None:
    async with aiohttp.ClientSession() as session:
        url = running.make_url("/v1/jobs/j")
        async with session.put(url, data=body, headers={"Content-Type": CONTENT_TYPE}) as response:
            assert (response.status, (await response.json())["code"]) == (400, "bad-request")


def test_the_cache_drops_what_was_not_used_for_longest() -> None:
    cache = AttachmentCache(3 * HASHED_BYTES)
    frames = [Frame.of(job(bytes([number]) * HASHED_BYTES)) for number in range(4)]
    hashes = [str(next(a.sha256 for a in frame.attachments if a.sha256)) for frame in frames]
    for frame in frames[:3]:
        cache.keep(frame)
    assert cache.find(hashes[0])
    cache.keep(frames[3])
    assert [cache.find(sha256) is not None for sha256 in hashes] == [True, False, True, True]
    cache.keep(Frame.of(job(bytes(4 * HASHED_BYTES))))
    assert cache.find(hashes[0]), "what is larger than the cache leaves it alone"


async def test_the_budget_makes_requests_wait_and_then_refuses_them() -> None:
    budget = ByteBudget(10, wait_seconds=0.1)
    async with budget.hold(8):
        with pytest.raises(Overloaded):
            async with budget.hold(3):
                pass
        async with budget.hold(2):
            assert budget.held == 10
        waiting = asyncio.create_task(budget.hold(5).__aenter__())
        await asyncio.sleep(0.02)
        assert not waiting.done()
    await waiting
    assert budget.held == 5


async def test_a_large_request_is_held_alone() -> None:
    budget = ByteBudget(10, wait_seconds=0.05)
    async with budget.hold(100):
        with pytest.raises(Overloaded):
            async with budget.hold(1):
                pass
    assert budget.held == 0


async def test_too_many_bytes_at_once_are_refused_in_a_sentence(
    running: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.app[server.BUDGET].limit = 100  # type: ignore[union-attr]
    running.app[server.BUDGET].wait_seconds = 0.05  # type: ignore[union-attr]
    async with running.app[server.BUDGET].hold(1), EditorClient(str(running.make_url("/"))) as client:  # type: ignore[union-attr]
        with pytest.raises(Overloaded, match="at once"):
            await client.run("j", job())
    async with EditorClient(str(running.make_url("/"))) as client:
        await client.run("j", job())
    assert running.app[server.BUDGET].held == 0  # type: ignore[union-attr]


async def test_finished_jobs_hold_no_pictures(running: TestServer) -> None:
    async with EditorClient(str(running.make_url("/"))) as client:
        await client.run("j", job())
    record = running.app[server.JOBS].records["j"]  # type: ignore[union-attr]
    assert record.is_over
    assert record.request is None


async def test_a_dripping_upload_is_refused(running: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CHUNK_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"PUT /v1/jobs/j HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    async with asyncio.timeout(5):
        answer = await reader.readuntil(b"\r\n")
    assert b"408" in answer
    writer.close()


async def test_half_sent_headers_end_the_connection(aiohttp_server: Callable[..., Any], engine: Echo) -> None:
    started = await aiohttp_server(
        create_app(LocalJobs(LocalExecutor(lambda: engine))), keepalive_timeout=0.2
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", started.port)
    writer.write(b"PUT /v1/jobs/j HTTP/1.1\r\nHost:")
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):  # another way in which the server ends a connection
            assert await reader.read() == b""
    writer.close()


async def test_the_old_json_form_is_still_read(running: TestServer) -> None:
    text = job().model_dump(mode="json")
    text["request"] |= {"wishes": text["request"].pop("changes"), "beside": [], "patient": True}
    del text["request"]["other_faces"], text["request"]["search"]
    async with (
        aiohttp.ClientSession() as session,
        session.put(running.make_url("/v1/jobs/j"), json=text) as response,
    ):
        assert response.headers["Content-Type"] == "application/x-ndjson"
        last = (await response.read()).splitlines()[-1]
    assert b'"event":"done"' in last
