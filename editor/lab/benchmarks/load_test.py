"""``python -m editor load``: many users edit at once, each asking again some time after each answer.

Times depend on the machine and its other work; comparable is their ratio to follow-ups without load, timed
just before.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from editor.api import protocol as wire
from editor.api.client import EditorClient
from editor.api.errors import EditorError
from editor.lab.benchmarks.conversation import PROMPTS
from editor.lab.benchmarks.startup import until_ready
from editor.lab.benchmarks.timing import spread
from editor.serving.priorities import Priority, priority_of

MIX = {"follow-up": 0.80, "new picture": 0.15, "optimization": 0.05}
UNLOADED = 40
"""Follow-ups that are timed one after the other, without load."""
SLACK = 0.02
"""Delay of events in seconds: two that are closer count as simultaneous."""


@dataclass
class UserJob:
    """One job as its user saw it; times in seconds on one clock."""

    user: str
    kind: str
    priority: Priority
    asked: float
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    steps: int = 0
    id: str = field(default_factory=lambda: f"load-{uuid4()}")

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
    jobs: list[UserJob] = field(default_factory=list)
    follow_up: wire.EditRequest | None = None

    async def prepare(self) -> None:
        """Invert the picture and find an edit that works on it."""

        async def run(request: wire.Request) -> Any:
            return await self.client.run(f"load-{uuid4()}", wire.Job(user="load", request=request))

        inverted = await run(self.request("new picture"))
        base = wire.EditRequest(picture=self.picture, inversion=inverted.inversion)
        for prompt in PROMPTS:
            found = await run(base.model_copy(update={"changes": (wire.Change(prompt=prompt),)}))
            if found.adjustments:
                self.follow_up = base.model_copy(update={"kind": "render", "adjustments": found.adjustments})
                return
        raise EditorError("None of the edits worked: try another picture or bundle.")

    def request(self, kind: str) -> wire.Request:
        """Return a new request of one kind in the mix."""
        if kind == "new picture":
            return wire.InvertRequest(bundle=self.bundle, picture=self.picture)
        assert self.follow_up is not None, "prepare() first"
        if kind == "optimization":
            change = wire.Change(prompt=self.rng.choice(PROMPTS), method="optimization")
            return self.follow_up.model_copy(update={"kind": "edit", "adjustments": (), "changes": (change,)})
        strength = {"strength": self.rng.uniform(0.3, 1.5)}
        layers = tuple(layer.model_copy(update=strength) for layer in self.follow_up.adjustments)
        return self.follow_up.model_copy(update={"adjustments": layers})

    async def ask(self, user: str, kind: str) -> UserJob:
        """Run one job from the request to its end."""
        request = self.request(kind)
        job = UserJob(user, kind, priority_of(request), time.monotonic())
        self.jobs.append(job)

        def on_event(event: wire.Event) -> None:
            if isinstance(event, wire.Started):
                job.started = time.monotonic()
            elif isinstance(event, wire.Progress) and event.stage == "find":
                job.steps = max(job.steps, event.step)

        try:
            await self.client.run(job.id, wire.Job(user=user, request=request), on_event)
            job.outcome = "done"
        except EditorError as error:
            job.outcome = error.code
        job.ended = time.monotonic()
        return job

    async def users(self, count: int, seconds: float, pause: float) -> None:
        """Let users wait, ask, and ask again after each answer; at the end cancel what is unanswered."""

        async def user(name: str) -> None:
            while True:
                await asyncio.sleep(self.rng.expovariate(1 / pause))
                await self.ask(name, self.rng.choices(list(MIX), list(MIX.values()))[0])

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                for number in range(count):
                    group.create_task(user(f"user{number}"))
        for job in self.jobs:
            if job.ended is None:
                await self.client.cancel(job.id)


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


async def measure(test: LoadTest, users: int, seconds: float, pause: float) -> dict[str, Any]:
    """Return the report; times in milliseconds."""
    async with test.client as client:
        await until_ready(client)
        await test.prepare()
        alone = spread([(await test.ask("alone", "follow-up")).milliseconds for _ in range(UNLOADED)])
        test.jobs.clear()
        begun = time.monotonic()
        await test.users(users, seconds, pause)
        took, jobs = time.monotonic() - begun, test.jobs
    kinds: dict[str, Any] = {}
    for kind in MIX:
        mine = [job for job in jobs if job.kind == kind]
        done = [job.milliseconds for job in mine if job.outcome == "done"]
        kinds[kind] = {"asked": len(mine), "done": len(done), **(spread(done) if done else {})}
    steps = sum(job.steps for job in jobs if job.kind == "optimization")
    kinds["optimization"]["steps_a_second"] = round(steps / took, 2)
    loaded = kinds["follow-up"].get("p95")
    return {
        "users": users,
        "pause": pause,
        "seconds": round(took, 1),
        "cores": os.cpu_count(),
        "other_load": os.getloadavg()[2],
        "follow_up_alone": alone,
        **kinds,
        "p95_per_unloaded_p50": None if loaded is None else round(loaded / alone["p50"], 1),
        "served_twice_while_another_waits": overtaken(jobs),
        "failed": dict(Counter(job.outcome for job in jobs if job.outcome not in ("done", ""))),
    }
