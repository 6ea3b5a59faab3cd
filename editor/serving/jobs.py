"""Jobs of one editor process: their events, their order, and their ends."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol

from editor.api.errors import Cancelled, Draining, EditorError, JobConflict, UnknownJob
from editor.api.protocol import (
    BundleInfo,
    Done,
    EditorStatus,
    Failed,
    Job,
    JobState,
    PictureData,
    Progress,
    Queued,
    Started,
    State,
)
from editor.serving.executor import Executor
from editor.serving.metrics import Figures
from editor.serving.priorities import Lane, lane_of
from editor.serving.queue import FairQueue

log = logging.getLogger(__name__)

KEPT_SECONDS = 900.0
KEPT_BYTES = 256 * 1024 * 1024


@dataclass
class Record:
    """One job. ``lines`` are its events as they go over the wire, numbered from 1."""

    id: str
    digest: str
    job: Job
    state: State = "queued"
    lines: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False
    begun: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def over(self) -> bool:
        """No more events will come."""
        return self.state in ("done", "failed")

    def add(self, make: Callable[..., Any], **fields: Any) -> None:
        """Append an event and wake whoever listens."""
        self.lines.append(make(number=len(self.lines) + 1, **fields).model_dump_json().encode() + b"\n")
        self.news.set()
        self.news = asyncio.Event()

    def end(self, state: State) -> None:
        """Nothing more will be added; wake the listeners once more."""
        self.state, self.ended = state, time.monotonic()
        self.news.set()


class Desk(Protocol):
    """What the HTTP surface asks of whoever keeps the jobs: ``Jobs`` of this process, or those that a cluster shares."""

    draining: bool

    async def start(self) -> None:
        """Make ready; returns when jobs can be run. Raises EditorError where they never can."""

    async def put(self, identifier: str, job: Job) -> None:
        """Start a job, or attach to the same one. Raises JobConflict, QueueFull, Draining."""

    def events(self, identifier: str, after: int = 0) -> AsyncIterator[bytes]:
        """The event lines after number ``after``, as they come, until the job is over. Raises UnknownJob."""

    async def state(self, identifier: str) -> JobState:
        """How a job stands. Raises UnknownJob."""

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop; a waiting one ends at once. Raises UnknownJob."""

    async def bundles(self) -> list[BundleInfo]:
        """The domains that can be edited."""

    async def reload(self) -> None:
        """Read all bundles anew. Raises EditorError."""

    async def status(self) -> EditorStatus:
        """How the editor stands."""

    async def figures(self) -> bytes:
        """The same in Prometheus's text format, with what happened so far."""

    async def drain(self) -> None:
        """Take nothing new, and return when nothing runs that this process alone can finish."""

    async def stop(self) -> None:
        """Let go of what ``start`` took."""


@dataclass
class Queue:
    """The jobs of one lane: who waits, and what runs."""

    waiting: FairQueue
    running: dict[asyncio.Task[None], Record] = field(default_factory=dict)


