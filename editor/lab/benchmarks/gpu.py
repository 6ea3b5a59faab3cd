"""``python -m editor bench --gpu``: edits, searches, mappers and directions on a GPU, in FFHQ's layout at 1024 pixels.

Weights are random (StyleGAN2, e4e, CLIP ViT-B/32), which costs what trained ones cost; texts have random embeddings. What would
take long is measured in part and reckoned up, and said to be. Each figure is printed and kept as soon as it is there, and a part
that fails does not keep the others from being measured. ``--device cpu --pixels 64`` goes through the same code in small.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import json
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.api.protocol import (
    BundleInfo,
    Change,
    EditRequest,
    EditResult,
    InvertRequest,
    InvertResult,
    Request,
    TrainMapperRequest,
)
from editor.bundle import relevance
from editor.bundle.bundle import Bundle, Thresholds
from editor.bundle.direction_bank import DirectionBank
from editor.bundle.lazy_directions import LazyDirectionBank
from editor.checkpoints import measuring
from editor.checkpoints.directions import convolution_spans
from editor.editing import mapper_training, text_directions
from editor.editing.engine import Engine
from editor.editing.methods import optimization, registry
from editor.editing.methods.base import EditTask, PictureState
from editor.imaging.arrays import to_uint8
from editor.lab.benchmarks import conversation
from editor.lab.benchmarks.timing import machine
from editor.lab.evaluation.memory import FFHQ, ffhq_bundle
from editor.networks import published_clip, stylegan2, stylegan2_layers
from editor.networks.encoder import MeanEncoder
from editor.networks.generators import w_statistics
from editor.networks.published_clip import PublishedClip
from editor.serving.executor import LocalExecutor
from editor.serving.priorities import Priority

EDIT_MS, EDITS_A_SECOND, WISH_S, MAPPER_S, DIRECTIONS_S = 15.0, 150.0, 8.0, 600.0, 300.0
"""Targets: one edit and many at once, one wish by optimization, a mapper for one prompt, the directions of a generator."""
BATCHES = (8, 16, 32)
AT_ONCE, CROWD = (1, 8), 32
"""Batches of the executor, and jobs that come together."""
STEPS = 30
"""Of a mapper's training that are timed."""
PUBLISHED_STEPS = 50_000
"""Of a mapper's training as its authors run it."""
PROMPT = "a smile"


@dataclass(frozen=True)
class Figure:
    """One measured number. ``target`` is a bound from above, or with ``least`` from below; None where nothing was asked."""

    part: str
    name: str
    value: float
    unit: str
    target: float | None = None
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is."""
        return (
            None
            if self.target is None
            else (self.value >= self.target) == self.least or self.value == self.target
        )

    def __str__(self) -> str:
        """A line of the table."""
        bound = (
            ""
            if self.target is None
            else f"  (target {'≥' if self.least else '≤'} {self.target:g}: {'met' if self.met else 'missed'})"
        )
        return f"{self.part:<13} {self.name:<62} {self.value:>10.4g} {self.unit}{bound}{'  - ' + self.note if self.note else ''}"


@dataclass
class Report:
    """What was found so far; every figure is printed to ``out`` and written to ``file`` when it comes. ``aims``: whether it is
    measured where the targets hold."""

    about: dict[str, Any]
    aims: bool = True
    out: Any = sys.stdout
    file: Path | None = None
    figures: list[Figure] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, *figures: Figure) -> None:
        """Take, print and keep."""
        kept = [figure if self.aims else replace(figure, target=None) for figure in figures]
        self.figures += kept
        for figure in kept:
            print(figure, file=self.out, flush=True)
        self.keep()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A failure of the block is said and kept, and goes no further."""
        begun = time.perf_counter()
        try:
            yield
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            self.failed[name] = f"{type(error).__name__}: {lines[0][:300]}"
            print(f"{name}: failed: {self.failed[name]}", file=self.out, flush=True)
        self.seconds[name] = round(time.perf_counter() - begun, 1)
        self.keep()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        rows = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {**self.about, "figures": rows, "failed": self.failed, "seconds": self.seconds}

    def keep(self) -> None:
        """Write what there is."""
        if self.file is not None:
            self.file.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Bench:
    """What every part needs. ``rounds``: how often short works are timed."""

    bundle: Bundle
    report: Report
    device: torch.device
    rounds: int = 15

    @property
    def synthesis(self) -> Any:
        """The generator's."""
        return self.bundle.generator.synthesis

    @property
    def pixels(self) -> int:
        """Of a side."""
        return self.bundle.generator.config.resolution

    def wait(self) -> None:
        """Until the device has done all that it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def milliseconds(self, work: Callable[[], Any], rounds: int | None = None, warm: int = 3) -> float:
        """The median by the clock, from when the device is idle until it is idle again."""
        for _ in range(warm):
            work()
        found = []
        for _ in range(rounds or self.rounds):
            self.wait()
            begun = time.perf_counter()
            work()
            self.wait()
            found.append(1000 * (time.perf_counter() - begun))
        return statistics.median(found)

    def styles(self, count: int) -> Tensor:
        """Styles [count, C] of random pictures."""
        z = torch.randn(
            count, self.bundle.generator.config.z_dim, generator=torch.Generator().manual_seed(3)
        ).to(self.device)
        with torch.no_grad():
            return self.synthesis.styles(self.bundle.generator.mapping(z, 0.7))

    def state(self) -> PictureState:
        """A random picture, as the start of a wish."""
        z = torch.randn(1, self.bundle.generator.config.z_dim, generator=torch.Generator().manual_seed(4)).to(
            self.device
        )
        with torch.no_grad():
            w = self.bundle.generator.mapping(z, 0.7).expand(self.synthesis.num_ws, -1).contiguous()
            base = self.synthesis.styles(w[None])[0]
        return PictureState(self.bundle, w, base, torch.zeros_like(base))


class RandomTexts(PublishedClip):
    """CLIP whose texts lie at random places, each always at the same: a random text tower puts all of them at one."""

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]."""
        dim = self.model.config.projection_dim
        rows = [
            torch.randn(dim, generator=torch.Generator().manual_seed(zlib.crc32(text.encode())))
            for text in texts
        ]
        return F.normalize(torch.stack(rows), dim=1).to(self.device)


