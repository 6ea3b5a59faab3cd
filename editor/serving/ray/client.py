"""A front server's side of the cluster: what its HTTP surface asks, it asks the shared desk."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayTaskError

from editor.api.errors import Draining, EditorAway, EditorError
from editor.api.protocol import BundleInfo, EditorStatus, Job, JobState
from editor.serving.ray.job_actor import shared_desk
from editor.serving.ray.settings import NAMESPACE, Cluster


class SharedJobs:
    """The job service of a cluster. Any front answers for any job; one that stops leaves its jobs to others."""

    def __init__(self, cluster: Cluster) -> None:
        self.draining = False
        self._cluster = cluster
        self._found: ActorHandle | None = None

    @property
    def _desk(self) -> ActorHandle:
        assert self._found is not None, "start() first"
        return self._found

    async def start(self) -> None:
        """Join the cluster, and wait until its desk has a replica. Raises EditorAway, EditorError."""
        await asyncio.to_thread(self._join)
        _own_signals()
        await _answer(self._desk.start.remote())

    def _join(self) -> None:
        try:
            ray.init(
                self._cluster.address, namespace=NAMESPACE, ignore_reinit_error=True, log_to_driver=False
            )
        except ConnectionError as error:
            raise EditorAway("The Ray cluster cannot be reached.") from error
        self._found = shared_desk(self._cluster)

    async def put(self, identifier: str, job: Job) -> None:
        """Start a job, or attach to the same one."""
        await _answer(self._desk.put.remote(identifier, job))

    async def events(self, identifier: str, after: int = 0) -> AsyncIterator[bytes]:
        """The event lines after number ``after``. Raises ConnectionError where the desk is lost: ask again."""
        async for line in self._desk.events.options(num_returns="streaming").remote(identifier, after):
            try:
                yield await _answer(line)
            except Draining as error:
                raise ConnectionResetError(str(error)) from error

    async def state(self, identifier: str) -> JobState:
        """How a job stands."""
        return await _answer(self._desk.state.remote(identifier))

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop."""
        return await _answer(self._desk.cancel.remote(identifier))

    async def bundles(self) -> list[BundleInfo]:
        """What can be edited."""
        return await _answer(self._desk.bundles.remote())

    async def reload(self) -> None:
        """Read all bundles anew."""
        await _answer(self._desk.reload.remote())

    async def status(self) -> EditorStatus:
        """How the cluster stands."""
        return await _answer(self._desk.status.remote())

    async def figures(self) -> bytes:
        """The desk's figures."""
        return await _answer(self._desk.figures.remote())

    async def drain(self) -> None:
        """Nothing runs here: jobs go on in the cluster, and those who listen find them through another front."""
        self.draining = True

    async def stop(self) -> None:
        """Leave the cluster."""
        self._found = None
        await asyncio.to_thread(ray.shutdown)


def _own_signals() -> None:
    """Take back the signals that stop a server: Ray's library has put its own handlers in their place."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.getsignal(number))


async def _answer(coming: Awaitable[Any]) -> Any:
    """An actor's answer, with its errors as they were raised there."""
    with _as_raised():
        return await coming


@contextmanager
def _as_raised() -> Iterator[None]:
    try:
        yield
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, EditorError) else error) from None
    except RayActorError as error:  # its restart takes seconds; whoever asked tries again until then
        raise Draining() from error
