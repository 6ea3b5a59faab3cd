"""The job service: which jobs there are, in what order they run, and what happened to them."""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from editor.api.errors import Cancelled, Draining, EditorError, JobConflict, UnknownJob
from editor.api.framing import Frame
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
    Request,
    Started,
    State,
)
from editor.serving.metrics import JobMetrics
from editor.serving.priorities import Priority, priority_of
from editor.serving.queue import JOBS_PER_USER, FairQueue

if TYPE_CHECKING:
    from editor.serving.executor import LocalExecutor
    from editor.serving.ray.executor import RayExecutor

log = logging.getLogger(__name__)

KEPT_SECONDS = 900.0
KEPT_BYTES = 256 * 1024 * 1024
"""How long events of finished jobs are kept for clients that reconnect, and at most how many bytes."""


@dataclass
class Record:
    """One job. ``events`` are numbered from 1; ``request`` is dropped once the job is over."""

    id: str
    digest: str
    priority: Priority
    request: Request | None
    state: State = "queued"
    events: list[Frame] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False
    queued_at: float = field(default_factory=time.monotonic)
    ended_at: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether no more events will come."""
        return self.state in ("done", "failed")

    @property
    def size(self) -> int:
        """Bytes of its events."""
        return sum(event.size for event in self.events)

    def add(self, make: Callable[..., Any], **fields: Any) -> None:
        """Append an event and wake the listeners."""
        self.events.append(Frame.of(make(number=len(self.events) + 1, **fields)))
        self.news.set()
        self.news = asyncio.Event()

    def end(self, state: State) -> None:
        """Mark it as over and wake the listeners once more."""
        self.state, self.ended_at, self.request = state, time.monotonic(), None
        self.news.set()


@dataclass
class PriorityLane:
    """The waiting and running jobs of one ``Priority``, which follows from the kind of request."""

    waiting: FairQueue
    running: dict[asyncio.Task[None], Record] = field(default_factory=dict)


class LocalJobs:
    """Accepts jobs, runs them in fair order on an executor, and keeps their events for a while."""

    def __init__(self, executor: LocalExecutor | RayExecutor, per_user: int = JOBS_PER_USER) -> None:
        self.executor = executor
        self.queues = {priority: PriorityLane(FairQueue(per_user)) for priority in Priority}
        self.records: dict[str, Record] = {}
        self.draining = False
        self._metrics, self._started_at = JobMetrics(), time.monotonic()

    async def start(self) -> None:
        """Start the executor."""
        await self.executor.start()

    async def put(self, identifier: str, job: Job, digest: str) -> None:
        """Start a job, or attach to the same one. Raises JobConflict, QueueFull, Draining."""
        record = self.records.get(identifier)
        if record is not None:
            if record.digest != digest:
                raise JobConflict()
            return
        if self.draining:
            raise Draining()
        self._forget()
        priority = priority_of(job.request)
        queue = self.queues[priority]
        # the kind of request chooses the lane; the client's own priority orders one user's jobs in it
        queue.waiting.push(job.user, identifier, job.priority)
        record = self.records[identifier] = Record(identifier, digest, priority, job.request)
        record.add(Queued, position=queue.waiting.position(identifier) + len(queue.running))
        self._fill(priority)

    def _get(self, identifier: str) -> Record:
        try:
            return self.records[identifier]
        except KeyError:
            raise UnknownJob() from None

    async def state(self, identifier: str) -> JobState:
        """Return the state of a job. Raises UnknownJob."""
        record = self._get(identifier)
        return JobState(id=identifier, state=record.state, events=len(record.events))

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop; a waiting one ends at once. Raises UnknownJob."""
        record = self._get(identifier)
        record.cancelled = True
        if self.queues[record.priority].waiting.remove(identifier):
            self._fail(record, Cancelled())
        return await self.state(identifier)

    async def events(self, identifier: str, after: int = 0) -> AsyncIterator[Frame]:
        """Yield the events after number ``after`` as they come, until the job is over. Raises UnknownJob."""
        record, sent = self._get(identifier), max(0, after)
        while True:
            news = record.news
            while sent < len(record.events):
                yield record.events[sent]
                sent += 1
            if record.is_over:
                return
            if sent == len(record.events) and news is record.news:
                await news.wait()

    async def bundles(self) -> list[BundleInfo]:
        """List the executor's bundles."""
        return self.executor.bundles()

    async def reload(self) -> None:
        """Make the executor read all bundles again."""
        await self.executor.reload()

    async def status(self) -> EditorStatus:
        """Return the state of the editor."""
        return EditorStatus(
            bundles=tuple(info.name for info in self.executor.bundles()),
            device=self.executor.device,
            waiting=sum(len(queue.waiting) for queue in self.queues.values()),
            running=sum(len(queue.running) for queue in self.queues.values()),
            seconds=round(time.monotonic() - self._started_at, 1),
            versions={"Python": platform.python_version(), "torch": version("torch")},
        )

    async def metrics(self) -> bytes:
        """Return counters and queue lengths in Prometheus's text format."""
        for priority, queue in self.queues.items():
            slots = self.executor.slots(priority)
            self._metrics.set_queue(priority, len(queue.waiting), len(queue.running), slots)
        return self._metrics.text()

    async def drain(self) -> None:
        """Refuse new jobs, fail the waiting ones, finish the running ones, and cancel training."""
        self.draining = True
        for queue in self.queues.values():
            for identifier in queue.waiting.drain():
                self._fail(self.records[identifier], Draining())
        for record in self.queues[Priority.TRAINING].running.values():
            record.cancelled = True
        while running := [task for queue in self.queues.values() for task in queue.running]:
            await asyncio.wait(running)

    async def stop(self) -> None:
        """Stop the executor."""
        await self.executor.stop()

    def _fill(self, priority: Priority) -> None:
        queue = self.queues[priority]
        while len(queue.running) < self.executor.slots(priority):
            identifier = queue.waiting.pop()
            if identifier is None:
                return
            record = self.records[identifier]
            task = asyncio.create_task(self._run(record))
            queue.running[task] = record
            task.add_done_callback(partial(self._finished, priority))

    def _finished(self, priority: Priority, task: asyncio.Task[None]) -> None:
        del self.queues[priority].running[task]
        self._fill(priority)

    async def _run(self, record: Record) -> None:
        loop, request = asyncio.get_running_loop(), record.request
        assert request is not None
        record.state = "running"
        record.add(Started)
        started_at = time.perf_counter()
        self._metrics.started(record.priority, time.monotonic() - record.queued_at)

        def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
            loop.call_soon_threadsafe(self._progress, record, stage, step, total, preview)

        try:
            result = await self.executor.run(request, report, lambda: record.cancelled)
        except EditorError as error:
            stopped = self.draining and record.priority is Priority.TRAINING and isinstance(error, Cancelled)
            self._fail(record, Draining() if stopped else error)  # the client may ask the next editor
        except Exception:
            log.exception("a job of kind %s failed", request.kind)  # the request itself is never logged
            self._fail(record, EditorError())
        else:
            record.add(Done, result=result, milliseconds=round(1000 * (time.perf_counter() - started_at), 1))
            record.end("done")
        self._metrics.ended(record.priority, record.state, time.perf_counter() - started_at)

    @staticmethod
    def _progress(record: Record, stage: str, step: int, total: int, preview: PictureData | None) -> None:
        if not record.is_over:
            record.add(Progress, stage=stage, step=step, total=total, preview=preview)

    @staticmethod
    def _fail(record: Record, error: EditorError) -> None:
        record.add(Failed, code=error.code, sentence=str(error), detail=error.detail)
        record.end("failed")

    def _forget(self) -> None:
        """Drop finished jobs that are old, and the oldest ones while they take too much memory."""
        ended = sorted((r for r in self.records.values() if r.is_over), key=lambda record: record.ended_at)
        total, cutoff = sum(record.size for record in ended), time.monotonic() - KEPT_SECONDS
        for record in ended:
            if record.ended_at < cutoff or total > KEPT_BYTES:
                total -= record.size
                del self.records[record.id]