def bundle_of(pixels: int, device: torch.device) -> Bundle:
    """The published layouts at 1024 pixels; at another size the same kinds of networks in small, to try this module with."""
    made = ffhq_bundle() if pixels == FFHQ.resolution else _small(pixels)
    made.generator.to(device)
    made.encoder.to(device)
    made.clip = RandomTexts(made.clip.model, None).to(device)  # type: ignore[union-attr]
    assert isinstance(made.bank, DirectionBank)
    made.bank = DirectionBank(
        made.bank.s_mean.to(device), made.bank.s_std.to(device), made.bank.relevance.to(device)
    )
    return made


def _small(pixels: int) -> Bundle:
    config = replace(
        FFHQ,
        resolution=pixels,
        z_dim=32,
        w_dim=32,
        mapping_layers=2,
        mapping_features=32,
        channel_base=1024,
        channel_max=32,
    )
    torch.manual_seed(0)
    generator = stylegan2.Generator(config).eval().requires_grad_(False)
    encoder = MeanEncoder(config.num_ws, *w_statistics(generator, 1000))
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {**tower, "image_size": 32, "patch_size": 16}
    model = published_clip.build(
        {"projection_dim": 32, "vision_config": vision, "text_config": {**tower, "vocab_size": 50}}
    )
    with torch.no_grad():
        styles = generator.synthesis.styles(generator.mapping(torch.randn(256, config.z_dim)))
    info = BundleInfo(name="small", title="", domain="", resolution=pixels, fingerprint="random", licence="")
    return Bundle(
        info=info,
        generator=generator,
        encoder=encoder,
        clip=PublishedClip(model.requires_grad_(False), None),
        bank=DirectionBank(
            styles.mean(0), styles.std(0) + 1e-3, F.normalize(torch.randn(styles.shape[1], 32), dim=1)
        ),
        mapper=None,
        thresholds=Thresholds(4.0, 27.0, -1.0, 0.0),
        neutral_texts=("a face",),
    )


# one edit, and many at once


@dataclass(frozen=True)
class Arithmetic:
    """How a synthesis computes: ``tf32`` lets convolutions of single precision round what they multiply to ten bits, as torch
    does unless told otherwise; ``search`` lets the library try its algorithms out; without ``fuse`` doubling is a convolution and a
    filter of single maps, as on a CPU."""

    name: str
    dtype: torch.dtype = torch.float32
    tf32: bool = True
    search: bool = False
    fuse: bool = True

    @contextmanager
    def set(self) -> Iterator[None]:
        """For the length of the block."""
        library = torch.backends.cudnn
        before = library.allow_tf32, library.benchmark
        library.allow_tf32, library.benchmark = self.tf32, self.search
        apart = mock.patch.object(
            stylegan2_layers.ModulatedConv, "_fuses", staticmethod(lambda device: False)
        )
        try:
            with nullcontext() if self.fuse else apart:
                yield
        finally:
            library.allow_tf32, library.benchmark = before


