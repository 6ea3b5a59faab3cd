"""The executor whose devices are replicas of a Ray Serve deployment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ray import serve
from ray.exceptions import RayActorError, RayTaskError, TaskCancelledError
from ray.serve.config import AutoscalingConfig
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from editor.api.errors import Cancelled, EditorError
from editor.api.protocol import BundleInfo, CompareRequest, EditRequest, Request, Result
from editor.serving.executor import Cancelled as IsCancelled
from editor.serving.executor import Report
from editor.serving.priorities import SEVERAL, Lane
from editor.serving.ray.replica import Replica, Step, Survey, catalogue
from editor.serving.ray.settings import Cluster

log = logging.getLogger(__name__)

APPLICATION, DEPLOYMENT = "editor", "engine"
ATTEMPTS = 4
"""Replicas that may be lost under one job before it is given up: a job that kills whatever runs it must end too."""
EACH = 2
"""Jobs of each lane that a replica is given at a time, at least."""
BUSY = 1.0
"""Jobs on a replica, on average, from which Serve starts more of them: those are at hand already for which others wait."""
LOOK_SECONDS, POLL_SECONDS = 1.0, 0.05
"""Between two looks at how many replicas there are, and at whether a job is still wanted."""


class RayExecutor:
    """Jobs on replicas. It must live in a process of the cluster (``editor.serving.ray.job_actor``)."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._models: dict[str, str] = {}
        self._survey = Survey((), "")
        self._replicas = cluster.least
        self._handle: DeploymentHandle | None = None
        self._looking: asyncio.Task[None] | None = None

    def places(self, lane: Lane) -> int:
        """Two on each replica, one at work and the next at hand, or as many as it batches; one lesson at a time altogether."""
        if lane is Lane.TRAINING:
            return 1
        return (self._most if lane in SEVERAL else EACH) * self._replicas

    @property
    def _most(self) -> int:
        """Jobs of a lane on a replica."""
        return max(EACH, self._cluster.engines.batch)

    async def start(self) -> None:
        """Deploy, unless that was done before, and have one replica load everything."""
        self._handle = await asyncio.to_thread(self._deployed)
        await self.reload()
        self._looking = self._looking or asyncio.create_task(self._look())

    def _deployed(self) -> DeploymentHandle:
        serve.start(proxy_location="Disabled")  # the editor's own server is the only one
        if APPLICATION not in serve.status().applications:
            serve.run(self._deployment(), name=APPLICATION, route_prefix=None)
        return serve.get_deployment_handle(DEPLOYMENT, APPLICATION)

    def _deployment(self) -> serve.Application:
        wanted = self._cluster
        scaling = AutoscalingConfig(
            min_replicas=wanted.least,
            max_replicas=wanted.most,
            initial_replicas=wanted.least,
            target_ongoing_requests=BUSY,
            upscale_delay_s=5,
            downscale_delay_s=120,
            look_back_period_s=10,
        )
        deployment = serve.deployment(Replica).options(
            name=DEPLOYMENT,
            max_ongoing_requests=self._most * len(Lane),
            autoscaling_config=scaling,
            ray_actor_options={"num_cpus": wanted.cpus, "num_gpus": wanted.gpus},
            graceful_shutdown_timeout_s=20,
            health_check_period_s=2,
        )
        return deployment.bind(wanted.engines, wanted.models)

    async def _look(self) -> None:
        """Keep the number of replicas that run."""
        while True:
            with suppress(Exception):  # the controller may be starting again
                status = await asyncio.to_thread(serve.status)
                states = status.applications[APPLICATION].deployments[DEPLOYMENT].replica_states
                self._replicas = max(
                    1, sum(count for state, count in states.items() if state.value == "RUNNING")
                )
            await asyncio.sleep(LOOK_SECONDS)

    async def reload(self) -> None:
        """Read what bundles there are; those whose files changed have other model ids, and are loaded when asked for."""
        models = await asyncio.to_thread(catalogue, self._cluster.engines.folders)
        self._survey = await self._ask_survey(tuple(models.values()))
        self._models = models

    async def _ask_survey(self, models: Sequence[str]) -> Survey:
        assert self._handle is not None
        for left in reversed(range(ATTEMPTS)):
            try:
                return await self._handle.survey.remote(models)
            except RayTaskError as error:
                raise (error.cause if isinstance(error.cause, EditorError) else error) from None
            except (RayActorError, RayServeException):
                if not left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def bundles(self) -> list[BundleInfo]:
        """Those that a replica could load."""
        return list(self._survey.bundles)

    @property
    def device(self) -> str:
        """Of the replica that was asked."""
        return self._survey.device

    async def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """One job on one replica; on another one when that was lost, which gives the same result."""
        for left in reversed(range(ATTEMPTS)):
            try:
                return await self._attempt(request, report, cancelled)
            except (RayActorError, RayServeException, TaskCancelledError):
                if cancelled():
                    raise Cancelled() from None
                if not left:
                    raise
                log.warning("a replica was lost under a job of kind %s; it begins anew", request.kind)
        raise AssertionError("the last attempt returns or raises")

    async def _attempt(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        assert self._handle is not None, "start() first"
        name, models = _bundle_of(request), tuple(self._models.values())
        model = self._models.get(name or "")
        handle = self._handle.options(stream=True, multiplexed_model_id=model or "")
        answers = handle.run.remote(request, (model,) if model else models)
        try:
            while True:
                answer = await _unless(cancelled, anext(answers))
                if isinstance(answer, EditorError):
                    raise answer
                if not isinstance(answer, Step):
                    return answer
                report(*answer)
        finally:
            answers.cancel()  # ends the job at its next step where it still runs

    async def stop(self) -> None:
        """Let the replicas be: other fronts may need them."""
        if self._looking is not None:
            self._looking.cancel()


async def _unless(cancelled: IsCancelled, coming: Any) -> Any:
    """What is coming; raises Cancelled as soon as it is no longer wanted."""
    task = asyncio.ensure_future(coming)
    while not task.done():
        if cancelled():
            task.cancel()
            raise Cancelled()
        await asyncio.wait((task,), timeout=POLL_SECONDS)
    return task.result()


def _bundle_of(request: Request) -> str | None:
    """The bundle that a request names; None where all are asked which knows the picture."""
    if isinstance(request, EditRequest | CompareRequest):
        return request.inversion.latent.bundle
    return request.bundle
