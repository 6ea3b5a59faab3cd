"""The job service of a cluster: one actor that keeps the jobs of all front servers.

Each front can answer for any job, and all share one fair queue. If the actor's node is lost, Ray starts the
actor elsewhere without jobs. Event streams end early, clients ask again under the same id, and the job runs
again with the same result.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import ray
from ray.actor import ActorHandle

from editor.api.framing import Frame
from editor.api.protocol import BundleInfo, EditorStatus, Job, JobState
from editor.serving.jobs import LocalJobs
from editor.serving.ray.executor import RayExecutor
from editor.serving.ray.settings import NAMESPACE, ClusterSettings

NAME = "jobs"
MAX_CALLS = 10_000
"""Calls that may be open at a time; each listener of a job is one."""


class JobActor:
    """``LocalJobs`` on the cluster's executor, as an actor; the methods are those of ``JobService``."""

    def __init__(self, cluster: ClusterSettings) -> None:
        self._jobs = LocalJobs(RayExecutor(cluster), cluster.per_user)
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Deploy the replicas once for all fronts. Raises EditorError, and may be called again then."""
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(self._jobs.start())
        await asyncio.shield(self._starting)

    async def put(self, identifier: str, job: Job, digest: str) -> None:
        """Start a job, or attach to the same one."""
        await self.start()
        await self._jobs.put(identifier, job, digest)

    async def events(self, identifier: str, after: int) -> AsyncIterator[Frame]:
        """Yield the events after number ``after``."""
        async for frame in self._jobs.events(identifier, after):
            yield frame

    async def state(self, identifier: str) -> JobState:
        """Return the state of a job."""
        return await self._jobs.state(identifier)

    async def cancel(self, identifier: str) -> JobState:
        """Ask a job to stop."""
        return await self._jobs.cancel(identifier)

    async def bundles(self) -> list[BundleInfo]:
        """List the domains that can be edited."""
        await self.start()
        return await self._jobs.bundles()

    async def reload(self) -> None:
        """Read all bundles again."""
        await self.start()
        await self._jobs.reload()

    async def status(self) -> EditorStatus:
        """Return the state of the cluster's editor."""
        return await self._jobs.status()

    async def metrics(self) -> bytes:
        """Return the metrics in Prometheus's text format."""
        return await self._jobs.metrics()


def job_actor(cluster: ClusterSettings) -> ActorHandle:
    """Return the cluster's job actor; the first caller creates it."""
    remote = ray.remote(JobActor).options(
        name=NAME,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
        max_task_retries=0,
        max_concurrency=MAX_CALLS,
    )
    return remote.remote(cluster)
