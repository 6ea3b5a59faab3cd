"""How cost grows: with resolution, batch, adjustments, and users in the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch

from editor.api.protocol import EditRequest, EditResult
from editor.editing.engine import Engine
from editor.lab.benchmarks.timing import alternating
from editor.lab.ffhq import FFHQ
from editor.lab.running import run_job
from editor.networks.stylegan2 import Synthesis
from editor.serving.queue import FairQueue

RESOLUTIONS, BATCHES = (32, 64, 128, 256, 512, 1024), (1, 2, 4, 8)
ADJUSTMENTS, USERS = (1, 4, 16, 64), (10, 100, 1000)
Curve = list[list[float]]
"""[size, cost] pairs."""


def _curve(works: dict[int, Callable[[], object]], rounds: int) -> Curve:
    """Return processor milliseconds by size."""
    found = alternating({str(size): work for size, work in works.items()}, rounds)
    return [[float(size), timing.processor] for size, timing in found.timings.items()]


@torch.no_grad()
def of_synthesis(rounds: int) -> dict[str, Curve]:
    """Return the cost of FFHQ's generator by pixels of a side, and by batch at 64 pixels."""
    torch.manual_seed(0)
    synthesis = Synthesis(FFHQ).eval().requires_grad_(False)
    styles = synthesis.styles(torch.randn(max(BATCHES), FFHQ.w_dim))

    def draw(count: int, side: int) -> Callable[[], object]:
        return lambda: synthesis(styles[:count], side)

    return {
        "resolution": _curve({side: draw(1, side) for side in RESOLUTIONS}, rounds),
        "batch": _curve({count: draw(count, 64) for count in BATCHES}, rounds),
    }


def of_adjustments(engine: Engine, follow_up: EditRequest, rounds: int) -> Curve:
    """Return the cost of a follow-up by the number of its adjustments."""
    # Without a basis, or else each adjustment would be found again on top of the others.
    layer = follow_up.adjustments[0].model_copy(update={"basis": ""})

    def work(count: int) -> Callable[[], object]:
        request = follow_up.model_copy(update={"adjustments": (layer,) * count})
        return lambda: run_job(engine, request, EditResult)

    return _curve({count: work(count) for count in ADJUSTMENTS}, rounds)


def of_queue(counts: Sequence[int] = USERS) -> Curve:
    """Return the microseconds of one job's way through the queue by the number of waiting users."""
    curve = []
    for count in counts:
        queue = FairQueue()
        begun = time.process_time()
        for number in range(count):
            queue.push(f"user{number}", f"job{number}")
            queue.position(f"job{number}")  # as the server does to report it
        while queue.pop() is not None:
            pass
        curve.append([float(count), 1e6 * (time.process_time() - begun) / count])
    return curve


def measure(engine: Engine, follow_up: EditRequest, rounds: int) -> dict[str, Curve]:
    """Return all curves."""
    adjustments = of_adjustments(engine, follow_up, rounds)
    return {**of_synthesis(rounds), "adjustments": adjustments, "users": of_queue()}
