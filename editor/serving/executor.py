"""Where jobs run. The server knows only ``Executor``: a device of this process, or a cluster (``editor.serving.ray``)."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from editor.api.errors import BadRequest
from editor.api.protocol import BundleInfo, PictureData, Request, Result
from editor.device.scheduler import DeviceScheduler
from editor.serving.priorities import SEVERAL, Lane, lane_of

if TYPE_CHECKING:
    from editor.device.batching import Batcher

Report = Callable[[str, int, int, PictureData | None], None]
"""(stage, step, total, preview): called from the thread that does the job."""
Cancelled = Callable[[], bool]

PLACES, PLACES_ON_GPU = 1, 8
"""Jobs of each lane that one device is given at a time: what waits beyond them stays in the fair queue. A GPU has as many renders
and edits as keep the processor busy beside it, with decoding, pasting and encoding."""
MOST_BATCHED = 32
"""Rows of a batch that may be asked for."""
THREADS = 3 * MOST_BATCHED
"""More than there are places: a cluster's router may send one device more than its share."""


class Engine(Protocol):
    """What turns a request into a result, synchronously, on one device."""

    device: Any

    def bundles(self) -> list[BundleInfo]:
        """The domains it can edit."""

    def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job. Raises EditorError; Cancelled once ``cancelled()`` turned true."""


class Executor(Protocol):
    """Runs jobs for the server."""

    def places(self, lane: Lane) -> int:
        """How many jobs of a lane it takes at a time, at the moment."""

    async def start(self) -> None:
        """Make ready; returns when jobs can be run."""

    async def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job without blocking the event loop."""

    def bundles(self) -> list[BundleInfo]:
        """The domains it can edit; empty before ``start`` is done."""

    async def reload(self) -> None:
        """Read all bundles anew. Raises EditorError where none can be read; the old ones stay then."""

    @property
    def device(self) -> str:
        """What it computes on; empty before ``start`` is done."""

    async def stop(self) -> None:
        """Let go of the device."""


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def batch_of(given: str | None) -> int:
    """``EDITOR_BATCH``, 1 where it says nothing. Raises BadRequest."""
    try:
        batch = int(given or 1)
    except ValueError:
        batch = 0
    if not 1 <= batch <= MOST_BATCHED:
        raise BadRequest(f"EDITOR_BATCH is a number from 1 to {MOST_BATCHED}, not '{given}'.")
    return batch


def _step_back() -> None:
    """Let this thread, and those that it starts, take only what others leave of the processor."""
    with suppress(AttributeError, OSError):  # where a thread has no priority of its own, it shares evenly
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


class Device:
    """Threads whose jobs take turns at one device, and a thread for training that gives way to all of them."""

    def __init__(self, batch: int = 1) -> None:
        self._scheduler, self._batch = DeviceScheduler(), batch
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="device")
        self._training = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="training", initializer=_step_back
        )

    def places(self, lane: Lane, device: str) -> int:
        """Jobs of a lane that it can do with at a time; ``device`` is the engine's."""
        several = max(self._batch, PLACES_ON_GPU if _is_gpu(device) else PLACES)
        return several if lane in SEVERAL else PLACES

    @cached_property
    def _batcher(self) -> Batcher:
        """Made by the first job, on its thread: it imports torch."""
        from editor.device.batching import Batcher

        return Batcher(self._scheduler, self._batch)

    async def call(self, work: Callable[[], Any]) -> Any:
        """Something else than a job, on one of the threads: loading."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def run(self, engine: Engine, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """One job by an engine on this device."""
        lane, loop = lane_of(request), asyncio.get_running_loop()
        if lane is Lane.TRAINING:
            return await loop.run_in_executor(self._training, engine.run, request, report, cancelled)
        return await loop.run_in_executor(self._threads, self._take_turns, engine, request, report, cancelled)

    def _take_turns(self, engine: Engine, request: Request, report: Report, cancelled: Cancelled) -> Result:
        from editor.device.batching import DeviceJob, running

        with self._scheduler.acquired(lane_of(request)) as task:

            def between_steps(stage: str, step: int, total: int, preview: PictureData | None) -> None:
                report(stage, step, total, preview)
                self._scheduler.yield_device(task)

            apart = _is_gpu(str(engine.device)) or self._batch > 1
            with running(DeviceJob(self._batcher, task, cancelled, apart)):
                return engine.run(request, between_steps, cancelled)

    async def stop(self) -> None:
        """Wait for the threads to end."""
        for threads in (self._threads, self._training):
            await asyncio.to_thread(threads.shutdown, True)


class LocalExecutor:
    """One engine on one device of this process; ``batch``: rows that jobs may share, 1 draws every job's alone."""

    def __init__(self, make_engine: Callable[[], Engine], batch: int = 1) -> None:
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._device = Device(batch)

    def places(self, lane: Lane) -> int:
        """Those of its device."""
        return self._device.places(lane, self.device)

    async def start(self) -> None:
        """Load the engine on a device thread."""
        self._engine = await self._device.call(self._make_engine)

    async def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job on the device."""
        assert self._engine is not None, "start() first"
        return await self._device.run(self._engine, request, report, cancelled)

    def bundles(self) -> list[BundleInfo]:
        """The engine's bundles."""
        return [] if self._engine is None else self._engine.bundles()

    async def reload(self) -> None:
        """Load another engine, and take it for all later jobs."""
        await self.start()

    @property
    def device(self) -> str:
        """The engine's device."""
        return "" if self._engine is None else str(self._engine.device)

    async def stop(self) -> None:
        """Wait for the device's threads to end."""
        await self._device.stop()


def load_engine(
    folders: Sequence[Path], device: str | None, data: Path | None = None, faces: Path | None = None
) -> Engine:
    """The real engine; imports torch, so call it on the device thread. ``faces``: a face model, for aligning photos."""
    from editor.editing.engine import Engine as RealEngine
    from editor.imaging.faces import FaceFinder

    engine = RealEngine.load(folders, device, data)
    engine.faces = FaceFinder(faces) if faces is not None else None
    return engine
