"""Metrics for Prometheus, and a health check. No metric identifies a user.

Each ``Metrics`` has its own registry, so that two bots in one process (as in tests) are counted separately.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping

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
METRICS: web.AppKey[Metrics] = web.AppKey("metrics")
CHECKS: web.AppKey[Mapping[str, Check]] = web.AppKey("checks")


class Metrics:
    """Counters, gauges and histograms of one bot."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._answers = Counter(
            "bot_answers", "Answered messages and interactions", ["kind", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "bot_answer_seconds",
            "Time from a message or interaction to its answer",
            ["kind"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._verdicts = Counter(
            "bot_wishes", "Edit requests by their verdict", ["verdict"], registry=registry
        )
        self._positions = Histogram(
            "bot_queue_position",
            "Jobs ahead of a job when it is queued",
            buckets=_POSITIONS,
            registry=registry,
        )
        self._restarts = Counter("bot_editor_restarts", "Restarts of the editor", registry=registry)
        self._up = Gauge(
            "bot_gateway_up", "1 while the shard is connected to Discord", ["shard"], registry=registry
        )
        self._latency = Gauge(
            "bot_gateway_latency_seconds",
            "Time from a heartbeat to its acknowledgement",
            ["shard"],
            registry=registry,
        )
        self._inbox = Gauge("bot_inbox_open", "Accepted requests without an answer", registry=registry)
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
        self._up.labels(str(shard)).set(int(up))
        if latency is not None and math.isfinite(latency):
            self._latency.labels(str(shard)).set(latency)

    def set_shards(self, shards: Mapping[int, tuple[bool, float]]) -> None:
        """Set the state of all shards: up or not, and latency. A known shard that is missing is down."""
        for number in self._shards - shards.keys():
            self.set_shard(number, up=False)
        for number, (up, latency) in shards.items():
            self.set_shard(number, up, latency)
        self._shards |= shards.keys()

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
    app = web.Application()
    app[METRICS], app[CHECKS] = metrics, checks
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/health", _health)
    return app


async def _metrics(request: web.Request) -> web.Response:
    body = await request.app[METRICS].export()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0})


async def _health(request: web.Request) -> web.Response:
    checks = request.app[CHECKS]
    passed = await asyncio.gather(*(_passes(check) for check in checks.values()))
    healthy = all(passed)
    body = {"status": "ok" if healthy else "failing", "checks": dict(zip(checks, passed, strict=True))}
    return web.json_response(body, status=200 if healthy else 503)


async def _passes(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), _CHECK_TIMEOUT)
    except Exception:  # a check that raises has failed, whatever the error
        return False