AS_RUN = Arithmetic("as the editor runs (tf32)")
ARITHMETICS = (
    AS_RUN,
    Arithmetic("float32", tf32=False),
    Arithmetic("float16", torch.float16),
    Arithmetic("bfloat16", torch.bfloat16),
)
OTHERWISE = (
    Arithmetic("tf32, doubling not fused", fuse=False),
    Arithmetic("float16, doubling not fused", torch.float16, fuse=False),
    Arithmetic("tf32, algorithms tried out", search=True),
    Arithmetic("float16, algorithms tried out", torch.float16, search=True),
)
"""What the editor does not do, to see whether it should; trying algorithms out takes long where batches are large."""


def _edit(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic) -> Tensor:
    """What an edit is when its direction is known: styles [N, C] and a delta [C] -> pictures [N, 3, R, R] in [-1, 1]."""
    made: Tensor = bench.synthesis(styles + delta, dtype=how.dtype).clamp(-1, 1)
    return made


@torch.no_grad()
def edits(bench: Bench, ways: Sequence[Arithmetic] = ARITHMETICS, batches: Sequence[int] = BATCHES) -> None:
    """Time and error of every arithmetic."""
    styles, delta = bench.styles(max(BATCHES)), 0.5 * bench.bundle.bank.s_std
    with Arithmetic("float32", tf32=False).set():
        exact = torch.cat([_edit(bench, row, delta, AS_RUN) for row in styles[:2].split(1)])
    for how in ways:
        with bench.report.part(f"edit, {how.name}"), how.set():
            _alone(bench, styles, delta, how, exact)
            _batches(bench, styles, delta, how, batches)


def _alone(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic, exact: Tensor) -> None:
    """``exact``: the first pictures in single precision [K, 3, R, R]."""
    one, target = styles[:1], EDIT_MS if how is AS_RUN else None
    made = torch.cat([_edit(bench, row, delta, how) for row in styles[: len(exact)].split(1)])
    together = _edit(bench, styles[: len(exact)], delta, how)
    alone = bench.milliseconds(lambda: _edit(bench, one, delta, how))
    seen = bench.milliseconds(lambda: to_uint8(_edit(bench, one, delta, how)[0]))
    bench.report.add(
        Figure("edit", f"{how.name}: one, until it is there", alone, "ms", target),
        Figure("edit", f"{how.name}: one, until it is uint8 on the host", seen, "ms", target),
        *_errors(how.name, made, exact),
        *_errors(f"{how.name}, batch", together, exact),
    )


def _batches(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic, batches: Sequence[int]) -> None:
    """Edits a second of each batch, and of the best one."""
    rates = []
    for batch in batches:
        took = bench.milliseconds(
            lambda n=batch: _edit(bench, styles[:n], delta, how),  # type: ignore[misc]
            min(5, bench.rounds),
            2,
        )
        rates.append((1000 * batch / took, batch))
        bench.report.add(Figure("edit", f"{how.name}: {batch} at once", rates[-1][0], "edits/s"))
    best, batch = max(rates)
    bench.report.add(
        Figure(
            "edit",
            f"{how.name}: best batch",
            best,
            "edits/s",
            EDITS_A_SECOND if how is AS_RUN else None,
            True,
            f"of {batch}",
        )
    )


def _errors(name: str, made: Tensor, exact: Tensor) -> tuple[Figure, Figure]:
    """Differences of pixels in [-1, 1]."""
    apart = (made - exact).abs()
    return (
        Figure("edit", f"{name}: largest difference from float32", float(apart.max()), "of [-1, 1]"),
        Figure("edit", f"{name}: mean difference from float32", float(apart.mean()), "of [-1, 1]"),
    )


