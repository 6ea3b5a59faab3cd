"""How cost grows: with resolution, batch, adjustments, and users in the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch

from editor.api.protocol import EditResult
from editor.lab.benchmarks.conversation import Setup
from editor.lab.benchmarks.random_bundle import FFHQ
from editor.lab.benchmarks.timing import alternating, timed
from editor.lab.running import run_job
from editor.networks.stylegan2 import Synthesis
from editor.serving.queue import FairQueue

RESOLUTIONS, BATCHES = (32, 64, 128, 256, 512, 1024), (1, 2, 4, 8)
ADJUSTMENTS, USERS = (1, 4, 16, 64), (10, 100, 1000)
Curve = list[list[float]]
"""[size, cost] pairs."""


@torch.no_grad()
def measure(setup: Setup) -> dict[str, Curve]:
    """Return processor milliseconds of FFHQ's generator and of a follow-up, and ``measure_queue``."""
    torch.manual_seed(0)
    synthesis = Synthesis(FFHQ).eval().requires_grad_(False)
    styles = synthesis.styles(torch.randn(max(BATCHES), FFHQ.w_dim))
    # Without a basis, or else each adjustment would be found again on top of the others.
    follow_up = setup.follow_up
    layer = follow_up.adjustments[0].model_copy(update={"basis": ""})

    def edit(count: int) -> EditResult:
        layers = {"adjustments": (layer,) * count}
        return run_job(setup.engine, follow_up.model_copy(update=layers), EditResult)

    def curve(work: Callable[[int], object], sizes: Iterable[int]) -> Curve:
        found = alternating({str(size): partial(work, size) for size in sizes}, setup.rounds)
        return [[float(size), found[str(size)]["processor_ms"]] for size in sizes]

    return {
        "resolution": curve(lambda side: synthesis(styles[:1], side), RESOLUTIONS),
        "batch": curve(lambda count: synthesis(styles[:count], 64), BATCHES),
        "adjustments": curve(edit, ADJUSTMENTS),
        "users": measure_queue(),
    }


def measure_queue(counts: Sequence[int] = USERS) -> Curve:
    """Return the microseconds of one job's way through the queue by the number of waiting users."""
    curve = []
    for count in counts:
        queue = FairQueue()
        with timed() as lap:
            for number in range(count):
                queue.push(f"user{number}", f"job{number}")
                queue.position(f"job{number}")  # as the server does to report it
            while queue.pop() is not None:
                pass
        curve.append([float(count), 1000 * lap.processor / count])
    return curve
