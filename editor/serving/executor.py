"""Where jobs run.

The server knows only ``Executor``: a device of this process, or a cluster (``editor.serving.ray``).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from editor.api.protocol import BundleInfo, PictureData, Request, Result
from editor.device.allocator import set_memory_limit
from editor.device.scheduler import DeviceScheduler
from editor.serving.priorities import PARALLEL, Priority, priority_of

if TYPE_CHECKING:
    from editor.device.batching import Batcher
    from editor.editing.engine import Engine

Report = Callable[[str, int, int, PictureData | None], None]
"""Progress callback (stage, step, total, preview), called from the thread that runs the job."""
IsCancelled = Callable[[], bool]

CPU_SLOTS, GPU_SLOTS = 1, 8
"""Jobs of one priority that a device takes at a time; the others wait in the fair queue.

On a GPU the processor decodes, pastes and encodes some of them while others are drawn.
"""
MAX_BATCH = 32
"""The largest number of rows that ``EDITOR_BATCH`` allows."""
THREADS = 3 * MAX_BATCH
"""More than all slots together: a cluster's router may send one device more than its share."""


class JobRunner(Protocol):
    """Turns a request into a result, synchronously, on one device (``editor.editing.engine.Engine``)."""

    device: Any

    def bundles(self) -> list[BundleInfo]:
        """List the domains it can edit."""

    def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job. Raises EditorError, Cancelled soon after ``cancelled()`` turns true."""


class Executor(Protocol):
    """Runs jobs for the job service."""

    def slots(self, priority: Priority) -> int:
        """Return how many jobs of a priority it takes at a time at the moment."""

    async def start(self) -> None:
        """Get ready; returns when jobs can run."""

    async def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job without blocking the event loop."""

    def bundles(self) -> list[BundleInfo]:
        """List the domains it can edit; empty before ``start`` has finished."""

    async def reload(self) -> None:
        """Read all bundles again. Raises EditorError if none can be read; the old ones stay then."""

    @property
    def device(self) -> str:
        """The device it computes on; empty before ``start`` has finished."""

    async def stop(self) -> None:
        """Release the device."""


@dataclass(frozen=True)
class EngineOptions:
    """What an engine loads, and how it computes.

    Folders must be absolute if another process loads them. ``threads``: CPU threads of torch.
    ``memory_gb``: resident memory on a CPU that searches keep to. ``batch``: rows of several jobs drawn at
    once; 1 draws every job alone.
    """

    folders: tuple[Path, ...] = ()
    device: str | None = None
    data: Path | None = None
    faces: Path | None = None
    batch: int = 1
    threads: int | None = None
    memory_gb: float | None = None


def apply_limits(options: EngineOptions) -> None:
    """Limit threads and memory of this process; imports torch."""
    import torch

    if options.threads:
        torch.set_num_threads(options.threads)
    if options.memory_gb:
        set_memory_limit(options.memory_gb)


def load_engine(options: EngineOptions) -> Engine:
    """Load the engine with all its bundles; call it on a device thread, since it imports torch."""
    apply_limits(options)
    from editor.editing.engine import Engine
    from editor.imaging.faces import FaceFinder

    engine = Engine.load(options.folders, options.device, options.data)
    engine.faces = FaceFinder(options.faces) if options.faces is not None else None
    return engine


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def _lower_thread_priority() -> None:
    """Leave the processor to other threads, for this thread and those that it starts."""
    with suppress(AttributeError, OSError):  # some systems have no priority for a single thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


class Device:
    """Threads whose jobs take turns at one device, and a training thread that gives way to them."""

    def __init__(self, batch: int = 1) -> None:
        self._scheduler, self._batch = DeviceScheduler(), batch
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="device")
        self._training = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="training", initializer=_lower_thread_priority
        )

    def slots(self, priority: Priority, device: str) -> int:
        """Return how many jobs of a priority it takes at a time on the named device."""
        if priority not in PARALLEL:
            return CPU_SLOTS
        return max(self._batch, GPU_SLOTS if _is_gpu(device) else CPU_SLOTS)

    @cached_property
    def _batcher(self) -> Batcher:
        """The first job makes it on its own thread, since it imports torch."""
        from editor.device.batching import Batcher

        return Batcher(self._scheduler, self._batch)

    async def call(self, work: Callable[[], Any]) -> Any:
        """Run something other than a job, such as loading, on one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def run(
        self, engine: JobRunner, request: Request, report: Report, cancelled: IsCancelled
    ) -> Result:
        """Run one job of an engine on this device."""
        loop = asyncio.get_running_loop()
        if priority_of(request) is Priority.TRAINING:
            return await loop.run_in_executor(self._training, engine.run, request, report, cancelled)
        return await loop.run_in_executor(self._threads, self._take_turns, engine, request, report, cancelled)

    def _take_turns(
        self, engine: JobRunner, request: Request, report: Report, cancelled: IsCancelled
    ) -> Result:
        from editor.device.batching import DeviceJob, running

        with self._scheduler.acquired(priority_of(request)) as task:

            def between_steps(stage: str, step: int, total: int, preview: PictureData | None) -> None:
                report(stage, step, total, preview)
                self._scheduler.yield_device(task)

            releases_device = _is_gpu(str(engine.device)) or self._batch > 1
            with running(DeviceJob(self._batcher, task, cancelled, releases_device)):
                return engine.run(request, between_steps, cancelled)

    async def stop(self) -> None:
        """Wait for the threads to end."""
        for threads in (self._threads, self._training):
            await asyncio.to_thread(threads.shutdown, True)


class LocalExecutor:
    """Runs jobs on one device of this process."""

    def __init__(self, make_engine: Callable[[], JobRunner], batch: int = 1) -> None:
        self._make_engine = make_engine
        self._engine: JobRunner | None = None
        self._device = Device(batch)

    def slots(self, priority: Priority) -> int:
        """Return the slots of its device."""
        return self._device.slots(priority, self.device)

    async def start(self) -> None:
        """Load the engine on a device thread."""
        self._engine = await self._device.call(self._make_engine)

    async def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job on the device."""
        assert self._engine is not None, "start() first"
        return await self._device.run(self._engine, request, report, cancelled)

    def bundles(self) -> list[BundleInfo]:
        """List the engine's bundles."""
        return [] if self._engine is None else self._engine.bundles()

    async def reload(self) -> None:
        """Load a new engine and use it for all later jobs."""
        await self.start()

    @property
    def device(self) -> str:
        """The engine's device."""
        return "" if self._engine is None else str(self._engine.device)

    async def stop(self) -> None:
        """Wait for the device's threads to end."""
        await self._device.stop()
