"""The HTTP API: idempotent jobs, replayed events, cancelling, order, tokens, and a killed process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.app.supervisor import own_editor
from editor.api.client import EditorClient
from editor.api.errors import (
    BadPicture,
    BadRequest,
    Cancelled,
    EditorAway,
    EditorError,
    JobConflict,
    NotAuthorised,
    QueueFull,
    UnknownJob,
)
from editor.api.protocol import BundleInfo, Change, EditRequest, InvertRequest, InvertResult, Job
from editor.serving.executor import LocalExecutor
from editor.serving.jobs import LocalJobs
from editor.serving.server import check_exposure, create_app
from tests.conftest import make_png
from tests.tiny import write_bundle


class SlowEngine:
    """An engine that waits for the test between its steps and remembers whom it served."""

    device = "nothing"

    def __init__(self) -> None:
        self.go, self.served = threading.Semaphore(0), []  # type: ignore[var-annotated]

    def bundles(self) -> list[BundleInfo]:
        return []

    def run(self, request: Any, report: Callable[..., None], cancelled: Callable[[], bool]) -> Any:
        self.served.append(request.prompt if request.kind == "train-mapper" else request.picture)
        for step in range(2):
            report("refine", step, 2, None)
            while not self.go.acquire(timeout=0.02):
                if cancelled():
                    raise Cancelled()
        raise BadPicture()


def body(user: str = "ann", picture: bytes = b"x") -> dict[str, Any]:
    return {"user": user, "request": {"kind": "invert", "picture": base64.b64encode(picture).decode()}}


@pytest.fixture
def engine() -> SlowEngine:
    return SlowEngine()


@pytest.fixture
async def client(
    engine: SlowEngine, aiohttp_client: Callable[..., Any]
) -> AsyncIterator[TestClient[Any, Any]]:
    yield await aiohttp_client(create_app(LocalJobs(LocalExecutor(lambda: engine), per_user=2)))
    engine.go.release(100)  # whatever still runs must end before the server can


async def lines(response: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (await response.read()).splitlines()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the other side is a thread
            await asyncio.sleep(0.01)


async def test_the_same_job_twice_runs_once_and_events_replay(
    client: TestClient[Any, Any], engine: SlowEngine
) -> None:
    first, second = [await client.put("/v1/jobs/j1", json=body()) for _ in range(2)]
    engine.go.release(2)
    events = await lines(first)
    assert [event["event"] for event in events] == ["queued", "started", "progress", "progress", "failed"]
    assert [event["number"] for event in events] == [1, 2, 3, 4, 5]
    assert events[-1]["code"] == "bad-picture"
    assert await lines(second) == events
    assert await lines(await client.put("/v1/jobs/j1?after=3", json=body())) == events[3:]
    assert len(engine.served) == 1
    conflict = await client.put("/v1/jobs/j1", json=body(picture=b"y"))
    assert (conflict.status, (await conflict.json())["code"]) == (409, "job-conflict")


async def test_states_and_unknown_jobs(client: TestClient[Any, Any], engine: SlowEngine) -> None:
    await client.put("/v1/jobs/j1", json=body())
    await until(lambda: len(engine.served) == 1)
    assert (await (await client.get("/v1/jobs/j1")).json())["state"] == "running"
    for answer in (await client.get("/v1/jobs/nobody"), await client.delete("/v1/jobs/nobody")):
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown-job")


async def test_cancelling_ends_that_job_alone(client: TestClient[Any, Any], engine: SlowEngine) -> None:
    running = await client.put("/v1/jobs/running", json=body())
    waiting = await client.put("/v1/jobs/waiting", json=body())
    other = await client.put("/v1/jobs/other", json=body("ben", b"b"))
    await until(lambda: len(engine.served) == 1)
    for name in ("waiting", "running"):
        assert (await client.delete(f"/v1/jobs/{name}")).status == 202
    for response in (running, waiting):
        assert (await lines(response))[-1]["code"] == "cancelled"
    engine.go.release(2)
    assert (await lines(other))[-1]["code"] == "bad-picture"
    assert engine.served == [b"x", b"b"]


async def test_users_take_turns_and_nobody_fills_the_queue(
    client: TestClient[Any, Any], engine: SlowEngine
) -> None:
    responses = []
    for number, (user, picture) in enumerate(
        (("ann", b"a1"), ("ann", b"a2"), ("ann", b"a3"), ("ben", b"b1"))
    ):
        responses.append(await client.put(f"/v1/jobs/{number}", json=body(user, picture)))
    full = await client.put("/v1/jobs/more", json=body("ann", b"a4"))
    assert (full.status, (await full.json())["code"]) == (429, "queue-full")
    assert int(full.headers["Retry-After"]) > 0
    engine.go.release(8)
    positions = [(await lines(response))[0]["position"] for response in responses]
    assert positions == [0, 1, 2, 1]
    assert engine.served == [b"a1", b"b1", b"a2", b"a3"]


@pytest.mark.parametrize(
    "payload",
    ["", "[]", "{", '{"user": "", "request": {}}', json.dumps({"user": "a", "request": {"kind": "fly"}})],
)
async def test_nonsense_is_refused_without_repeating_it(client: TestClient[Any, Any], payload: str) -> None:
    answer = await client.put("/v1/jobs/j1", data=payload)
    assert (answer.status, (await answer.json())["code"]) == (400, "bad-request")


async def test_a_token_is_asked_for(engine: SlowEngine, aiohttp_client: Callable[..., Any]) -> None:
    client = await aiohttp_client(create_app(LocalJobs(LocalExecutor(lambda: engine)), token="right"))
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert (await client.get("/v1/ready", headers=headers)).status == 401
    assert (await client.get("/v1/health", headers={"Authorization": "Bearer right"})).status == 200
    async with EditorClient(str(client.make_url("/")), "wrong") as mistaken:
        with pytest.raises(NotAuthorised):
            await mistaken.bundles()


@pytest.mark.parametrize(
    ("host", "token", "fine"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("0.0.0.0", None, False),
        ("0.0.0.0", "t", True),
        ("example.org", None, False),
    ],
)
def test_beyond_this_machine_only_with_a_token(host: str, token: str | None, fine: bool) -> None:
    if fine:
        check_exposure(host, token)
    else:
        with pytest.raises(BadRequest):
            check_exposure(host, token)


async def test_an_editor_that_cannot_load_says_so(aiohttp_client: Callable[..., Any]) -> None:
    def broken() -> SlowEngine:
        raise EditorError("The bundle's generator is missing.")

    client = await aiohttp_client(create_app(LocalJobs(LocalExecutor(broken))))
    await until(lambda: True)
    answer = await client.put("/v1/jobs/j1", json=body())
    assert (answer.status, (await answer.json())["code"]) == (503, "editor-away")
    ready = await client.get("/v1/ready")
    assert (ready.status, (await ready.json())["sentence"]) == (500, "The bundle's generator is missing.")


async def test_draining_finishes_what_runs_and_tells_what_waits(
    client: TestClient[Any, Any], engine: SlowEngine
) -> None:
    from editor.serving.server import JOBS

    running = await client.put("/v1/jobs/running", json=body())
    waiting = await client.put("/v1/jobs/waiting", json=body())
    await until(lambda: len(engine.served) == 1)
    assert isinstance(client.app, web.Application)
    drained = asyncio.create_task(client.app[JOBS].drain())
    assert (await lines(waiting))[-1]["code"] == "draining"
    assert (await client.get("/v1/ready")).status == 503
    assert (await client.put("/v1/jobs/new", json=body())).status == 503
    engine.go.release(2)
    assert (await lines(running))[-1]["code"] == "bad-picture"
    await drained


def lesson(prompt: str = "a mohawk") -> dict[str, Any]:
    return {"user": "owner", "request": {"kind": "train-mapper", "prompt": prompt}}


async def test_edits_do_not_wait_for_a_mapper_that_is_trained(
    client: TestClient[Any, Any], engine: SlowEngine
) -> None:
    for number, prompt in enumerate(("a mohawk", "pink hair")):
        await client.put(f"/v1/jobs/train-{number}", json=lesson(prompt))
    await client.put("/v1/jobs/edit", json=body())
    await until(lambda: len(engine.served) == 2)
    assert engine.served == ["a mohawk", b"x"]  # one mapper at a time, and the edit next to it


async def test_draining_breaks_training_off_and_says_that_it_may_be_asked_for_again(
    client: TestClient[Any, Any], engine: SlowEngine
) -> None:
    from editor.serving.server import JOBS

    training = await client.put("/v1/jobs/training", json=lesson())
    await until(lambda: len(engine.served) == 1)
    assert isinstance(client.app, web.Application)
    await client.app[JOBS].drain()
    assert (await lines(training))[-1]["code"] == "draining"


# a real process


async def inverted(client: EditorClient, name: str = "i1") -> InvertResult:
    result = await client.run(name, Job(user="ann", request=InvertRequest(picture=make_png())))
    assert isinstance(result, InvertResult)
    return result


async def test_a_killed_editor_comes_back_and_the_job_is_done_once(bundles: Path) -> None:
    async with own_editor(["--bundles", str(bundles)]) as supervisor, EditorClient(supervisor.url) as client:
        await inverted(client)
        seen: list[str] = []

        def on_event(event: Any) -> None:
            seen.append(event.event)
            if event.event == "progress" and supervisor.restarts == 0 and not killed.is_set():
                killed.set()
                assert supervisor.process is not None
                os.kill(supervisor.process.pid, signal.SIGKILL)

        killed = asyncio.Event()
        again = await client.run("i2", Job(user="ann", request=InvertRequest(picture=make_png())), on_event)
        assert supervisor.restarts == 1
        assert seen.count("done") == 1
        assert again == await inverted(client, "i3"), (
            "the same request gives the same result in another process"
        )


async def test_an_edit_through_the_wire_is_repeatable(editor_url: str) -> None:
    async with EditorClient(editor_url) as client:
        found = await inverted(client)
        request = EditRequest(
            picture=make_png(), inversion=found.inversion, changes=(Change(prompt="glasses"),)
        )
        results = [await client.run(f"e{n}", Job(user="ann", request=request)) for n in range(2)]
        assert results[0] == results[1]


async def test_errors_cross_the_wire_as_themselves(editor_url: str) -> None:
    async with EditorClient(editor_url) as client:
        with pytest.raises(BadPicture):
            await client.run("b1", Job(user="ann", request=InvertRequest(picture=b"<svg/>")))
        with pytest.raises(JobConflict):
            await client.run("b1", Job(user="ann", request=InvertRequest(picture=b"<svg />")))
        with pytest.raises(UnknownJob):
            await client.cancel("never-seen")


async def test_nobody_there_is_told_in_time(tmp_path: Path) -> None:
    async with EditorClient(f"unix:{tmp_path}/nothing", patience=0.3) as client:
        assert not await client.ready()
        with pytest.raises(EditorAway):
            await client.bundles()
        with pytest.raises(EditorAway):
            await inverted(client)


async def test_a_full_queue_reaches_the_caller(client: TestClient[Any, Any]) -> None:
    for number in range(3):
        await client.put(f"/v1/jobs/{number}", json=body())
    async with EditorClient(str(client.make_url("/"))) as mine:
        with pytest.raises(QueueFull):
            await mine.run("x", Job(user="ann", request=InvertRequest(picture=b"x")))
        for number in range(3):
            await mine.cancel(str(number))


async def test_how_the_editor_stands(client: TestClient[Any, Any], engine: SlowEngine) -> None:
    for number in range(3):
        response = await client.put(f"/v1/jobs/{number}", json=body(f"user{number}"))
        assert response.status == 200
    status = await (await client.get("/v1/status")).json()
    assert (status["running"], status["waiting"], status["device"]) == (1, 2, "nothing")
    assert status["versions"]["torch"]


async def test_bundles_are_read_anew(tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    write_bundle(folder / "tiny", title="Before")
    async with own_editor(["--bundles", str(folder)]) as running, EditorClient(running.url) as client:
        async with asyncio.timeout(60):
            while not await client.ready():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert {bundle.name: bundle.title for bundle in await client.bundles()}["tiny"] == "Before"
        write_bundle(folder / "other", title="Other")
        (folder / "tiny" / "bundle.toml").write_text(
            (folder / "tiny" / "bundle.toml").read_text().replace("Before", "After")
        )
        again = {bundle.name: bundle.title for bundle in await client.reload()}
        assert (again["tiny"], again["other"]) == ("After", "Other")
        assert {bundle.name for bundle in await client.bundles()} == set(again)
        assert set((await client.status()).bundles) == set(again)


async def test_metrics_count_what_was_done(client: TestClient[Any, Any], engine: SlowEngine) -> None:
    response = await client.put("/v1/jobs/j1", json=body())
    await client.put("/v1/jobs/j2", json=body("ben"))
    engine.go.release(2)
    await lines(response)
    await until(lambda: len(engine.served) == 2)
    text = await (await client.get("/metrics")).text()
    assert 'editor_jobs_total{lane="edits",state="failed"} 1.0' in text
    assert 'editor_running{lane="edits"} 1.0' in text
    assert 'editor_wait_seconds_count{lane="edits"} 2.0' in text