@torch.no_grad()
def graphs(bench: Bench) -> None:
    """One edit as a CUDA graph: its kernels are recorded once and started together. The editor does not do this."""
    if bench.device.type != "cuda":
        return
    styles, delta = bench.styles(1), 0.5 * bench.bundle.bank.s_std
    for how in ARITHMETICS[:3]:
        with bench.report.part(f"graph, {how.name}"), how.set():
            given = styles.clone()
            side = torch.cuda.Stream(bench.device)
            side.wait_stream(torch.cuda.current_stream(bench.device))
            with torch.cuda.stream(side):
                for _ in range(3):
                    _edit(bench, given, delta, how)
            torch.cuda.current_stream(bench.device).wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                made = _edit(bench, given, delta, how)

            def replay(graph: torch.cuda.CUDAGraph = graph, given: Tensor = given) -> None:
                given.copy_(styles)
                graph.replay()

            def shown(replay: Callable[[], None] = replay, made: Tensor = made) -> np.ndarray:
                replay()
                return to_uint8(made[0])

            alone, seen = bench.milliseconds(replay), bench.milliseconds(shown)
            apart = float((made - _edit(bench, styles, delta, how)).abs().max())
            bench.report.add(
                Figure(
                    "graph",
                    f"{how.name}: one, until it is there",
                    alone,
                    "ms",
                    note=f"differs by {apart:.1e} from without",
                ),
                Figure("graph", f"{how.name}: one, until it is uint8 on the host", seen, "ms"),
            )


# whole jobs


def _job(engine: Engine, request: Request) -> Any:
    return engine.run(request, lambda *_: None, lambda: False)


