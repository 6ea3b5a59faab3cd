"""The job service of a cluster: one actor that keeps the jobs of all front servers.

Each front can answer for any job, and all share one fair queue. If the actor's node is lost, Ray starts the
actor elsewhere without jobs. Event streams end early, clients ask again under the same id, and the job runs
again with the same result.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import ray
from ray.actor import ActorHandle

from editor.api.protocol import BundleInfo, Job
from editor.serving.executor import EngineOptions
from editor.serving.jobs import LocalJobs
from editor.serving.ray.executor import RayExecutor
from editor.serving.settings import Settings

NAME, NAMESPACE = "jobs", "editor"
"""Names in Ray of the actor and of what all front servers of a cluster share."""
MAX_CALLS = 10_000
"""Calls that may be open at a time; each listener of a job is one."""


class JobActor(LocalJobs):
    """The jobs of a cluster. Its replicas are deployed by the first call that needs them."""

    def __init__(self, settings: Settings, engine: EngineOptions, per_user: int) -> None:
        super().__init__(RayExecutor(settings, engine), per_user)
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Deploy the replicas once for all fronts. Raises EditorError, and may be called again then."""
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            self._starting = asyncio.create_task(super().start())
        await asyncio.shield(self._starting)

    async def put(self, identifier: str, job: Job, digest: str) -> None:
        """Start a job, or attach to the same one."""
        await self.start()
        await super().put(identifier, job, digest)

    async def bundles(self) -> list[BundleInfo]:
        """List the domains that can be edited."""
        await self.start()
        return await super().bundles()

    async def reload(self) -> None:
        """Read all bundles again."""
        await self.start()
        await super().reload()


def job_actor(settings: Settings, engine: EngineOptions, per_user: int) -> ActorHandle:
    """Return the cluster's job actor; the first caller creates it.

    Its processes have other working directories, so folders become absolute; they are the same on all nodes
    (an image, or a shared file system).
    """
    absolute = replace(
        engine,
        folders=tuple(folder.resolve() for folder in engine.folders),
        data=engine.data and engine.data.resolve(),
        faces=engine.faces and engine.faces.resolve(),
    )
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
    return remote.remote(settings.model_copy(update={"editor_token": None}), absolute, per_user)
