"""Runs jobs on one device of this process; ``editor.serving.ray.executor`` runs them on a cluster."""

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
from typing import TYPE_CHECKING, Any

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
THREADS = 96
"""More than all slots together: a cluster's router may send one device more than its share."""


@dataclass(frozen=True)
class EngineOptions:
    """What an engine loads, and how it computes.

    Folders must be absolute if another process loads them. ``batch``: rows of several jobs drawn at once; 1
    draws every job alone. ``threads``: CPU threads of torch. ``memory_gb``: resident memory on a CPU that
    searches keep to.
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

    return Engine.load(options.folders, options.device, options.data, options.faces)


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
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="device")
        self._training = ThreadPoolExecutor(1, "training", _lower_thread_priority)

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

    async def run(self, engine: Engine, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job of an engine on this device."""
        loop = asyncio.get_running_loop()
        if priority_of(request) is Priority.TRAINING:
            return await loop.run_in_executor(self._training, engine.run, request, report, cancelled)
        return await loop.run_in_executor(self._threads, self._take_turns, engine, request, report, cancelled)

    def _take_turns(self, engine: Engine, request: Request, report: Report, cancelled: IsCancelled) -> Result:
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

    def __init__(self, make_engine: Callable[[], Engine], batch: int = 1) -> None:
        self._make_engine, self._device = make_engine, Device(batch)
        self._engine: Engine | None = None

    def slots(self, priority: Priority) -> int:
        """Return how many jobs of a priority it takes at a time."""
        return self._device.slots(priority, self.device)

    async def start(self) -> None:
        """Load the engine; later calls load a new one, which all later jobs use."""
        self._engine = await self._device.call(self._make_engine)

    reload = start

    async def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job on the device, without blocking the event loop."""
        assert self._engine is not None, "start() first"
        return await self._device.run(self._engine, request, report, cancelled)

    def bundles(self) -> list[BundleInfo]:
        """List the domains that it can edit; empty before ``start`` has finished."""
        return [] if self._engine is None else self._engine.bundles()

    @property
    def device(self) -> str:
        """The device it computes on; empty before ``start`` has finished."""
        return "" if self._engine is None else str(self._engine.device)

    async def stop(self) -> None:
        """Wait for the device's threads to end."""
        await self._device.stop()
