"""Figures of the networks on a device: edits in several precisions, steps of searches, many users at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from editor.api.protocol import Change, TrainMapperRequest
from editor.device.progress import ProgressCallback
from editor.editing import mapper_training, text_directions
from editor.editing.methods import optimization, registry
from editor.editing.methods.base import EditTask
from editor.editing.session import EditSession
from editor.imaging.arrays import to_uint8
from editor.lab.benchmarks.setup import Setup
from editor.lab.benchmarks.timing import milliseconds, synchronize, timed
from editor.serving.executor import LocalExecutor
from editor.serving.priorities import Priority

EDIT_MS, EDITS_A_SECOND, OPTIMIZATION_S, MAPPER_S = 15.0, 150.0, 8.0, 600.0
"""Targets on a GPU: one edit, many edits at once, one edit by optimization, a mapper for one prompt."""
BATCHES = (8, 16, 32)
USERS = 32
"""Jobs that arrive together."""
STEPS = 30
"""Steps of a search that are timed."""
PUBLISHED_STEPS = 50_000
"""Steps of a mapper's training in the paper."""
AS_RUN = "as the editor runs (tf32)"
PRECISIONS: dict[str, tuple[torch.dtype, bool]] = {
    AS_RUN: (torch.float32, True),
    "float32": (torch.float32, False),
    "float16": (torch.float16, True),
    "bfloat16": (torch.bfloat16, True),
}
"""Precisions that the editor could use, each with whether its single precision is tf32."""
CHANGE = Change(prompt="a smile")
Figures = list[dict[str, Any]]


def figure(name: str, value: float, unit: str, target: float | None = None) -> dict[str, Any]:
    """Return a measured number as a row; the target is a lower bound for a rate, else an upper one."""
    row: dict[str, Any] = {"figure": name, "value": value, "unit": unit}
    if target is not None:
        row |= {"target": target, "met": value >= target if unit.endswith("/s") else value <= target}
    return row


@torch.no_grad()
def edits(setup: Setup) -> Figures:
    """Time a known edit of one picture and of many at once, in each precision, with its largest error."""
    generator, found = setup.bundle.generator, []
    z = torch.randn(max(BATCHES), generator.config.z_dim, generator=torch.Generator().manual_seed(3))
    styles = generator.synthesis.styles(generator.mapping(z.to(setup.device), 0.7))
    styles = styles + 0.5 * setup.bundle.bank.s_std

    def edit(count: int, dtype: torch.dtype) -> Tensor:
        return generator.synthesis(styles[:count], dtype=dtype).clamp(-1, 1)

    def took(work: Callable[[], object]) -> float:
        return milliseconds(work, setup.rounds, setup.device)

    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    exact = edit(1, torch.float32)
    for name, (dtype, tf32) in PRECISIONS.items():
        torch.backends.cudnn.allow_tf32 = tf32
        one, many = (EDIT_MS, EDITS_A_SECOND) if name == AS_RUN and setup.has_targets else (None, None)
        alone = took(lambda dtype=dtype: edit(1, dtype))  # type: ignore[misc]
        shown = took(lambda dtype=dtype: to_uint8(edit(1, dtype)[0]))  # type: ignore[misc]
        error = float((edit(1, dtype) - exact).abs().max())
        rates = [
            1000 * count / took(lambda dtype=dtype, count=count: edit(count, dtype))  # type: ignore[misc]
            for count in BATCHES
        ]
        found += [
            figure(f"{name}: one edit, on the device", alone, "ms", one),
            figure(f"{name}: one edit, as uint8 on the host", shown, "ms", one),
            figure(f"{name}: largest difference from float32", error, "of [-1, 1]"),
            *(
                figure(f"{name}: {count} at once", rate, "edits/s", many if rate == max(rates) else None)
                for count, rate in zip(BATCHES, rates, strict=True)
            ),
        ]
    torch.backends.cudnn.allow_tf32 = before
    return found


class _Enough(Exception):
    """Enough steps were timed."""


def _seconds_a_step(setup: Setup, search: Callable[[ProgressCallback], object]) -> float:
    """Begin a search and return the median time of its steps, without the first."""
    times: list[float] = []

    def progress(stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
        synchronize(setup.device)
        times.append(time.perf_counter())
        if len(times) > STEPS + 1:
            raise _Enough

    with suppress(_Enough):
        search(progress)
    return statistics.median(later - earlier for earlier, later in pairwise(times[1:]))


def searches(setup: Setup) -> Figures:
    """Time steps of an edit by optimization and of a mapper's training; extrapolate to the whole."""
    session = EditSession(setup.bundle, setup.follow_up.inversion)
    method = registry.get("optimization", setup.bundle)
    direction = text_directions.text_direction(setup.bundle, CHANGE)

    def optimize(progress: ProgressCallback) -> None:
        method.find(EditTask(session.state((), CHANGE), CHANGE, direction, progress))

    def train(progress: ProgressCallback) -> None:
        mapper_training.train(setup.bundle, TrainMapperRequest(prompt=CHANGE.prompt, minutes=60), progress)

    step, mapper = _seconds_a_step(setup, optimize), _seconds_a_step(setup, train)
    limits = (OPTIMIZATION_S, MAPPER_S) if setup.has_targets else (None, None)
    steps = optimization.STEPS
    return [
        figure(f"a step of {optimization.RESTARTS} restarts", 1000 * step, "ms"),
        figure(f"one edit by optimization, {steps} steps, extrapolated", steps * step, "s", limits[0]),
        figure(f"a mapper's step of {mapper_training.BATCH} pictures", 1000 * mapper, "ms"),
        figure(f"{PUBLISHED_STEPS} steps, extrapolated", PUBLISHED_STEPS * mapper, "s", limits[1]),
    ]


def users(setup: Setup) -> Figures:
    """Measure the follow-ups of many users who ask at once, drawn alone and in batches."""
    return [
        figure(
            f"follow-ups of {USERS} users at once, {batch} in a batch",
            asyncio.run(_jobs_a_second(setup, batch)),
            "jobs/s",
        )
        for batch in (1, 8)
    ]


async def _jobs_a_second(setup: Setup, batch: int) -> float:
    """Run as many jobs at a time as the executor takes; the second of two attempts counts."""
    executor = LocalExecutor(lambda: setup.engine, batch)
    await executor.start()
    places = asyncio.Semaphore(executor.slots(Priority.RENDERS))

    async def one() -> None:
        async with places:
            await executor.run(setup.follow_up, lambda *_: None, lambda: False)

    for _ in range(2):
        with timed(setup.device) as lap:
            await asyncio.gather(*[one() for _ in range(USERS)])
    await executor.stop()
    return 1000 * USERS / lap.clock
