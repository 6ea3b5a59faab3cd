"""``python -m editor load``: many users at once, and whether each of them was served as promised."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from editor.serving.priorities import Priority, priority_of
from editor.serving.settings import Settings

MIX = {"follow-up": 0.80, "new picture": 0.15, "optimization": 0.05}
PROMPTS = ("pink hair", "glasses", "smiling", "older")
UNLOADED = 40
"""Follow-ups that are timed one after the other, by nobody else's side."""


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m editor load",
        description="Have many users edit at once, each asking again some time after each answer: 80 %% follow-ups, 15 %% new "
        "pictures, 5 %% optimization. Starts an editor process unless --url names one. The times depend on the machine and on "
        "what else it does; what holds is their ratio to follow-ups without load, timed just before.",
    )
    parser.add_argument("picture", type=Path, help="a picture that the bundle knows")
    parser.add_argument("--url", help="a running editor (EDITOR_TOKEN is its token)")
    parser.add_argument("--bundle", default="avatar")
    parser.add_argument("--users", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120.0, help="for which users keep asking")
    parser.add_argument(
        "--pause", type=float, default=60.0, help="seconds, on average, between an answer and the next wish"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="CPU threads of the editor that is started"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=Path, metavar="FILE", help="write it as a document as well")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


@dataclass
class Ask:
    """One job as its user saw it; times in seconds on one clock."""

    job: str
    user: str
    kind: str
    lane: Priority
    asked: float
    started: float | None = None
    ended: float | None = None
    outcome: str = ""
    steps: int = 0

    @property
    def milliseconds(self) -> float:
        """From asking to the answer."""
        assert self.ended is not None
        return 1000 * (self.ended - self.asked)


@dataclass
class Load:
    """The requests to draw from, and what became of each."""

    client: EditorClient
    bundle: str
    picture: bytes
    rng: random.Random
    run: str = field(default_factory=lambda: f"load-{time.time_ns():x}")
    asks: list[Ask] = field(default_factory=list)
    follow_up: EditRequest | None = None
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def prepare(self) -> None:
        """Make the picture editable and find one wish in it."""
        inverted = await self.client.run(f"{self.run}-invert", Job(user="load", request=self._new_picture()))
        assert isinstance(inverted, InvertResult)
        plain = EditRequest(picture=self.picture, inversion=inverted.inversion)
        for number, prompt in enumerate(PROMPTS):
            wish = plain.model_copy(update={"changes": (Change(prompt=prompt),)})
            found = await self.client.run(f"{self.run}-wish{number}", Job(user="load", request=wish))
            if isinstance(found, EditResult) and found.adjustments:
                self.follow_up = plain.model_copy(update={"kind": "render", "adjustments": found.adjustments})
                return
        raise EditorError("None of the wishes was granted: try another picture or bundle.")

    def _new_picture(self) -> InvertRequest:
        return InvertRequest(bundle=self.bundle, picture=self.picture)

    def request(self, kind: str) -> Request:
        """A request of one kind in the mix; no two are the same."""
        assert self.follow_up is not None, "prepare() first"
        if kind == "new picture":
            return self._new_picture()
        if kind == "optimization":
            wish = Change(prompt=self.rng.choice(PROMPTS), method="optimization")
            return self.follow_up.model_copy(update={"kind": "edit", "adjustments": (), "changes": (wish,)})
        layers = tuple(
            layer.model_copy(update={"strength": self.rng.uniform(0.3, 1.5)})
            for layer in self.follow_up.adjustments
        )
        return self.follow_up.model_copy(update={"adjustments": layers})

    async def ask(self, user: str, kind: str) -> Ask:
        """One job from asking to its end."""
        request = self.request(kind)
        ask = Ask(f"{self.run}-{next(self.numbers)}", user, kind, priority_of(request), time.monotonic())
        self.asks.append(ask)

        def on_event(event: Event) -> None:
            ask.started = time.monotonic() if isinstance(event, Started) else ask.started
            ask.steps = (
                max(ask.steps, event.step)
                if isinstance(event, Progress) and event.stage == "find"
                else ask.steps
            )

        try:
            await self.client.run(ask.job, Job(user=user, request=request), on_event)
            ask.outcome = "done"
        except EditorError as error:
            ask.outcome = error.code
        ask.ended = time.monotonic()
        return ask

    async def users(self, count: int, seconds: float, pause: float) -> None:
        """So many users for so long; then they leave, and what they still wait for is cancelled."""
        working = [asyncio.create_task(self.user(f"user{number}", pause)) for number in range(count)]
        await asyncio.wait(working, timeout=seconds)
        for task in working:
            task.cancel()
        for ended in await asyncio.gather(*working, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        for ask in self.asks:
            if ask.ended is None:
                await self.client.cancel(ask.job)

    async def user(self, name: str, pause: float) -> None:
        """One user: waits, asks, looks at the answer, asks again."""
        while True:
            await asyncio.sleep(self.rng.expovariate(1 / pause))
            await self.ask(name, self.rng.choices(list(MIX), list(MIX.values()))[0])


SLACK = 0.02
"""Seconds by which an event may reach its listener later than another's: two that close count as at once."""


def overtaken(asks: Sequence[Ask]) -> int:
    """Times that, in one lane, a user was served twice while another who had asked before the first of the two had to wait
    until after the second."""
    count = 0
    for lane in Priority:
        mine = [ask for ask in asks if ask.lane is lane and (ask.started is not None or ask.ended is None)]
        for waiting in mine:
            until = math.inf if waiting.started is None else waiting.started - SLACK
            served = Counter(
                ask.user
                for ask in mine
                if ask.user != waiting.user
                and ask.started is not None
                and waiting.asked + SLACK < ask.started < until
            )
            count += sum(times > 1 for times in served.values())
    return count


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    ordered = sorted(milliseconds)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
    }


