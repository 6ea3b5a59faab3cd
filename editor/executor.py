"""Where jobs run. The server knows only ``Executor``; a batching or a clustered one fits in its place."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from editor.protocol import BundleInfo, PictureData, Request, Result

Report = Callable[[str, int, int, PictureData | None], None]
"""(stage, step, total, preview): called from the device thread."""
Cancelled = Callable[[], bool]


class Engine(Protocol):
    """What turns a request into a result, synchronously, on one device."""

    device: Any

    def bundles(self) -> list[BundleInfo]:
        """The domains it can edit."""

    def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job. Raises EditorError; Cancelled once ``cancelled()`` turned true."""


class Executor(Protocol):
    """Runs jobs for the server, ``capacity`` at a time, and beside them ``training_capacity`` that train."""

    capacity: int
    training_capacity: int

    async def start(self) -> None:
        """Make ready; returns when jobs can be run."""

    async def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job without blocking the event loop."""

    def bundles(self) -> list[BundleInfo]:
        """The domains it can edit; empty before ``start`` is done."""

    async def reload(self) -> None:
        """Read all bundles anew, between two jobs. Raises EditorError where none can be read; the old ones stay then."""

    @property
    def device(self) -> str:
        """What it computes on; empty before ``start`` is done."""

    async def stop(self) -> None:
        """Let go of the device."""


def is_training(request: Request) -> bool:
    """Does a request take minutes of the device?"""
    return request.kind == "train-mapper"


def _step_back() -> None:
    """Let this thread, and those that it starts, take only what others leave of the processor."""
    with suppress(AttributeError, OSError):  # where a thread has no priority of its own, it shares evenly
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


class LocalExecutor:
    """One engine on one device thread of this process, and a thread for training that gives way to it."""

    capacity = training_capacity = 1

    def __init__(self, make_engine: Callable[[], Engine]) -> None:
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="device")
        self._training = ThreadPoolExecutor(max_workers=1, thread_name_prefix="training", initializer=_step_back)

    async def start(self) -> None:
        """Load the engine on the device thread."""
        self._engine = await asyncio.get_running_loop().run_in_executor(self._thread, self._make_engine)

    async def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job on the thread that is for it."""
        assert self._engine is not None, "start() first"
        thread = self._training if is_training(request) else self._thread
        return await asyncio.get_running_loop().run_in_executor(thread, self._engine.run, request, report, cancelled)

    def bundles(self) -> list[BundleInfo]:
        """The engine's bundles."""
        return [] if self._engine is None else self._engine.bundles()

    async def reload(self) -> None:
        """Load another engine on the device thread, and take it for all later jobs."""
        await self.start()

    @property
    def device(self) -> str:
        """The engine's device."""
        return "" if self._engine is None else str(self._engine.device)

    async def stop(self) -> None:
        """Wait for the threads to end."""
        for thread in (self._thread, self._training):
            await asyncio.to_thread(thread.shutdown, True)


def load_engine(folders: Sequence[Path], device: str | None, data: Path | None = None, faces: Path | None = None) -> Engine:
    """The real engine; imports torch, so call it on the device thread. ``faces``: a face model, for aligning photos."""
    from editor.engine import Engine as RealEngine
    from editor.imaging.faces import FaceFinder

    engine = RealEngine.load(folders, device, data)
    engine.faces = FaceFinder(faces) if faces is not None else None
    return engine