class Jobs:
    """Accepts jobs, runs them in fair order on an executor, and remembers their events for a while."""

    def __init__(self, executor: Executor, per_user: int) -> None:
        self.executor = executor
        self.lanes = {lane: Queue(FairQueue(per_user)) for lane in Lane}
        self.records: dict[str, Record] = {}
        self.draining = False
        self._figures, self._begun = Figures(), time.monotonic()

    async def start(self) -> None:
        """Load the executor."""
        await self.executor.start()

    async def put(self, identifier: str, job: Job) -> None:
        """Start a job, or attach to the same one. Raises JobConflict, QueueFull, Draining."""
        digest = hashlib.sha256(job.model_dump_json().encode()).hexdigest()
        record = self.records.get(identifier)
        if record is not None:
            if record.digest != digest:
                raise JobConflict()
            return
        if self.draining:
            raise Draining()
        self._forget()
        lane = lane_of(job.request)
        queue = self.lanes[lane]
        queue.waiting.push(job.user, identifier, job.priority)
        record = self.records[identifier] = Record(identifier, digest, job)
        record.add(Queued, position=queue.waiting.position(identifier) + len(queue.running))
        self._fill(lane)

    def _get(self, identifier: str) -> Record:
        try:
            return self.records[identifier]
        except KeyError:
            raise UnknownJob() from None

    async def state(self, identifier: str) -> JobState:
        """How a job stands. Raises UnknownJob."""
        record = self._get(identifier)
        return JobState(id=identifier, state=record.state, events=len(record.lines))

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop; a waiting one ends at once. Raises UnknownJob."""
        record = self._get(identifier)
        record.cancelled = True
        if self.lanes[lane_of(record.job.request)].waiting.remove(identifier):
            self._fail(record, Cancelled())
        return await self.state(identifier)

    async def events(self, identifier: str, after: int = 0) -> AsyncIterator[bytes]:
        """The event lines after number ``after``, as they come, until the job is over. Raises UnknownJob."""
        record, sent = self._get(identifier), max(0, after)
        while True:
            news = record.news
            while sent < len(record.lines):
                yield record.lines[sent]
                sent += 1
            if record.over:
                return
            if sent == len(record.lines) and news is record.news:
                await news.wait()

    async def bundles(self) -> list[BundleInfo]:
        """Those of the executor."""
        return self.executor.bundles()

    async def reload(self) -> None:
        """Have the executor read all bundles anew."""
        await self.executor.reload()

    async def status(self) -> EditorStatus:
        """How the editor stands."""
        return EditorStatus(
            bundles=tuple(info.name for info in self.executor.bundles()),
            device=self.executor.device,
            waiting=sum(len(queue.waiting) for queue in self.lanes.values()),
            running=sum(len(queue.running) for queue in self.lanes.values()),
            seconds=round(time.monotonic() - self._begun, 1),
            versions={"Python": platform.python_version(), "torch": version("torch")},
        )

    async def figures(self) -> bytes:
        """Counters of this process and how the lanes stand, in Prometheus's text format."""
        for lane, queue in self.lanes.items():
            self._figures.stands(lane, len(queue.waiting), len(queue.running), self.executor.places(lane))
        return self._figures.text()

    async def drain(self) -> None:
        """Take nothing new, tell those who wait, and finish what runs; training, which takes minutes, is broken off."""
        self.draining = True
        for queue in self.lanes.values():
            for identifier in queue.waiting.drain():
                self._fail(self.records[identifier], Draining())
        for record in self.lanes[Lane.TRAINING].running.values():
            record.cancelled = True
        while running := [task for queue in self.lanes.values() for task in queue.running]:
            await asyncio.wait(running)

    async def stop(self) -> None:
        """Let the executor go."""
        await self.executor.stop()

    def _fill(self, lane: Lane) -> None:
        queue = self.lanes[lane]
        while len(queue.running) < self.executor.places(lane):
            identifier = queue.waiting.pop()
            if identifier is None:
                return
            record = self.records[identifier]
            task = asyncio.create_task(self._run(record))
            queue.running[task] = record
            task.add_done_callback(partial(self._finished, lane))

    def _finished(self, lane: Lane, task: asyncio.Task[None]) -> None:
        del self.lanes[lane].running[task]
        self._fill(lane)

    async def _run(self, record: Record) -> None:
        loop = asyncio.get_running_loop()
        record.state = "running"
        record.add(Started)
        began = time.perf_counter()
        self._figures.began(lane_of(record.job.request), time.monotonic() - record.begun)

        def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
            loop.call_soon_threadsafe(self._progress, record, stage, step, total, preview)

        try:
            result = await self.executor.run(record.job.request, report, lambda: record.cancelled)
        except EditorError as error:
            broken_off = (
                self.draining and lane_of(record.job.request) is Lane.TRAINING
            )  # whoever asked may ask the next editor
            self._fail(record, Draining() if broken_off and isinstance(error, Cancelled) else error)
        except Exception:
            log.exception(
                "job failed: kind %s", record.job.request.kind
            )  # no content: the request is not logged
            self._fail(record, EditorError())
        else:
            record.add(Done, result=result, milliseconds=round(1000 * (time.perf_counter() - began), 1))
            record.end("done")
        self._figures.ended(lane_of(record.job.request), record.state, time.perf_counter() - began)

    @staticmethod
    def _progress(record: Record, stage: str, step: int, total: int, preview: PictureData | None) -> None:
        if not record.over:
            record.add(Progress, stage=stage, step=step, total=total, preview=preview)

    @staticmethod
    def _fail(record: Record, error: EditorError) -> None:
        record.add(Failed, code=error.code, sentence=str(error), detail=error.detail)
        record.end("failed")

    def _forget(self) -> None:
        """Drop finished jobs that are old, and the oldest ones while they take too much memory."""
        now, ended = (
            time.monotonic(),
            sorted((r for r in self.records.values() if r.over), key=lambda r: r.ended),
        )
        total = sum(len(line) for record in ended for line in record.lines)
        for record in ended:
            if now - record.ended > KEPT_SECONDS or total > KEPT_BYTES:
                total -= sum(map(len, record.lines))
                del self.records[record.id]
