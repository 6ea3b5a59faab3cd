"""Where jobs run. The server knows only ``Executor``; a batching or a clustered one fits in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
    """Runs jobs for the server, ``capacity`` at a time."""

    capacity: int

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


class LocalExecutor:
    """One engine on one device thread of this process."""

    capacity = 1

    def __init__(self, make_engine: Callable[[], Engine]) -> None:
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="device")

    async def start(self) -> None:
        """Load the engine on the device thread."""
        self._engine = await asyncio.get_running_loop().run_in_executor(self._thread, self._make_engine)

    async def run(self, request: Request, report: Report, cancelled: Cancelled) -> Result:
        """Do one job on the device thread."""
        assert self._engine is not None, "start() first"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._engine.run, request, report, cancelled)

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
        """Wait for the thread to end."""
        await asyncio.to_thread(self._thread.shutdown, True)


def load_engine(folders: Sequence[Path], device: str | None, faces: Path | None = None) -> Engine:
    """The real engine; imports torch, so call it on the device thread. ``faces``: a face model, for aligning photos."""
    from editor.engine import Engine as RealEngine
    from editor.imaging.faces import FaceFinder

    engine = RealEngine.load(folders, device)
    engine.faces = FaceFinder(faces) if faces is not None else None
    return engine