async def measure(options: argparse.Namespace, url: str) -> dict[str, Any]:
    """The report; times in milliseconds."""
    async with EditorClient(url, Settings.read().token) as client:
        load = Load(client, options.bundle, options.picture.read_bytes(), random.Random(options.seed))
        while not await client.ready():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.2)
        await load.prepare()
        alone = [await load.ask("alone", "follow-up") for _ in range(UNLOADED)]
        load.asks.clear()
        begun = time.monotonic()
        await load.users(options.users, options.seconds, options.pause)
        return _report(
            options, load.asks, spread([ask.milliseconds for ask in alone]), time.monotonic() - begun
        )


def _report(
    options: argparse.Namespace, asks: list[Ask], alone: dict[str, float], took: float
) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for kind in MIX:
        mine = [ask for ask in asks if ask.kind == kind]
        done = [ask for ask in mine if ask.outcome == "done"]
        kinds[kind] = {
            "asked": len(mine),
            "done": len(done),
            **(spread([ask.milliseconds for ask in done]) if done else {}),
        }
    kinds["optimization"]["steps_a_second"] = round(
        sum(ask.steps for ask in asks if ask.kind == "optimization") / took, 2
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
        "served_twice_while_another_waits": overtaken(asks),
        "failed": dict(Counter(ask.outcome for ask in asks if ask.outcome not in ("done", ""))),
    }


@contextmanager
def an_editor(threads: int | None) -> Iterator[str]:
    """An editor process of our own for the length of the block; its address."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        socket = Path(folder) / "socket"
        command = [sys.executable, "-m", "editor", "serve", "--socket", str(socket), "--data", folder]
        command += ["--threads", str(threads)] if threads else []
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, env={**os.environ, "LOG_LEVEL": "WARNING"}
        )
        try:
            yield f"unix:{socket}"
        finally:
            process.terminate()
            process.wait(30)


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    options = arguments().parse_args(argv)
    try:
        if options.url:
            report = asyncio.run(measure(options, options.url))
        else:
            with an_editor(options.threads) as url:
                report = asyncio.run(measure(options, url))
    except (EditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.to is not None:
        from editor.lab.benchmarks import load_report

        load_report.write(report, options.to, options.picture, options.bundle, options.seconds)
    print(
        json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items())
    )
    return 0
