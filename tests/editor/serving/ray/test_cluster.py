"""The cluster: the same bytes as one machine, shared jobs, killed replicas, cancelling."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from editor.api.client import EditorClient
from editor.api.errors import BadPicture, Cancelled, EditorError, UnknownBundle, UnknownJob
from editor.api.protocol import (
    Change,
    CompareRequest,
    CompareResult,
    EditRequest,
    EditResult,
    InvertRequest,
    InvertResult,
    Job,
    Request,
    Result,
    TrainMapperRequest,
)
from tests.conftest import make_png
from tests.editor.serving.ray.conftest import Running
from tests.tiny import write_bundle

pytest.importorskip("ray", reason="the cluster is tested where it is installed: pip install '.[cluster]'")
pytestmark = pytest.mark.slow


@pytest.fixture
async def fronts(running: Running) -> AsyncIterator[list[EditorClient]]:
    """Clients of both fronts, and of the plain editor."""
    urls = (*running.fronts, running.local)
    async with EditorClient(urls[0]) as one, EditorClient(urls[1]) as two, EditorClient(urls[2]) as local:
        async with asyncio.timeout(90):
            for client in (one, two, local):
                while not await client.ready():  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
        yield [one, two, local]


def job(request: Request, user: str = "ann") -> Job:
    return Job(user=user, request=request)


async def metric(client: EditorClient, name: str) -> float:
    """A metric of the shared job actor."""
    async with client._http.get(f"{client._base}/metrics") as response:
        found = re.search(rf"^{re.escape(name)} (\S+)$", await response.text(), re.MULTILINE)
    return float(found.group(1)) if found else 0.0


async def outcome(
    client: EditorClient, name: str, request: Request
) -> Result | tuple[str, str, dict[str, Any]]:
    """A result, or what an error says."""
    try:
        result = await client.run(name, job(request))
    except EditorError as error:
        return error.code, str(error), error.detail
    if isinstance(result, CompareResult):
        return result.model_copy(
            update={"rows": tuple(row.model_copy(update={"milliseconds": 0.0}) for row in result.rows)}
        )
    return result


async def test_the_same_jobs_give_the_same_bytes(fronts: list[EditorClient]) -> None:
    one, _, local = fronts
    inverted = await local.run("same", job(InvertRequest(bundle="tiny", picture=make_png())))
    assert isinstance(inverted, InvertResult)
    edit = EditRequest(picture=make_png(), inversion=inverted.inversion, changes=(Change(prompt="glasses"),))
    edited = await local.run("same-edit", job(edit))
    assert isinstance(edited, EditResult)
    requests: dict[str, Request] = {
        "invert": InvertRequest(bundle="tiny", picture=make_png()),
        "routed": InvertRequest(picture=make_png(seed=1)),
        "edit": edit,
        "variation": edit.model_copy(update={"changes": (), "seed": 3}),
        "less": edit.model_copy(update={"changes": (), "adjustments": edited.adjustments}),
        "compare": CompareRequest(
            picture=make_png(),
            inversion=inverted.inversion,
            change=Change(prompt="pink hair"),
            methods=("mapper", "direction"),
        ),
        "no-picture": InvertRequest(bundle="tiny", picture=b"<svg/>"),
        "no-bundle": InvertRequest(bundle="x", picture=make_png()),
    }
    for name, request in requests.items():
        assert await outcome(one, f"both-{name}", request) == await outcome(local, f"both-{name}", request), (
            name
        )


async def test_errors_are_themselves(fronts: list[EditorClient]) -> None:
    with pytest.raises(BadPicture):
        await fronts[0].run("bad", job(InvertRequest(picture=b"<svg/>")))
    with pytest.raises(UnknownBundle, match="tiny"):
        await fronts[1].run("nobody", job(InvertRequest(bundle="nobody", picture=make_png())))
    with pytest.raises(UnknownJob):
        await fronts[0].cancel("never-seen")


async def test_any_front_answers_for_any_job(fronts: list[EditorClient]) -> None:
    one, two, _ = fronts
    before = await metric(one, 'editor_jobs_total{lane="edits",state="done"}')
    request = job(InvertRequest(bundle="tiny", picture=make_png(seed=2)))
    results = await asyncio.gather(*(client.run("shared", request) for client in (one, two, one, two)))
    assert all(result == results[0] for result in results)
    assert await two.run("shared", request) == results[0]
    assert await metric(two, 'editor_jobs_total{lane="edits",state="done"}') == before + 1, "it was done once"
    async with two._http.get(f"{two._base}/v1/jobs/shared") as response:
        assert (await response.json())["state"] == "done"


async def test_work_that_is_cancelled_at_another_front_frees_the_replica(fronts: list[EditorClient]) -> None:
    one, two, _ = fronts
    begun, trained = asyncio.Event(), asyncio.Event()
    lesson = TrainMapperRequest(bundle="tiny", prompt="a mohawk", minutes=10)
    first = asyncio.create_task(
        one.run("long", job(lesson), lambda event: event.event == "progress" and begun.set())
    )
    async with asyncio.timeout(60):  # far less than the ten minutes that it would take
        await begun.wait()
        await two.cancel("long")
        with pytest.raises(Cancelled):
            await first
        again = lesson.model_copy(update={"prompt": "a beard"})
        second = asyncio.create_task(
            two.run("next", job(again), lambda event: event.event == "progress" and trained.set())
        )
        await trained.wait()  # there is one thread for training, so the first lesson has left it
        await one.cancel("next")
        with pytest.raises(Cancelled):
            await second


async def test_replicas_come_with_the_load_and_one_that_is_killed_costs_nobody_anything(
    running: Running, fronts: list[EditorClient]
) -> None:
    requests = [
        InvertRequest(bundle="tiny", picture=make_png(seed=seed), quality="best") for seed in range(10)
    ]
    alone = [await fronts[2].run(f"alone-{seed}", job(request)) for seed, request in enumerate(requests[:2])]
    ended: list[tuple[int, str]] = []

    async def ask(number: int, round_: str) -> Result:
        client, request = fronts[number % 2], job(requests[number], f"user{number}")
        ends = ("done", "failed")
        return await client.run(
            f"{round_}-{number}",
            request,
            lambda event: event.event in ends and ended.append((number, event.event)),
        )

    async with asyncio.timeout(120):
        rounds = 0
        while await metric(fronts[0], 'editor_places{lane="edits"}') < 2:
            await asyncio.gather(*(ask(number, f"grow{rounds}") for number in range(10)))
            rounds += 1
    ended.clear()
    load = [asyncio.create_task(ask(number, "killed")) for number in range(10)]
    async with asyncio.timeout(120):
        while await metric(fronts[1], 'editor_running{lane="edits"}') < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        os.kill(running.processes("ServeReplica:editor")[0], signal.SIGKILL)
        results = await asyncio.gather(*load)
    assert results[:2] == alone
    assert sorted(ended) == [(number, "done") for number in range(10)], "every job ended, once"


async def test_bundles_are_read_anew(bundles: Path, fronts: list[EditorClient]) -> None:
    assert "late" not in {info.name for info in await fronts[0].bundles()}
    write_bundle(bundles / "late", title="Late")
    assert {info.name: info.title for info in await fronts[0].reload()}["late"] == "Late"
    manifest = bundles / "late" / "bundle.toml"
    manifest.write_text(manifest.read_text().replace("Late", "Later"))
    await fronts[0].reload()
    assert {info.name: info.title for info in await fronts[1].bundles()}["late"] == "Later"


async def test_a_killed_job_actor_comes_back_and_the_job_is_done_all_the_same(
    running: Running, fronts: list[EditorClient]
) -> None:
    request = job(InvertRequest(bundle="tiny", picture=make_png(seed=20), quality="best"))
    begun = asyncio.Event()
    one = asyncio.create_task(
        fronts[0].run("actor", request, lambda event: event.event == "progress" and begun.set())
    )
    async with asyncio.timeout(90):
        await begun.wait()
        os.kill(running.processes("ray::JobActor")[0], signal.SIGKILL)
        result = await one
    assert result == await fronts[2].run("actor-alone", request)
