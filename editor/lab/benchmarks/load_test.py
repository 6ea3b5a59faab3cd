"""``python -m editor load``: a load test with many users, and whether each of them is served fairly."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from editor.api.client import EditorClient
from editor.api.errors import EditorError
from editor.api.protocol import (
    Change,
    EditRequest,
    EditResult,
    Event,
    InvertRequest,
    InvertResult,
    Job,
    Progress,
    Request,
    Started,
)
from editor.lab.benchmarks.startup import editor_process, until_ready
from editor.lab.benchmarks.timing import spread
from editor.lab.text_table import figures_table
from editor.serving.priorities import Priority, priority_of
from editor.serving.settings import Settings

MIX = {"follow-up": 0.80, "new picture": 0.15, "optimization": 0.05}
PROMPTS = ("pink hair", "glasses", "smiling", "older")
UNLOADED = 40
"""Follow-ups that are timed one after the other, without load."""


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m editor load",
        description="Have many users edit at once, each asking again some time after each answer: 80 %% "
        "follow-ups, 15 %% new pictures, 5 %% optimization. Starts an editor process unless "
        "--url names one. Times depend on the machine and its other work; comparable is their "
        "ratio to follow-ups without load, timed just before.",
    )
    add = parser.add_argument
    add("picture", type=Path, help="a picture of the bundle's domain")
    add("--url", help="a running editor (EDITOR_TOKEN is its token)")
    add("--bundle", default="avatar")
    add("--users", type=int, default=200)
    add("--seconds", type=float, default=120.0, help="how long users keep asking")
    add("--pause", type=float, default=60.0, help="mean seconds between an answer and the next request")
    add("--threads", type=int, default=os.cpu_count(), help="CPU threads of the editor that is started")
    add("--seed", type=int, default=0)
    add("--json", action="store_true", help="print one JSON object")
    return parser


@dataclass
class UserJob:
    """One job as its user saw it; times in seconds on one clock."""

    id: str
    user: str
    kind: str
    priority: Priority
    asked: float
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    steps: int = 0

    @property
    def milliseconds(self) -> float:
        """Time from the request to the answer."""
        assert self.ended is not None
        return 1000 * (self.ended - self.asked)


@dataclass
class LoadTest:
    """The users, their requests, and what became of each."""

    client: EditorClient
    bundle: str
    picture: bytes
    rng: random.Random
    run: str = field(default_factory=lambda: f"load-{time.time_ns():x}")
    jobs: list[UserJob] = field(default_factory=list)
    follow_up: EditRequest | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def prepare(self) -> None:
        """Invert the picture and find an edit that works on it."""
        inverted = await self.client.run(f"{self.run}-invert", Job(user="load", request=self._new_picture()))
        assert isinstance(inverted, InvertResult)
        plain = EditRequest(picture=self.picture, inversion=inverted.inversion)
        for number, prompt in enumerate(PROMPTS):
            edit = plain.model_copy(update={"changes": (Change(prompt=prompt),)})
            found = await self.client.run(f"{self.run}-edit{number}", Job(user="load", request=edit))
            if isinstance(found, EditResult) and found.adjustments:
                self.follow_up = plain.model_copy(update={"kind": "render", "adjustments": found.adjustments})
                return
        raise EditorError("None of the edits worked: try another picture or bundle.")

    def _new_picture(self) -> InvertRequest:
        return InvertRequest(bundle=self.bundle, picture=self.picture)

    def request(self, kind: str) -> Request:
        """Return a new request of one kind in the mix."""
        assert self.follow_up is not None, "prepare() first"
        if kind == "new picture":
            return self._new_picture()
        if kind == "optimization":
            change = Change(prompt=self.rng.choice(PROMPTS), method="optimization")
            return self.follow_up.model_copy(update={"kind": "edit", "adjustments": (), "changes": (change,)})
        layers = tuple(
            layer.model_copy(update={"strength": self.rng.uniform(0.3, 1.5)})
            for layer in self.follow_up.adjustments
        )
        return self.follow_up.model_copy(update={"adjustments": layers})

    async def ask(self, user: str, kind: str) -> UserJob:
        """Run one job from the request to its end."""
        request = self.request(kind)
        job = UserJob(f"{self.run}-{next(self.numbers)}", user, kind, priority_of(request), time.monotonic())
        self.jobs.append(job)

        def on_event(event: Event) -> None:
            job.started = time.monotonic() if isinstance(event, Started) else job.started
            job.steps = (
                max(job.steps, event.step)
                if isinstance(event, Progress) and event.stage == "find"
                else job.steps
            )

        try:
            await self.client.run(job.id, Job(user=user, request=request), on_event)
            job.outcome = "done"
        except EditorError as error:
            job.outcome = error.code
        job.ended = time.monotonic()
        return job

    async def users(self, count: int, seconds: float, pause: float) -> None:
        """Run ``count`` users for ``seconds``, then cancel what they still wait for."""
        working = [asyncio.create_task(self.user(f"user{number}", pause)) for number in range(count)]
        await asyncio.wait(working, timeout=seconds)
        for task in working:
            task.cancel()
        for ended in await asyncio.gather(*working, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        for job in self.jobs:
            if job.ended is None:
                await self.client.cancel(job.id)

    async def user(self, name: str, pause: float) -> None:
        """Wait, ask, and ask again after the answer."""
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / pause))
            await self.ask(name, self.rng.choices(list(MIX), list(MIX.values()))[0])


SLACK = 0.02
"""Delay of events in seconds: two that are closer count as simultaneous."""


def overtaken(jobs: Sequence[UserJob]) -> int:
    """Count unfair orders among jobs of equal priority.

    A user was served twice while another, who had asked before both, still waited.
    """
    count = 0
    for priority in Priority:
        mine = [
            job for job in jobs if job.priority is priority and (job.started is not None or job.ended is None)
        ]
        for waiting in mine:
            until = math.inf if waiting.started is None else waiting.started - SLACK
            served = Counter(
                job.user
                for job in mine
                if job.user != waiting.user
                and job.started is not None
                and waiting.asked + SLACK < job.started < until
            )
            count += sum(times > 1 for times in served.values())
    return count


async def measure(options: argparse.Namespace, url: str) -> dict[str, Any]:
    """Return the report; times in milliseconds."""
    async with EditorClient(url, Settings.read().token) as client:
        load = LoadTest(client, options.bundle, options.picture.read_bytes(), random.Random(options.seed))
        await until_ready(client)
        await load.prepare()
        alone = [await load.ask("alone", "follow-up") for _ in range(UNLOADED)]
        load.jobs.clear()
        begun = time.monotonic()
        await load.users(options.users, options.seconds, options.pause)
        return _report(
            options, load.jobs, spread([job.milliseconds for job in alone]), time.monotonic() - begun
        )


def _report(
    options: argparse.Namespace, jobs: list[UserJob], alone: dict[str, float], took: float
) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for kind in MIX:
        mine = [job for job in jobs if job.kind == kind]
        done = [job for job in mine if job.outcome == "done"]
        kinds[kind] = {
            "asked": len(mine),
            "done": len(done),
            **(spread([job.milliseconds for job in done]) if done else {}),
        }
    kinds["optimization"]["steps_a_second"] = round(
        sum(job.steps for job in jobs if job.kind == "optimization") / took, 2
    )
    loaded = kinds["follow-up"].get("p95")
    return {
        "users": options.users,
        "pause": options.pause,
        "seconds": round(took, 1),
        "threads": options.threads,
        "cores": os.cpu_count(),
        "other_load": os.getloadavg()[2],
        "follow_up_alone": alone,
        **kinds,
        "p95_per_unloaded_p50": None if loaded is None else round(loaded / alone["p50"], 1),
        "served_twice_while_another_waits": overtaken(jobs),
        "failed": dict(Counter(job.outcome for job in jobs if job.outcome not in ("done", ""))),
    }


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 2 if the editor cannot be used."""
    options = arguments().parse_args(argv)
    try:
        with nullcontext(options.url) if options.url else editor_process(options.threads) as url:
            report = asyncio.run(measure(options, url))
    except (EditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(report) if options.json else figures_table(report))
    return 0
