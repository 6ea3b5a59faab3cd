"""What an operator watches of the editor: figures for Prometheus. No figure tells of one user."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0 as CONTENT_TYPE

from editor.serving.priorities import Lane

__all__ = ["CONTENT_TYPE", "Figures"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Figures:
    """Counters, gauges and histograms of one ``Jobs``, by lane."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()  # one's own, so that two editors in one process do not add up
        ProcessCollector(registry=self.registry)
        self._jobs = Counter("editor_jobs", "Jobs that ended", ["lane", "state"], registry=self.registry)
        self._waits = Histogram(
            "editor_wait_seconds",
            "From being asked for to being begun",
            ["lane"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._seconds = Histogram(
            "editor_job_seconds",
            "From being begun to the end",
            ["lane"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._waiting = Gauge("editor_waiting", "Jobs in the queue", ["lane"], registry=self.registry)
        self._running = Gauge("editor_running", "Jobs under way", ["lane"], registry=self.registry)
        self._places = Gauge(
            "editor_places", "Jobs that are taken at a time", ["lane"], registry=self.registry
        )

    def began(self, lane: Lane, waited: float) -> None:
        """A job was begun, seconds after it was asked for."""
        self._waits.labels(lane.name.lower()).observe(waited)

    def ended(self, lane: Lane, state: str, seconds: float) -> None:
        """A job that was begun ended as ``done`` or ``failed``."""
        self._jobs.labels(lane.name.lower(), state).inc()
        self._seconds.labels(lane.name.lower()).observe(seconds)

    def stands(self, lane: Lane, waiting: int, running: int, places: int) -> None:
        """How a lane stands."""
        for gauge, value in ((self._waiting, waiting), (self._running, running), (self._places, places)):
            gauge.labels(lane.name.lower()).set(value)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self.registry)
