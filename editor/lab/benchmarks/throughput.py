"""Edits on a device in several precisions, and many users at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from editor.imaging.arrays import to_uint8
from editor.lab.benchmarks.conversation import Setup
from editor.lab.benchmarks.random_bundle import FFHQ
from editor.lab.benchmarks.timing import milliseconds, timed
from editor.serving.executor import LocalExecutor
from editor.serving.priorities import Priority

EDIT_MS, EDITS_A_SECOND = 15.0, 150.0
"""Targets on a GPU at 1024 pixels: one edit, and many at once."""
BATCHES = (8, 16, 32)
USERS = 32
"""Jobs that arrive together."""
AS_RUN = "as the editor runs (tf32)"
PRECISIONS: dict[str, tuple[torch.dtype, bool]] = {
    AS_RUN: (torch.float32, True),
    "float32": (torch.float32, False),
    "float16": (torch.float16, True),
    "bfloat16": (torch.bfloat16, True),
}
"""Precisions that the editor could use, each with whether its single precision is tf32."""


def figure(name: str, value: float, unit: str, target: float | None = None) -> dict[str, Any]:
    """Return a measured number as a row; the target is a lower bound for a rate, else an upper one."""
    row: dict[str, Any] = {"figure": name, "value": value, "unit": unit}
    if target is not None:
        row |= {"target": target, "met": value >= target if unit.endswith("/s") else value <= target}
    return row


@torch.no_grad()
def edits(setup: Setup) -> list[dict[str, Any]]:
    """Time a known edit of one picture and of many at once, in each precision, with its largest error."""
    generator, device, std = setup.bundle.generator, setup.engine.device, setup.bundle.bank.s_std
    z = torch.randn(max(BATCHES), generator.config.z_dim, generator=torch.Generator().manual_seed(3))
    styles = generator.synthesis.styles(generator.mapping(z.to(device), 0.7)) + 0.5 * std
    has_targets = device.type == "cuda" and generator.config.resolution == FFHQ.resolution
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    exact, found = generator.synthesis(styles[:1]), []
    for name, (dtype, tf32) in PRECISIONS.items():
        torch.backends.cudnn.allow_tf32 = tf32
        targets = (EDIT_MS, EDITS_A_SECOND) if name == AS_RUN and has_targets else (None, None)
        found += list(_precision(setup, styles, name, dtype, targets))
        error = float((generator.synthesis(styles[:1], dtype=dtype) - exact).abs().max())
        found.append(figure(f"{name}: largest difference from float32", error, "of [-1, 1]"))
    torch.backends.cudnn.allow_tf32 = before
    return found


def _precision(
    setup: Setup, styles: Tensor, name: str, dtype: torch.dtype, targets: tuple[float | None, float | None]
) -> Iterator[dict[str, Any]]:
    """Time one edit, shown on the host, and batches of edits."""
    synthesis = setup.bundle.generator.synthesis

    def show() -> None:
        to_uint8(synthesis(styles[:1], dtype=dtype).clamp(-1, 1)[0])

    took = milliseconds(show, setup.rounds, setup.engine.device)
    yield figure(f"{name}: one edit, as uint8 on the host", took, "ms", targets[0])
    for count in BATCHES:
        took = milliseconds(lambda: synthesis(styles[:count], dtype=dtype), setup.rounds, setup.engine.device)  # noqa: B023
        target = targets[1] if count == max(BATCHES) else None
        yield figure(f"{name}: {count} at once", 1000 * count / took, "edits/s", target)


def users(setup: Setup) -> list[dict[str, Any]]:
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
        with timed(setup.engine.device) as lap:
            await asyncio.gather(*[one() for _ in range(USERS)])
    await executor.stop()
    return 1000 * USERS / lap.clock
