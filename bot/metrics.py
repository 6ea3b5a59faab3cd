"""What an operator watches: figures for Prometheus, and a word on whether all is well. No figure tells of one user.

Each ``Metrics`` has a registry of its own, so that two bots in one process (as in tests) do not add up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from editor.api import protocol as wire

logger = logging.getLogger(__name__)

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 45, 90, 300)
_PLACES = (0, 1, 2, 3, 5, 8, 13, 21, 50)
_LONGEST_CHECK = 5.0

Check = Callable[[], Awaitable[bool]]
Measure = Callable[[], Awaitable[None]]
METRICS: web.AppKey[Metrics] = web.AppKey("metrics")
CHECKS: web.AppKey[Mapping[str, Check]] = web.AppKey("checks")


class Metrics:
    """Counters, gauges and histograms of one bot."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answers = Counter(
            "bot_answers", "Messages and interactions answered", ["kind", "outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "bot_answer_seconds",
            "From hearing to answering",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._wishes = Counter(
            "bot_wishes", "Wishes by what became of them", ["verdict"], registry=self.registry
        )
        self._places = Histogram(
            "bot_queue_position",
            "Jobs ahead of a job when it was queued",
            buckets=_PLACES,
            registry=self.registry,
        )
        self._restarts = Counter(
            "bot_editor_restarts", "Times the editor was started again", registry=self.registry
        )
        self._up = Gauge(
            "bot_gateway_up", "1 while the shard is connected to Discord", ["shard"], registry=self.registry
        )
        self._latency = Gauge(
            "bot_gateway_latency_seconds",
            "Heartbeat to its acknowledgement",
            ["shard"],
            registry=self.registry,
        )
        self._inbox = Gauge("bot_inbox_open", "Wishes accepted and not answered yet", registry=self.registry)
        self._measures: list[Measure] = []
        self._shards: set[int] = set()

    def count_answer(self, kind: str, outcome: str | None, seconds: float) -> None:
        """Count an answer: ``kind`` as a front end names its ways in ("message", "press", "web"), ``outcome`` the turn's
        error or None."""
        self._answers.labels(kind, outcome or "done").inc()
        self._seconds.labels(kind).observe(seconds)

    def count_verdicts(self, effects: Iterable[wire.Effect]) -> None:
        """Count what became of wishes."""
        for effect in effects:
            self._wishes.labels(effect.verdict).inc()

    def observe_event(self, event: wire.Event) -> None:
        """Look at an event of a job: how long is the queue?"""
        if isinstance(event, wire.Queued):
            self._places.observe(event.position)

    def count_editor_restart(self) -> None:
        """Count a start of the editor after the first one."""
        self._restarts.inc()

    def set_shard(self, shard: int, up: bool, latency: float | None = None) -> None:
        """How a shard stands; ``latency`` in seconds."""
        self._up.labels(str(shard)).set(int(up))
        if (
            latency is not None and latency == latency and latency != float("inf")
        ):  # discord.py says nan or inf before it knows
            self._latency.labels(str(shard)).set(latency)

    def set_shards(self, shards: Mapping[int, tuple[bool, float]]) -> None:
        """How all shards stand: up or not, and latency; one that was there before and is missing now is down."""
        for number in self._shards - shards.keys():
            self.set_shard(number, up=False)
        for number, (up, latency) in shards.items():
            self.set_shard(number, up, latency)
        self._shards |= shards.keys()

    def set_open_requests(self, count: int) -> None:
        """How many wishes are open."""
        self._inbox.set(count)

    def add_measure(self, measure: Measure) -> None:
        """``measure`` is asked before each look, for gauges that show how things stand and are not counted."""
        self._measures.append(measure)

    async def export(self) -> bytes:
        """All of it as it is now, in Prometheus's text format. What cannot be measured keeps its last value."""
        for done in await asyncio.gather(*(measure() for measure in self._measures), return_exceptions=True):
            if isinstance(done, Exception):
                logger.warning("a figure could not be measured: %s", type(done).__name__)
        return generate_latest(self.registry)


def create_app(metrics: Metrics, checks: Mapping[str, Check]) -> web.Application:
    """``/metrics``, and ``/health``: 200 while every check passes, 503 with the names of those that do not."""
    app = web.Application()
    app[METRICS], app[CHECKS] = metrics, checks
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/health", _health)
    return app


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=await request.app[METRICS].export(), headers={"Content-Type": CONTENT_TYPE_PLAIN_1_0_0}
    )


async def _health(request: web.Request) -> web.Response:
    checks = request.app[CHECKS]
    passed = await asyncio.gather(*(_passes(check) for check in checks.values()))
    well = all(passed)
    body = {"status": "ok" if well else "failing", "checks": dict(zip(checks, passed, strict=True))}
    return web.json_response(body, status=200 if well else 503)


async def _passes(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), _LONGEST_CHECK)
    except Exception:  # whatever it is, the check did not pass
        return False
