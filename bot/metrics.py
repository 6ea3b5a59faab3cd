"""Metrics for Prometheus, and a health check. No metric identifies a user.

Each ``Metrics`` has its own registry, so that two bots in one process (as in tests) are counted separately.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from editor.api import protocol as wire

logger = logging.getLogger(__name__)

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 45, 90, 300)
_POSITIONS = (0, 1, 2, 3, 5, 8, 13, 21, 50)
_CHECK_TIMEOUT = 5.0
"""Seconds after which a health check counts as failed."""

Check = Callable[[], Awaitable[bool]]
Measure = Callable[[], Awaitable[None]]


class Metrics:
    """Counters, gauges and histograms of one bot."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        text = "Answered messages and interactions"
        self._answers = counter("bot_answers", text, ["kind", "outcome"])
        text = "Time from a message or interaction to its answer"
        self._seconds = histogram("bot_answer_seconds", text, ["kind"], buckets=_SECONDS)
        self._verdicts = counter("bot_wishes", "Edit requests by their verdict", ["verdict"])
        text = "Jobs ahead of a job when it is queued"
        self._positions = histogram("bot_queue_position", text, buckets=_POSITIONS)
        self._restarts = counter("bot_editor_restarts", "Restarts of the editor")
        self._up = gauge("bot_gateway_up", "1 while the shard is connected to Discord", ["shard"])
        text = "Time from a heartbeat to its acknowledgement"
        self._latency = gauge("bot_gateway_latency_seconds", text, ["shard"])
        self._inbox = gauge("bot_inbox_open", "Accepted requests without an answer")
        self._measures: list[Measure] = []
        self._shards: set[int] = set()

    def count_answer(self, kind: str, outcome: str | None, seconds: float) -> None:
        """Count an answer.

        Args:
            kind: What was answered, by the front end's own names ("message", "press", "web").
            outcome: The code of the error, or None.
            seconds: Time from the message to the answer.
        """
        self._answers.labels(kind, outcome or "done").inc()
        self._seconds.labels(kind).observe(seconds)

    def count_verdicts(self, effects: Iterable[wire.Effect]) -> None:
        """Count edit requests by how well the editor could do them."""
        for effect in effects:
            self._verdicts.labels(effect.verdict).inc()

    def observe_event(self, event: wire.Event) -> None:
        """Record the queue position from an event of a job."""
        if isinstance(event, wire.Queued):
            self._positions.observe(event.position)

    def count_editor_restart(self) -> None:
        """Count a start of the editor after the first one."""
        self._restarts.inc()

    def set_shard(self, shard: int, up: bool, latency: float | None = None) -> None:
        """Set the state of a shard. ``latency`` is in seconds; discord.py's NaN and infinity mean unknown."""
        self._shards.add(shard)
        self._up.labels(str(shard)).set(int(up))
        if latency is not None and math.isfinite(latency):
            self._latency.labels(str(shard)).set(latency)

    def set_shards(self, shards: Mapping[int, tuple[bool, float]]) -> None:
        """Set the state of all shards: up or not, and latency. A known shard that is missing is down."""
        for number in self._shards - shards.keys():
            self.set_shard(number, up=False)
        for number, (up, latency) in shards.items():
            self.set_shard(number, up, latency)

    def set_open_requests(self, count: int) -> None:
        """Set how many accepted requests have no answer yet."""
        self._inbox.set(count)

    def add_measure(self, measure: Measure) -> None:
        """Call a function before each export, to set gauges that no event sets."""
        self._measures.append(measure)

    async def export(self) -> bytes:
        """Return all metrics in Prometheus's text format. If a measure fails, its gauges stay as they are."""
        results = await asyncio.gather(*(measure() for measure in self._measures), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                logger.warning("a metric could not be measured: %s", type(result).__name__)
        return generate_latest(self.registry)


def create_app(metrics: Metrics, checks: Mapping[str, Check]) -> web.Application:
    """Create the application with ``/metrics`` and ``/health``.

    ``/health`` answers 200 if all checks pass and 503 otherwise, with the result of each check by name.
    """

    async def show_metrics(request: web.Request) -> web.Response:
        return web.Response(body=await metrics.export(), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})

    async def show_health(request: web.Request) -> web.Response:
        passed = dict(zip(checks, await asyncio.gather(*map(_passes, checks.values())), strict=True))
        healthy = all(passed.values())
        body = {"status": "ok" if healthy else "failing", "checks": passed}
        return web.json_response(body, status=200 if healthy else 503)

    app = web.Application()
    app.router.add_get("/metrics", show_metrics)
    app.router.add_get("/health", show_health)
    return app


async def _passes(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), _CHECK_TIMEOUT)
    except Exception:  # a check that raises has failed, whatever the error
        return False
