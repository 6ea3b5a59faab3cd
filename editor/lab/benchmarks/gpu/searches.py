"""Latent optimization, training of a prompt's mapper, and measuring of directions.

What would take long is measured in part and extrapolated; its note says so.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import torch
from torch import Tensor

from editor.api.protocol import Change, TrainMapperRequest
from editor.bundle import relevance
from editor.bundle.lazy_directions import LazyDirectionBank
from editor.checkpoints import measuring
from editor.checkpoints.directions import convolution_spans
from editor.editing import mapper_training, text_directions
from editor.editing.methods import optimization, registry
from editor.editing.methods.base import EditTask
from editor.lab.benchmarks.gpu.bench import Bench
from editor.lab.benchmarks.gpu.jobs import PROMPT
from editor.lab.benchmarks.gpu.report import Figure
from editor.lab.benchmarks.timing import synchronize

EDIT_S, MAPPER_S, DIRECTIONS_S = 8.0, 600.0, 300.0
"""Targets: one edit by optimization, a mapper for one prompt, the directions of a generator."""
STEPS = 30
"""Steps of a mapper's training that are timed."""
PUBLISHED_STEPS = 50_000
"""Steps of a mapper's training in the paper."""
EXTRAPOLATED = "extrapolated"


class EnoughSteps(Exception):
    """Enough steps were timed."""


class StepTimer:
    """A progress callback that times every step and ends the work after ``most`` steps."""

    def __init__(self, bench: Bench, most: int) -> None:
        self.bench, self.most = bench, most
        self.times: list[float] = []

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """Record the end of a step."""
        synchronize(self.bench.device)
        self.times.append(time.perf_counter())
        if len(self.times) >= self.most:
            raise EnoughSteps

    @property
    def each(self) -> float:
        """Median seconds of a step, without the first."""
        return statistics.median(b - a for a, b in zip(self.times[1:-1], self.times[2:], strict=True))


def search(bench: Bench) -> None:
    """Time one edit by optimization, from the text to the delta."""
    bundle, change, state = bench.bundle, Change(prompt=PROMPT), bench.state()
    with torch.no_grad(), bench.timed() as lap:
        bundle.style_inverse.sum().item()
    bench.report.add(Figure("optimization", "map from StyleSpace to W, once a bundle", lap.seconds, "s"))
    direction = text_directions.text_direction(bundle, change)
    method, timer = registry.get("optimization", bundle), StepTimer(bench, 10**6)
    with suppress(EnoughSteps):
        method.find(EditTask(state, change, direction, StepTimer(bench, 3)))  # set-up
    with bench.timed() as lap:
        method.find(EditTask(state, change, direction, timer))
    taken = len(timer.times)
    whole = lap.seconds + (optimization.STEPS - taken) * timer.each
    note = f"{taken} steps taken" + ("" if taken == optimization.STEPS else f", {EXTRAPOLATED}")
    step = f"a step of {optimization.RESTARTS} restarts"
    bench.report.add(
        Figure("optimization", step, 1000 * timer.each, "ms"),
        Figure("optimization", f"one edit, {optimization.STEPS} steps", whole, "s", EDIT_S, note=note),
    )


def mapper(bench: Bench) -> None:
    """Time the training of a mapper for one prompt over ``STEPS`` steps."""
    timer = StepTimer(bench, STEPS + 2)
    with suppress(EnoughSteps):
        mapper_training.train(bench.bundle, TrainMapperRequest(prompt=PROMPT, minutes=60), timer)
    minutes, each = TrainMapperRequest(prompt=PROMPT).minutes, timer.each
    step, published = f"a step of {mapper_training.BATCH} pictures", f"{PUBLISHED_STEPS} steps, as published"
    bench.report.add(
        Figure("mapper", step, 1000 * each, "ms"),
        *(
            Figure("mapper", f"steps in {time_ / 60:g} minutes", time_ / each, "steps", note=EXTRAPOLATED)
            for time_ in (60 * minutes, MAPPER_S)
        ),
        Figure("mapper", published, PUBLISHED_STEPS * each, "s", MAPPER_S, note=EXTRAPOLATED),
    )


def directions(bench: Bench) -> None:
    """Time measuring every convolution's channels on 100 pictures: by gradients, by steps, and on demand."""
    generator, clip, images = bench.bundle.generator, bench.bundle.clip, measuring.PUBLISHED_IMAGES
    channels = sum(stop - start for start, stop in convolution_spans(generator))
    side = relevance.clip_resolution(generator, clip)
    dim = len(bench.bundle.neutral_embedding)
    measurement = measuring.Measurement(generator, clip, dim, measuring.MeasurementOptions(images, side))

    def published_batch(batch: int, pixels: int) -> None:
        """Embed the pictures of a batch of channels, moved down and up."""
        for _ in range(2):
            moved = measurement.styles[:1].repeat(batch, 1)
            clip.encode_image(generator.synthesis(moved, pixels).clamp(-1, 1))

    def add(name: str, seconds: float, target: float | None = None, note: str = "") -> None:
        bench.report.add(Figure("directions", name, seconds, "s", target, note=note))

    with bench.report.part("directions, gradients"):
        took = bench.milliseconds(measurement.measure_picture, 1, 1) / 1000
        add(f"gradients of one picture of {side} pixels, {dim} directions", took)
        add(f"by gradients, {images} pictures", images * took, DIRECTIONS_S, EXTRAPOLATED)
    for batch, pixels in ((32, side), (128, side), (8, bench.pixels)):
        with bench.report.part(f"directions, steps of {batch} at {pixels}"), torch.no_grad():
            call = partial(published_batch, batch, pixels)
            took = bench.milliseconds(call, min(5, bench.rounds), 1) / 1000
            name = f"published recipe at {pixels} pixels, {batch} channels at once"
            add(f"{name}: a batch", took)
            add(f"{name}: {channels} channels", images * channels / batch * took, DIRECTIONS_S, EXTRAPOLATED)
    with bench.report.part("directions, on demand"):
        bank = LazyDirectionBank(generator, bench.bundle.clip, dim)
        for name, prompt in (("a first edit, with set-up", PROMPT), ("another prompt", "glasses")):
            direction = text_directions.text_direction(bench.bundle, Change(prompt=prompt))
            with bench.timed() as lap:
                bank.relevance_to(direction).sum().item()
            add(f"found for {name}", lap.seconds)
