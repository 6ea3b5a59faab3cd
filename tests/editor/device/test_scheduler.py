"""DeviceScheduler at the device, and the lanes that jobs wait in."""

from __future__ import annotations

import threading
import time

import pytest

from editor.api.protocol import (
    Change,
    EditRequest,
    Fidelity,
    Geometry,
    Inversion,
    InvertRequest,
    Latent,
    TrainMapperRequest,
)
from editor.device.scheduler import DeviceScheduler
from editor.editing.methods.registry import METHODS
from editor.serving.priorities import SEARCHING, Priority, priority_of


class Bench:
    """Jobs of several steps on one scheduler, and the order of their steps."""

    def __init__(self, scheduler: DeviceScheduler) -> None:
        self.scheduler, self.steps, self.at_once = scheduler, [], 0  # type: ignore[var-annotated]
        self.go = threading.Semaphore(0)

    def job(self, name: str, priority: int, steps: int, waits: bool = False) -> threading.Thread:
        """Start a job. One that ``waits`` needs a permit for each step."""

        def work() -> None:
            with self.scheduler.acquired(priority) as task:
                for step in range(steps):
                    if waits:
                        assert self.go.acquire(timeout=10)
                    self.at_once += 1
                    assert self.at_once == 1
                    self.steps.append(name)
                    self.at_once -= 1
                    if step < steps - 1:
                        self.scheduler.yield_device(task)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    def until_waiting(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while len(self.scheduler._waiting) < count:
            assert time.monotonic() < deadline
            time.sleep(0.002)


def test_a_job_of_higher_priority_runs_between_two_steps() -> None:
    bench = Bench(DeviceScheduler())
    threads = [bench.job("search", 1, 3, waits=True)]
    threads.append(bench.job("render", 3, 1))
    bench.until_waiting(1)
    bench.go.release(3)
    for thread in threads:
        thread.join(10)
    assert bench.steps == ["search", "render", "search", "search"]


def test_a_job_that_was_overtaken_too_often_runs_one_step() -> None:
    bench = Bench(DeviceScheduler(max_overtakes=3))
    threads = [bench.job("search", 1, 3, waits=True)]
    for number in range(8):
        threads.append(bench.job(f"r{number}", 3, 1))
        bench.until_waiting(number + 1)
    bench.go.release(3)
    for thread in threads:
        thread.join(10)
    assert bench.steps == ["search", "r0", "r1", "r2", "search", "r3", "r4", "r5", "search", "r6", "r7"]


def test_jobs_of_equal_priority_do_not_interrupt_each_other() -> None:
    bench = Bench(DeviceScheduler())
    threads = [bench.job("one", 2, 2, waits=True), bench.job("two", 2, 2)]
    bench.until_waiting(1)
    bench.go.release(2)
    for thread in threads:
        thread.join(10)
    assert bench.steps == ["one", "one", "two", "two"]


def test_a_failed_job_releases_the_device() -> None:
    scheduler = DeviceScheduler()
    with pytest.raises(ZeroDivisionError), scheduler.acquired(1):
        1 / 0  # noqa: B018
    with scheduler.acquired(0):
        pass


def test_priorities_name_the_slow_methods() -> None:
    assert {method.name for method in METHODS.values() if method.slow} == SEARCHING


def test_each_request_has_its_priority() -> None:
    latent = Latent(bundle="b", fingerprint="f", w={"dtype": "float32", "shape": [0], "data": ""})  # type: ignore[arg-type]
    place = Geometry(center_x=1, center_y=1, side=1, width=2, height=2)
    inversion = Inversion(
        latent=latent, geometry=place, fidelity=Fidelity(psnr=1, similarity=1, in_domain=True)
    )
    edit = EditRequest(picture=b"", inversion=inversion)
    assert priority_of(edit) is Priority.RENDERS
    assert priority_of(edit.model_copy(update={"changes": (Change(prompt="hat"),)})) is Priority.EDITS
    assert (
        priority_of(edit.model_copy(update={"changes": (Change(prompt="hat", method="optimization"),)}))
        is Priority.SEARCHES
    )
    assert priority_of(InvertRequest(picture=b"")) is Priority.EDITS
    assert priority_of(TrainMapperRequest(prompt="hat")) is Priority.TRAINING
