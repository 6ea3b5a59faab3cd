"""The one desk of a cluster: an actor that keeps the jobs of all front servers, so that any of them can answer for any job.

The fair queue is one for all of them. Where the desk's node is lost, Ray starts it anew elsewhere with no jobs: streams
end early, whoever listened asks again under the same id, and the job is done again, which gives the same result.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import ray
from ray.actor import ActorHandle

from editor.api.protocol import BundleInfo, EditorStatus, Job, JobState
from editor.serving.jobs import Jobs
from editor.serving.ray.executor import RayExecutor
from editor.serving.ray.settings import NAMESPACE, Cluster

NAME = "desk"
MOST_AT_ONCE = 10_000
"""Calls that are open at a time; each listener of a job is one."""


class Desk:
    """``editor.serving.jobs.Desk`` as an actor: ``Jobs`` on the cluster's executor."""

    def __init__(self, cluster: Cluster) -> None:
        self._jobs = Jobs(RayExecutor(cluster), cluster.per_user)
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Deploy the replicas; fronts that come later wait for the same. Raises EditorError, and may be asked again."""
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._jobs.start())
        await asyncio.shield(self._starting)

    async def put(self, identifier: str, job: Job) -> None:
        """See ``Jobs``."""
        await self.start()
        await self._jobs.put(identifier, job)

    async def events(self, identifier: str, after: int) -> AsyncIterator[bytes]:
        """See ``Jobs``."""
        async for line in self._jobs.events(identifier, after):
            yield line

    async def state(self, identifier: str) -> JobState:
        """See ``Jobs``."""
        return await self._jobs.state(identifier)

    async def cancel(self, identifier: str) -> JobState:
        """See ``Jobs``."""
        return await self._jobs.cancel(identifier)

    async def bundles(self) -> list[BundleInfo]:
        """See ``Jobs``."""
        await self.start()
        return await self._jobs.bundles()

    async def reload(self) -> None:
        """See ``Jobs``."""
        await self.start()
        await self._jobs.reload()

    async def status(self) -> EditorStatus:
        """See ``Jobs``."""
        return await self._jobs.status()

    async def figures(self) -> bytes:
        """See ``Jobs``."""
        return await self._jobs.figures()


def shared_desk(cluster: Cluster) -> ActorHandle:
    """The cluster's desk; whoever comes first makes it."""
    remote = ray.remote(Desk).options(
        name=NAME,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=0,
        max_concurrency=MOST_AT_ONCE,
    )
    return remote.remote(cluster)
