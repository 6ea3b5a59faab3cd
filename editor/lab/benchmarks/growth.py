"""How cost grows: with resolution, batch, adjustments, and users in the queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from editor.api.protocol import EditRequest, Result
from editor.editing.engine import Engine
from editor.lab.benchmarks.timing import alternating
from editor.networks.stylegan2 import GeneratorConfig, Synthesis
from editor.serving.queue import FairQueue

RESOLUTIONS, BATCHES = (32, 64, 128, 256, 512, 1024), (1, 2, 4, 8)
ADJUSTMENTS, USERS = (1, 4, 16, 64), (10, 100, 1000, 10_000)


@torch.no_grad()
def of_synthesis(rounds: int) -> dict[str, list[list[float]]]:
    """Processor milliseconds against pixels of a side (of FFHQ's generator, drawn so far), and against the batch at 64 pixels."""
    torch.manual_seed(0)
    made = Synthesis(
        GeneratorConfig(
            resolution=1024, z_dim=512, w_dim=512, channel_base=32768, channel_max=512, noise=True
        )
    )
    made = made.eval().requires_grad_(False)
    styles = made.styles(torch.randn(max(BATCHES), 512))
    sides = alternating({str(side): lambda s=side: made(styles[:1], s) for side in RESOLUTIONS}, rounds)  # type: ignore[misc]
    many = alternating({str(n): lambda n=n: made(styles[:n], 64) for n in BATCHES}, rounds)  # type: ignore[misc]
    return {
        name: [[float(at), found.timings[at].processor] for at in found.timings]
        for name, found in (("resolution", sides), ("batch", many))
    }


def of_adjustments(engine: Engine, follow_up: EditRequest, rounds: int) -> list[list[float]]:
    """Processor milliseconds of a follow-up against the number of its adjustments."""

    def work(count: int) -> Callable[[], Result]:
        layer = follow_up.adjustments[0].model_copy(
            update={"basis": ""}
        )  # else each would be found anew on those below it
        request = follow_up.model_copy(update={"adjustments": (layer,) * count})
        return lambda: engine.run(request, lambda *_: None, lambda: False)

    works = {str(count): work(count) for count in ADJUSTMENTS}
    found = alternating(works, rounds)
    return [[float(at), timing.processor] for at, timing in found.timings.items()]


def of_queue(counts: Sequence[int] = USERS) -> list[list[float]]:
    """Microseconds of one job's way in and out of the queue against the users who wait."""
    rows = []
    for count in counts:
        queue = FairQueue()
        begun = time.process_time()
        for number in range(count):
            queue.push(f"user{number}", f"job{number}")
            queue.position(f"job{number}")  # which the server tells whoever asks
        while queue.pop() is not None:
            pass
        rows.append([float(count), 1e6 * (time.process_time() - begun) / count])
    return rows


def of_all(engine: Engine, follow_up: EditRequest, rounds: int) -> dict[str, Any]:
    """All of it, each as [at, cost] pairs."""
    return {
        **of_synthesis(rounds),
        "adjustments": of_adjustments(engine, follow_up, rounds),
        "users": of_queue(),
    }
