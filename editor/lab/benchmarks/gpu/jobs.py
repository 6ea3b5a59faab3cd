"""Whole jobs of an engine: decoding, search, pasting and encoding included."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path

import numpy as np
from PIL import Image

from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.lab.benchmarks import conversation
from editor.lab.benchmarks.gpu.bench import Bench
from editor.lab.benchmarks.gpu.report import Figure
from editor.lab.running import run_job
from editor.serving.executor import LocalExecutor
from editor.serving.priorities import Priority

PROMPT = "a smile"
EXECUTOR_BATCHES, USERS = (1, 8), 32
"""Batches of the executor, and jobs that arrive together."""
STEPS = {
    "invert": "picture inverted, with refinement",
    "first_edit": "first edit",
    "follow_up": "follow-up",
}


def _noise(pixels: int) -> bytes:
    """Make a picture of smooth colours, as PNG."""
    buffer = io.BytesIO()
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((pixels, pixels), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def jobs(bench: Bench) -> None:
    """Time whole jobs with the large bundle."""
    engine, picture = Engine({bench.bundle.info.name: bench.bundle}, bench.device), _noise(bench.pixels)
    run_job(engine, InvertRequest(picture=picture, quality="draft"), InvertResult)  # set-up
    with bench.timed() as lap:
        start = run_job(engine, InvertRequest(picture=picture, quality="standard"), InvertResult)
    bench.report.add(Figure("jobs", STEPS["invert"], lap.seconds, "s"))
    base = EditRequest(picture=picture, inversion=start.inversion)

    def edit(prompt: str) -> EditResult:
        change = Change(prompt=prompt, method="direction")
        return run_job(engine, base.model_copy(update={"changes": (change,)}), EditResult)

    with bench.timed() as lap:
        result = edit(PROMPT)
    bench.report.add(Figure("jobs", "first edit by a direction, with its set-up", lap.seconds, "s"))
    rounds, verdict = min(5, bench.rounds), result.effects[0].verdict
    again = base.model_copy(update={"adjustments": result.adjustments})
    one = bench.milliseconds(lambda: edit("glasses"), rounds, 1)
    follow_up = bench.milliseconds(lambda: run_job(engine, again, EditResult), rounds, 1)
    count = len(result.adjustments)
    bench.report.add(
        Figure("jobs", "an edit by a direction", one, "ms", note=f"verdict {verdict}"),
        Figure("jobs", "follow-up", follow_up, "ms", note=f"{count} adjustments"),
    )
    for batch in EXECUTOR_BATCHES:
        name = f"follow-ups of {USERS} users at once, {batch} in a batch"
        bench.report.add(Figure("jobs", name, _jobs_a_second(engine, again, batch), "jobs/s"))


def _jobs_a_second(engine: Engine, request: EditRequest, batch: int) -> float:
    """Run as many jobs at a time as the executor takes; the second of two attempts counts."""

    async def served() -> float:
        executor = LocalExecutor(lambda: engine, batch)
        await executor.start()
        places = asyncio.Semaphore(executor.slots(Priority.RENDERS))

        async def one() -> None:
            async with places:
                await executor.run(request, lambda *_: None, lambda: False)

        for _ in range(2):
            begun = time.perf_counter()
            await asyncio.gather(*[one() for _ in range(USERS)])
        took = time.perf_counter() - begun
        await executor.stop()
        return USERS / took

    return asyncio.run(served())


def embedded(bench: Bench, picture: Path) -> None:
    """Time the conversation of ``bench`` with the embedded bundle."""
    engine = Engine.load([], str(bench.device))
    found, _ = conversation.measure(engine, picture, "avatar", follow_ups=20)
    for step, name in STEPS.items():
        note = f"p95 {found[step]['p95']:g}"
        bench.report.add(Figure("avatar", f"{name}, p50", found[step]["p50"], "ms", note=note))
