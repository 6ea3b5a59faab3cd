"""A front server's client of the job actor."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import ray
from ray.exceptions import RayActorError, RayTaskError

from editor.api.errors import Draining, EditorAway, EditorError
from editor.api.framing import Frame
from editor.serving.executor import EngineOptions
from editor.serving.ray.job_actor import NAMESPACE, job_actor
from editor.serving.settings import Settings


class ClusterJobs:
    """The jobs of a cluster, with the methods of ``LocalJobs``: the job actor answers most of them.

    Any front answers for any job; one that stops leaves its jobs to the others.
    """

    def __init__(self, settings: Settings, engine: EngineOptions, per_user: int) -> None:
        self.draining = False
        self._settings, self._engine, self._per_user = settings, engine, per_user
        self._actor: Any = None

    async def start(self) -> None:
        """Join the cluster and wait until it has a replica. Raises EditorAway, EditorError."""
        await asyncio.to_thread(self._join)
        _restore_signal_handlers()
        await _result(self._actor.start.remote())

    def _join(self) -> None:
        address = self._settings.ray_address
        try:
            ray.init(address, namespace=NAMESPACE, ignore_reinit_error=True, log_to_driver=False)
        except ConnectionError as error:
            raise EditorAway("The Ray cluster cannot be reached.") from error
        self._actor = job_actor(self._settings, self._engine, self._per_user)

    def __getattr__(self, method: str) -> Any:
        """Return a method of the job actor: ``put``, ``state``, ``cancel``, ``bundles`` and so on."""
        return lambda *arguments: _result(getattr(self._actor, method).remote(*arguments))

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