def _noise(pixels: int) -> bytes:
    """A picture with something in it, as PNG."""
    buffer = io.BytesIO()
    coarse = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((pixels, pixels), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def jobs(bench: Bench) -> None:
    """Whole jobs on the large bundle: decoding, search, pasting and encoding, the processor's share included."""
    engine, picture = Engine({bench.bundle.info.name: bench.bundle}, bench.device), _noise(bench.pixels)
    add, rounds = bench.report.add, min(5, bench.rounds)
    _job(engine, InvertRequest(picture=picture, quality="draft"))  # the first call pays for set-up
    begun = time.perf_counter()
    start = _job(engine, InvertRequest(picture=picture, quality="standard"))
    add(Figure("jobs", "picture made editable, with refinement", time.perf_counter() - begun, "s"))
    assert isinstance(start, InvertResult)
    base = EditRequest(picture=picture, inversion=start.inversion)
    begun = time.perf_counter()
    result = _job(engine, base.model_copy(update={"changes": (Change(prompt=PROMPT, method="direction"),)}))
    add(
        Figure(
            "jobs",
            "first wish by a direction, what is found once for a bundle included",
            time.perf_counter() - begun,
            "s",
        )
    )
    assert isinstance(result, EditResult)
    wish = base.model_copy(update={"changes": (Change(prompt="glasses", method="direction"),)})
    add(
        Figure(
            "jobs",
            "a wish by a direction",
            bench.milliseconds(lambda: _job(engine, wish), rounds, 1),
            "ms",
            note=f"verdict {result.effects[0].verdict}",
        )
    )
    again = base.model_copy(update={"adjustments": result.adjustments})
    add(
        Figure(
            "jobs",
            "follow-up",
            bench.milliseconds(lambda: _job(engine, again), rounds, 1),
            "ms",
            note=f"{len(result.adjustments)} adjustments",
        )
    )
    for batch in AT_ONCE:
        add(
            Figure(
                "jobs",
                f"follow-ups of {CROWD} people at once, {batch} in a batch",
                _crowd(engine, again, batch),
                "jobs/s",
                note="decoding, pasting and encoding included",
            )
        )


def _crowd(engine: Engine, request: EditRequest, batch: int) -> float:
    """Jobs a second, as many at a time as the executor has places for; the second of two goes."""

    async def served() -> float:
        executor = LocalExecutor(lambda: engine, batch)
        await executor.start()
        places = asyncio.Semaphore(executor.slots(Priority.RENDERS))

        async def one() -> None:
            async with places:
                await executor.run(request, lambda *_: None, lambda: False)

        for _ in range(2):
            begun = time.perf_counter()
            await asyncio.gather(*[one() for _ in range(CROWD)])
        took = time.perf_counter() - begun
        await executor.stop()
        return CROWD / took

    return asyncio.run(served())


def embedded(bench: Bench, picture: Path) -> None:
    """The conversation of ``bench`` on the bundle that comes along."""
    found, _ = conversation.run(
        Engine.load([], str(bench.device)),
        argparse.Namespace(picture=picture, bundle="avatar", follow_ups=20),
    )
    for step, words in (
        ("invert", "picture made editable, with refinement"),
        ("first_edit", "first wish"),
        ("follow_up", "follow-up"),
    ):
        bench.report.add(
            Figure("avatar", f"{words}, p50", found[step]["p50"], "ms", note=f"p95 {found[step]['p95']:g}")
        )


# searches and training


class OutOfTime(Exception):
    """Enough steps were timed."""


class _Steps:
    """A ``ProgressCallback`` that takes the time of every step and breaks off after ``most``."""

    def __init__(self, bench: Bench, most: int) -> None:
        self.bench, self.most = bench, most
        self.times: list[float] = []

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """Between two steps."""
        self.bench.wait()
        self.times.append(time.perf_counter())
        if len(self.times) >= self.most:
            raise OutOfTime

    @property
    def each(self) -> float:
        """Seconds of a step, the median without the first."""
        return statistics.median(b - a for a, b in zip(self.times[1:-1], self.times[2:], strict=True))


def search(bench: Bench) -> None:
    """One wish by the optimization as a patient user gets it, from the text to the delta."""
    bundle, wish, state = bench.bundle, Change(prompt=PROMPT), bench.state()
    with torch.no_grad():
        begun = time.perf_counter()
        bundle.style_inverse.sum().item()
        bench.report.add(
            Figure(
                "optimization",
                "map from StyleSpace back to W, once for a bundle",
                time.perf_counter() - begun,
                "s",
            )
        )
        direction = text_directions.text_direction(bundle, wish)
    method = registry.get("optimization", bundle)
    with suppress(OutOfTime):
        method.find(EditTask(state, wish, direction, _Steps(bench, 3)))  # the first steps pay for set-up
    watch = _Steps(bench, 10**6)
    bench.wait()
    begun = time.perf_counter()
    method.find(EditTask(state, wish, direction, watch))
    bench.wait()
    whole, taken = time.perf_counter() - begun, len(watch.times)
    note = f"{taken} steps taken" if taken == optimization.STEPS else f"{taken} taken, reckoned up from those"
    bench.report.add(
        Figure("optimization", f"a step of {optimization.RESTARTS} restarts", 1000 * watch.each, "ms"),
        Figure(
            "optimization",
            f"one wish, {optimization.STEPS} steps",
            whole + (optimization.STEPS - taken) * watch.each,
            "s",
            WISH_S,
            note=note,
        ),
    )


def mapper(bench: Bench) -> None:
    """A mapper for one prompt: as many steps as ``STEPS``, and from them what its minutes hold."""
    request, watch = TrainMapperRequest(prompt=PROMPT, minutes=60), _Steps(bench, STEPS + 2)
    with suppress(OutOfTime):
        mapper_training.train(bench.bundle, request, watch)
    minutes, each = TrainMapperRequest(prompt=PROMPT).minutes, watch.each
    bench.report.add(
        Figure("mapper", f"a step of {mapper_training.BATCH} pictures", 1000 * each, "ms"),
        Figure(
            "mapper",
            f"steps in the {minutes:g} minutes that a mapper is given by default",
            60 * minutes / each,
            "steps",
            note="reckoned up",
        ),
        Figure("mapper", f"steps in {MAPPER_S / 60:g} minutes", MAPPER_S / each, "steps", note="reckoned up"),
        Figure(
            "mapper",
            f"{PUBLISHED_STEPS} steps, as published",
            PUBLISHED_STEPS * each,
            "s",
            MAPPER_S,
            note="reckoned up",
        ),
    )


def directions(bench: Bench) -> None:
    """What every channel of the convolutions does, on 100 pictures: by gradients, by the steps of the published recipe, and found
    for each wish when it is made."""
    bundle, images = bench.bundle, measuring.PUBLISHED_IMAGES
    generator, clip = bundle.generator, bundle.clip
    mean, std = relevance.sampled_statistics(generator)
    channels = torch.cat([torch.arange(start, stop) for start, stop in convolution_spans(generator)])
    side, dim = relevance.clip_resolution(generator, clip), len(bundle.neutral_embedding)

    def each(plan: measuring.MeasurementOptions, count: int) -> float:
        """Seconds of a batch of channels, or of a picture's gradients."""
        steps = measuring.Measurement(generator, clip, (mean, std), plan, channels, dim).run()
        return bench.milliseconds(lambda: next(steps), count, 1) / 1000

    add = bench.report.add
    with bench.report.part("directions, gradients"):
        took = each(measuring.MeasurementOptions(images=images, resolution=side), 1)
        add(
            Figure("directions", f"gradients of one picture of {side} pixels, {dim} directions", took, "s"),
            Figure(
                "directions",
                f"by gradients, {images} pictures",
                images * took,
                "s",
                DIRECTIONS_S,
                note="reckoned up",
            ),
        )
    small = measuring.MeasurementOptions(images=images, resolution=side, way="steps", batch=1)
    for plan in (
        replace(small, batch=32),
        replace(small, batch=128),
        replace(small, batch=8, resolution=bench.pixels),
    ):
        with bench.report.part(f"directions, steps of {plan.batch} at {plan.resolution}"):
            took = each(plan, min(5, bench.rounds))
            whole = images * len(channels) / plan.batch * took
            name = f"published recipe at {plan.resolution} pixels, {plan.batch} channels at once"
            add(
                Figure("directions", f"{name}: a batch", 1000 * took, "ms"),
                Figure(
                    "directions",
                    f"{name}: {len(channels)} channels of {images} pictures",
                    whole,
                    "s",
                    DIRECTIONS_S,
                    note="reckoned up",
                ),
            )
    with bench.report.part("directions, live"):
        _live(bench, dim)


def _live(bench: Bench, dim: int) -> None:
    """Nothing measured beforehand."""
    bank = LazyDirectionBank(bench.bundle.generator, bench.bundle.clip, dim)
    for words, text in (
        ("for a first wish, what is found once included", PROMPT),
        ("for a wish in new words", "glasses"),
    ):
        direction = text_directions.text_direction(bench.bundle, Change(prompt=text))
        bench.wait()
        begun = time.perf_counter()
        bank.relevance_to(direction).sum().item()
        bench.report.add(Figure("directions", f"found {words}", time.perf_counter() - begun, "s"))


# all of it


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bench --gpu",
        description=(__doc__ or "").partition(": ")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "picture", type=Path, nargs="?", default=Path("bot/samples/1.png"), help="for the embedded bundle"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cuda unless said")
    parser.add_argument(
        "--pixels",
        type=int,
        default=FFHQ.resolution,
        help="default: %(default)s; of another size networks are small",
    )
    parser.add_argument(
        "--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all, in this order"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=Bench.rounds,
        help="how often short works are timed (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=float, default=150, help="no part is begun after so long (default: %(default)s)"
    )
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="keep all figures there as JSON, from the first one on"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object at the end, and the lines on stderr"
    )
    return parser


