"""A front server's client of the job actor."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import ray
from ray.actor import ActorHandle
from ray.exceptions import RayActorError, RayTaskError

from editor.api.errors import Draining, EditorAway, EditorError
from editor.api.framing import Frame
from editor.api.protocol import BundleInfo, EditorStatus, Job, JobState
from editor.serving.ray.job_actor import job_actor
from editor.serving.ray.settings import NAMESPACE, ClusterSettings


class ClusterJobs:
    """The ``JobService`` of a cluster.

    Any front answers for any job; one that stops leaves its jobs to the others.
    """

    def __init__(self, cluster: ClusterSettings) -> None:
        self.draining = False
        self._cluster = cluster
        self._found: ActorHandle | None = None

    @property
    def _actor(self) -> ActorHandle:
        assert self._found is not None, "start() first"
        return self._found

    async def start(self) -> None:
        """Join the cluster and wait until it has a replica. Raises EditorAway, EditorError."""
        await asyncio.to_thread(self._join)
        _restore_signal_handlers()
        await _result(self._actor.start.remote())

    def _join(self) -> None:
        try:
            ray.init(
                self._cluster.address, namespace=NAMESPACE, ignore_reinit_error=True, log_to_driver=False
            )
        except ConnectionError as error:
            raise EditorAway("The Ray cluster cannot be reached.") from error
        self._found = job_actor(self._cluster)

    async def put(self, identifier: str, job: Job, digest: str) -> None:
        """Start a job, or attach to the same one."""
        await _result(self._actor.put.remote(identifier, job, digest))

    async def events(self, identifier: str, after: int = 0) -> AsyncIterator[Frame]:
        """Yield the events after number ``after``.

        Raises ConnectionError when the actor is lost: ask again.
        """
        async for answer in self._actor.events.options(num_returns="streaming").remote(identifier, after):
            try:
                yield await _result(answer)
            except Draining as error:
                raise ConnectionResetError(str(error)) from error

    async def state(self, identifier: str) -> JobState:
        """Return the state of a job."""
        return await _result(self._actor.state.remote(identifier))

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop."""
        return await _result(self._actor.cancel.remote(identifier))

    async def bundles(self) -> list[BundleInfo]:
        """List the domains that can be edited."""
        return await _result(self._actor.bundles.remote())

    async def reload(self) -> None:
        """Read all bundles again."""
        await _result(self._actor.reload.remote())

    async def status(self) -> EditorStatus:
        """Return the state of the cluster's editor."""
        return await _result(self._actor.status.remote())

    async def metrics(self) -> bytes:
        """Return the job actor's metrics."""
        return await _result(self._actor.metrics.remote())

    async def drain(self) -> None:
        """Take nothing new. Jobs go on in the cluster, and their clients find them through another front."""
        self.draining = True

    async def stop(self) -> None:
        """Leave the cluster."""
        self._found = None
        await asyncio.to_thread(ray.shutdown)


def _restore_signal_handlers() -> None:
    """Restore Python's handlers of the signals that stop a server: Ray's library has replaced them."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.getsignal(number))


async def _result(call: Awaitable[Any]) -> Any:
    """Await an actor's result; its errors are raised as they were raised there."""
    try:
        return await call
    except RayTaskError as error:
        raise (error.cause if isinstance(error.cause, EditorError) else error) from None
    except RayActorError as error:  # it restarts within seconds, and clients try again until then
        raise Draining() from error
