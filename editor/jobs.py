"""Jobs of one editor process: their events, their order, and their ends."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from editor.errors import Cancelled, Draining, EditorError, JobConflict, UnknownJob
from editor.executor import Executor, is_training
from editor.protocol import Done, Failed, Job, PictureData, Progress, Queued, Started
from editor.queue import FairQueue

log = logging.getLogger(__name__)

State = Literal["queued", "running", "done", "failed"]
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


@dataclass
class Lane:
    """Jobs that wait for each other and for no others: edits must not wait until somebody's mapper is trained."""

    queue: FairQueue
    capacity: int
    running: dict[asyncio.Task[None], Record] = field(default_factory=dict)


class Jobs:
    """Accepts jobs, runs them in fair order on an executor, and remembers their events for a while."""

    def __init__(self, executor: Executor, per_user: int) -> None:
        self.executor = executor
        self.lanes = {
            "edits": Lane(FairQueue(per_user), executor.capacity),
            "training": Lane(FairQueue(per_user), executor.training_capacity),
        }
        self.records: dict[str, Record] = {}
        self.draining = False

    @property
    def running(self) -> int:
        """How many run now."""
        return sum(len(lane.running) for lane in self.lanes.values())

    @property
    def waiting(self) -> int:
        """How many are in the queues."""
        return sum(len(lane.queue) for lane in self.lanes.values())

    def put(self, identifier: str, job: Job) -> Record:
        """Start a job, or attach to the same one. Raises JobConflict, QueueFull, Draining."""
        digest = hashlib.sha256(job.model_dump_json().encode()).hexdigest()
        record = self.records.get(identifier)
        if record is not None:
            if record.digest != digest:
                raise JobConflict()
            return record
        if self.draining:
            raise Draining()
        self._forget()
        lane = self._lane(job)
        lane.queue.push(job.user, identifier, job.priority)
        record = self.records[identifier] = Record(identifier, digest, job)
        record.add(Queued, position=lane.queue.position(identifier) + len(lane.running))
        self._fill(lane)
        return record

    def _lane(self, job: Job) -> Lane:
        return self.lanes["training" if is_training(job.request) else "edits"]

    def get(self, identifier: str) -> Record:
        """A job by its id. Raises UnknownJob."""
        try:
            return self.records[identifier]
        except KeyError:
            raise UnknownJob() from None

    def cancel(self, identifier: str) -> Record:
        """Ask a job to stop; a waiting one ends at once."""
        record = self.get(identifier)
        record.cancelled = True
        if self._lane(record.job).queue.remove(identifier):
            self._fail(record, Cancelled())
        return record

    async def events(self, record: Record, after: int = 0) -> AsyncIterator[bytes]:
        """The event lines after number ``after``, as they come, until the job is over."""
        sent = max(0, after)
        while True:
            news = record.news
            while sent < len(record.lines):
                yield record.lines[sent]
                sent += 1
            if record.over:
                return
            if sent == len(record.lines) and news is record.news:
                await news.wait()

    async def drain(self) -> None:
        """Take nothing new, tell those who wait, and finish what runs; training, which takes minutes, is broken off."""
        self.draining = True
        for lane in self.lanes.values():
            for identifier in lane.queue.drain():
                self._fail(self.records[identifier], Draining())
        for record in self.lanes["training"].running.values():
            record.cancelled = True
        while running := [task for lane in self.lanes.values() for task in lane.running]:
            await asyncio.wait(running)

    def _fill(self, lane: Lane) -> None:
        while len(lane.running) < lane.capacity:
            identifier = lane.queue.pop()
            if identifier is None:
                return
            record = self.records[identifier]
            task = asyncio.create_task(self._run(record))
            lane.running[task] = record
            task.add_done_callback(partial(self._finished, lane))

    def _finished(self, lane: Lane, task: asyncio.Task[None]) -> None:
        del lane.running[task]
        self._fill(lane)

    async def _run(self, record: Record) -> None:
        loop = asyncio.get_running_loop()
        record.state = "running"
        record.add(Started)
        began = time.perf_counter()

        def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
            loop.call_soon_threadsafe(self._progress, record, stage, step, total, preview)

        try:
            result = await self.executor.run(record.job.request, report, lambda: record.cancelled)
        except EditorError as error:
            broken_off = self.draining and is_training(record.job.request)  # whoever asked may ask the next editor
            self._fail(record, Draining() if broken_off and isinstance(error, Cancelled) else error)
        except Exception:
            log.exception("job failed: kind %s", record.job.request.kind)  # no content: the request is not logged
            self._fail(record, EditorError())
        else:
            record.add(Done, result=result, milliseconds=round(1000 * (time.perf_counter() - began), 1))
            record.end("done")

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
        now, ended = time.monotonic(), sorted((r for r in self.records.values() if r.over), key=lambda r: r.ended)
        total = sum(len(line) for record in ended for line in record.lines)
        for record in ended:
            if now - record.ended > KEPT_SECONDS or total > KEPT_BYTES:
                total -= sum(map(len, record.lines))
                del self.records[record.id]