PARTS = ("edit", "optimization", "avatar", "directions", "mapper", "jobs", "graph", "otherwise")


def measure(options: argparse.Namespace, report: Report, device: torch.device) -> None:
    """Part after part."""
    begun = time.perf_counter()
    works: dict[str, Callable[[Bench], None]] = {
        "edit": edits,
        "optimization": search,
        "avatar": lambda bench: embedded(bench, options.picture),
        "directions": directions,
        "mapper": mapper,
        "jobs": jobs,
        "otherwise": lambda bench: edits(bench, OTHERWISE, BATCHES[:1]),
        "graph": graphs,
    }
    with report.part("networks made"):
        bench = Bench(bundle_of(options.pixels, device), report, device, options.rounds)
    for name in options.parts if "networks made" not in report.failed else ():
        if time.perf_counter() - begun > options.seconds:
            report.failed[name] = "not begun: the time was up"
            print(f"{name}: {report.failed[name]}", file=report.out, flush=True)
            continue
        with report.part(name):
            works[name](bench)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    report.keep()


def main(argv: Sequence[str]) -> int:
    """Measure and print; 2 where there is no GPU."""
    options = arguments().parse_args(argv)
    if options.device != "cpu" and not torch.cuda.is_available():
        print(
            "There is no GPU here that torch could use; with --device cpu --pixels 64 this runs on the processor, in small.",
            file=sys.stderr,
        )
        return 2
    device = torch.device(options.device or "cuda")
    about = {"machine": machine(torch.get_num_threads()), "device": str(device), "pixels": options.pixels}
    if device.type == "cuda":
        about |= {
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "memory_gb": round(torch.cuda.get_device_properties(device).total_memory / 1024**3, 1),
        }
    aims = device.type == "cuda" and options.pixels == FFHQ.resolution
    report = Report(about, aims, sys.stderr if options.json else sys.stdout, options.save)
    print(", ".join(f"{key} {value}" for key, value in about.items()), file=report.out, flush=True)
    measure(options, report, device)
    if options.json:
        print(json.dumps(report.as_dict()))
    return 0 if report.figures else 1
