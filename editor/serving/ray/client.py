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
from editor.serving.executor import EngineOptions
from editor.serving.ray.job_actor import NAMESPACE, job_actor
from editor.serving.settings import Settings


class ClusterJobs:
    """The jobs of a cluster, with the methods of ``LocalJobs``.

    Any front answers for any job; one that stops leaves its jobs to the others.
    """

    def __init__(self, settings: Settings, engine: EngineOptions, per_user: int) -> None:
        self.draining = False
        self._settings, self._engine, self._per_user = settings, engine, per_user
        self._actor: ActorHandle | None = None

    async def start(self) -> None:
        """Join the cluster and wait until it has a replica. Raises EditorAway, EditorError."""
        await asyncio.to_thread(self._join)
        _restore_signal_handlers()
        await self._call("start")

    def _join(self) -> None:
        address = self._settings.ray_address
        try:
            ray.init(address, namespace=NAMESPACE, ignore_reinit_error=True, log_to_driver=False)
        except ConnectionError as error:
            raise EditorAway("The Ray cluster cannot be reached.") from error
        self._actor = job_actor(self._settings, self._engine, self._per_user)

    async def _call(self, method: str, *arguments: Any) -> Any:
        assert self._actor is not None, "start() first"
        return await _result(getattr(self._actor, method).remote(*arguments))

    async def put(self, identifier: str, job: Job, digest: str) -> None:
        """Start a job, or attach to the same one."""
        await self._call("put", identifier, job, digest)

    async def events(self, identifier: str, after: int = 0) -> AsyncIterator[Frame]:
        """Yield the events after number ``after``.

        Raises ConnectionError when the actor is lost: ask again.
        """
        assert self._actor is not None, "start() first"
        async for answer in self._actor.events.options(num_returns="streaming").remote(identifier, after):
            try:
                yield await _result(answer)
            except Draining as error:
                raise ConnectionResetError(str(error)) from error

    async def state(self, identifier: str) -> JobState:
        """Return the state of a job."""
        return await self._call("state", identifier)

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop."""
        return await self._call("cancel", identifier)

    async def bundles(self) -> list[BundleInfo]:
        """List the domains that can be edited."""
        return await self._call("bundles")

    async def reload(self) -> None:
        """Read all bundles again."""
        await self._call("reload")

    async def status(self) -> EditorStatus:
        """Return the state of the cluster's editor."""
        return await self._call("status")

    async def metrics(self) -> bytes:
        """Return the job actor's metrics."""
        return await self._call("metrics")

    async def drain(self) -> None:
        """Take nothing new. Jobs go on in the cluster, and their clients find them through another front."""
        self.draining = True

    async def stop(self) -> None:
        """Leave the cluster."""
        self._actor = None
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
