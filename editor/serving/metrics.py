"""Prometheus metrics of the editor. None of them is about a single user."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0 as CONTENT_TYPE

from editor.serving.priorities import Priority

__all__ = ["CONTENT_TYPE", "JobMetrics"]

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_LABEL = "lane"
"""The label that holds the priority; dashboards of operators know it by this name."""


class JobMetrics:
    """Counters, gauges and histograms of one job service, by priority."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()  # not the global one: two editors in one process must not add up
        ProcessCollector(registry=self.registry)
        self._jobs = Counter("editor_jobs", "Jobs that ended", [_LABEL, "state"], registry=self.registry)
        self._waits = self._histogram("editor_wait_seconds", "Time from request to start")
        self._seconds = self._histogram("editor_job_seconds", "Time from start to end")
        self._waiting = Gauge("editor_waiting", "Jobs in the queue", [_LABEL], registry=self.registry)
        self._running = Gauge("editor_running", "Running jobs", [_LABEL], registry=self.registry)
        self._slots = Gauge("editor_places", "Jobs that may run at a time", [_LABEL], registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, [_LABEL], buckets=_SECONDS, registry=self.registry)

    def started(self, priority: Priority, waited: float) -> None:
        """Count a job that started ``waited`` seconds after it was requested."""
        self._waits.labels(priority.name.lower()).observe(waited)

    def ended(self, priority: Priority, state: str, seconds: float) -> None:
        """Count a job that ended as ``done`` or ``failed``."""
        self._jobs.labels(priority.name.lower(), state).inc()
        self._seconds.labels(priority.name.lower()).observe(seconds)

    def set_queue(self, priority: Priority, waiting: int, running: int, slots: int) -> None:
        """Set the gauges of one priority."""
        for gauge, value in ((self._waiting, waiting), (self._running, running), (self._slots, slots)):
            gauge.labels(priority.name.lower()).set(value)

    def text(self) -> bytes:
        """Return all metrics in Prometheus's text format."""
        return generate_latest(self.registry)
