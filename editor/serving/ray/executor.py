"""The executor whose devices are replicas of a Ray Serve deployment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from ray import serve
from ray.exceptions import RayActorError, RayTaskError, TaskCancelledError
from ray.serve.config import AutoscalingConfig
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from editor.api.errors import Cancelled, EditorError
from editor.api.protocol import BundleInfo, CompareRequest, EditRequest, Request, Result
from editor.serving.executor import EngineOptions, IsCancelled, Report
from editor.serving.priorities import PARALLEL, Priority
from editor.serving.ray.replica import LoadedBundles, Replica, Step, model_ids
from editor.serving.settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")

APPLICATION, DEPLOYMENT = "editor", "engine"
ATTEMPTS = 4
"""Replicas that one job may lose before it fails, since a job that kills its replica must end too."""
MIN_SLOTS = 2
"""Jobs of each priority that a replica takes at a time: one runs while the next is on its way."""
TARGET_LOAD = 1.0
"""Average jobs on a replica above which Serve starts more replicas; above one, jobs are waiting."""
WATCH_SECONDS, POLL_SECONDS = 1.0, 0.05
"""Time between two checks of how many replicas run, and of whether a job was cancelled."""


class RayExecutor:
    """Runs jobs on replicas. It must live in a process of the cluster (``editor.serving.ray.job_actor``)."""

    def __init__(self, settings: Settings, engine: EngineOptions) -> None:
        self._settings, self._engine = settings, engine
        self._models: dict[str, str] = {}
        self._loaded = LoadedBundles((), "")
        self._replicas = settings.replicas[0]
        self._max_slots = max(MIN_SLOTS, engine.batch)
        self._handle: DeploymentHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    def slots(self, priority: Priority) -> int:
        """Return the slots of all replicas; only one mapper is trained at a time in the whole cluster."""
        if priority is Priority.TRAINING:
            return 1
        return (self._max_slots if priority in PARALLEL else MIN_SLOTS) * self._replicas

    async def start(self) -> None:
        """Deploy unless that was done before, and make one replica load all bundles."""
        self._handle = await asyncio.to_thread(self._deploy_once)
        await self.reload()
        self._watcher = self._watcher or asyncio.create_task(self._watch())

    def _deploy_once(self) -> DeploymentHandle:
        serve.start(proxy_location="Disabled")  # the editor's own server is the only one
        if APPLICATION not in serve.status().applications:
            serve.run(self._deployment(), name=APPLICATION, route_prefix=None)
        return serve.get_deployment_handle(DEPLOYMENT, APPLICATION)

    def _deployment(self) -> serve.Application:
        settings, (fewest, most) = self._settings, self._settings.replicas
        scaling = AutoscalingConfig(
            min_replicas=fewest,
            max_replicas=most,
            initial_replicas=fewest,
            target_ongoing_requests=TARGET_LOAD,
            upscale_delay_s=5,
            downscale_delay_s=120,
            look_back_period_s=10,
        )
        reserved = {"num_cpus": settings.editor_replica_cpus, "num_gpus": settings.editor_replica_gpus}
        deployment = serve.deployment(Replica).options(
            name=DEPLOYMENT,
            max_ongoing_requests=self._max_slots * len(Priority),
            autoscaling_config=scaling,
            ray_actor_options=reserved,
            graceful_shutdown_timeout_s=20,
            health_check_period_s=2,
        )
        return deployment.bind(self._engine, settings.editor_replica_bundles)

    async def _watch(self) -> None:
        """Keep the number of running replicas up to date."""
        while True:
            with suppress(Exception):  # the controller may be restarting
                status = await asyncio.to_thread(serve.status)
                states = status.applications[APPLICATION].deployments[DEPLOYMENT].replica_states
                running = sum(count for state, count in states.items() if state.value == "RUNNING")
                self._replicas = max(1, running)
            await asyncio.sleep(WATCH_SECONDS)

    async def reload(self) -> None:
        """Find the bundles again. Bundles whose files changed have new model ids and are loaded on demand."""
        handle = self._handle
        assert handle is not None, "start() first"
        models = await asyncio.to_thread(model_ids, self._engine.folders)

        async def load_all() -> LoadedBundles:
            try:
                return await handle.load_all.remote(tuple(models.values()))
            except RayTaskError as error:
                raise (error.cause if isinstance(error.cause, EditorError) else error) from None

        self._loaded = await _retry(load_all, lambda: None)
        self._models = models

    def bundles(self) -> list[BundleInfo]:
        """List the bundles that a replica could load."""
        return list(self._loaded.bundles)

    @property
    def device(self) -> str:
        """The device of the replica that loaded all bundles."""
        return self._loaded.device

    async def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Run one job on a replica, and again on another if that one is lost; the result is the same."""

        def lost() -> None:
            if cancelled():
                raise Cancelled()
            log.warning("a replica was lost during a job of kind %s", request.kind)

        return await _retry(lambda: self._attempt(request, report, cancelled), lost)

    async def _attempt(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        assert self._handle is not None, "start() first"
        name, models = _bundle_of(request), tuple(self._models.values())
        model = self._models.get(name or "")
        handle = self._handle.options(stream=True, multiplexed_model_id=model or "")
        answers = handle.run.remote(request, (model,) if model else models)
        try:
            while True:
                answer = await _unless_cancelled(cancelled, anext(answers))
                if isinstance(answer, EditorError):
                    raise answer
                if not isinstance(answer, Step):
                    return answer
                report(*answer)
        finally:
            answers.cancel()  # a job that still runs ends at its next step

    async def stop(self) -> None:
        """Stop watching. The replicas stay, since other fronts may need them."""
        if self._watcher is not None:
            self._watcher.cancel()


async def _retry(attempt: Callable[[], Awaitable[T]], lost: Callable[[], None]) -> T:
    """Call ``attempt`` up to ``ATTEMPTS`` times while replicas are lost; ``lost`` is called each time."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return await attempt()
        except (RayActorError, RayServeException, TaskCancelledError):
            lost()
            if not left:
                raise
    raise AssertionError("the last attempt returns or raises")


async def _unless_cancelled(cancelled: IsCancelled, answer: Any) -> Any:
    """Await an answer. Raises Cancelled as soon as the job is cancelled."""
    task = asyncio.ensure_future(answer)
    while not task.done():
        if cancelled():
            task.cancel()
            raise Cancelled()
        await asyncio.wait((task,), timeout=POLL_SECONDS)
    return task.result()


def _bundle_of(request: Request) -> str | None:
    """Return the bundle that a request names; None if the bundle that knows the picture best is wanted."""
    if isinstance(request, EditRequest | CompareRequest):
        return request.inversion.latent.bundle
    return request.bundle
