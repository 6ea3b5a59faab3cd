"""One edit and many at once, in several precisions with their errors, with and without a CUDA graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from editor.imaging.arrays import to_uint8
from editor.lab.benchmarks.gpu.bench import Bench
from editor.lab.benchmarks.gpu.report import Figure
from editor.networks import stylegan2_layers

EDIT_MS, EDITS_A_SECOND = 15.0, 150.0
"""Targets: one edit, and many at once."""
BATCHES = (8, 16, 32)


@dataclass(frozen=True)
class Arithmetic:
    """How a synthesis computes.

    Attributes:
        tf32: Convolutions in single precision round their factors to ten bits, which is torch's default.
        search: The library tries out its algorithms.
        fuse: Doubling the resolution is one convolution; else a convolution and a filter, as on a CPU.
    """

    name: str
    dtype: torch.dtype = torch.float32
    tf32: bool = True
    search: bool = False
    fuse: bool = True

    @contextmanager
    def set(self) -> Iterator[None]:
        """Compute like this inside the block."""
        library = torch.backends.cudnn
        before = library.allow_tf32, library.benchmark
        library.allow_tf32, library.benchmark = self.tf32, self.search
        unfused = mock.patch.object(
            stylegan2_layers.ModulatedConv, "_fuses", staticmethod(lambda device: False)
        )
        try:
            with nullcontext() if self.fuse else unfused:
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
ALTERNATIVES = (
    Arithmetic("tf32, doubling not fused", fuse=False),
    Arithmetic("float16, doubling not fused", torch.float16, fuse=False),
    Arithmetic("tf32, algorithms tried out", search=True),
    Arithmetic("float16, algorithms tried out", torch.float16, search=True),
)
"""Not used by the editor; measured to see whether it should. Trying algorithms is slow for large batches."""


def _edit(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic) -> Tensor:
    """Apply a known delta [C] to styles [N, C] -> pictures [N, 3, R, R] in [-1, 1]."""
    made: Tensor = bench.synthesis(styles + delta, dtype=how.dtype).clamp(-1, 1)
    return made


def edits(bench: Bench) -> None:
    """Time every arithmetic that the editor could use."""
    _measure(bench, ARITHMETICS, BATCHES)


def alternatives(bench: Bench) -> None:
    """Time the alternatives, with small batches."""
    _measure(bench, ALTERNATIVES, BATCHES[:1])


@torch.no_grad()
def _measure(bench: Bench, ways: Sequence[Arithmetic], batches: Sequence[int]) -> None:
    """Measure time and error of every arithmetic."""
    styles, delta = bench.styles(max(BATCHES)), 0.5 * bench.bundle.bank.s_std
    with Arithmetic("float32", tf32=False).set():
        exact = torch.cat([_edit(bench, row, delta, AS_RUN) for row in styles[:2].split(1)])
    for how in ways:
        with bench.report.part(f"edit, {how.name}"), how.set():
            _alone(bench, styles, delta, how, exact)
            _batches(bench, styles, delta, how, batches)


def _alone(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic, exact: Tensor) -> None:
    """Time single edits and compare with ``exact``, the first pictures in single precision [K, 3, R, R]."""
    one, target = styles[:1], EDIT_MS if how is AS_RUN else None
    made = torch.cat([_edit(bench, row, delta, how) for row in styles[: len(exact)].split(1)])
    together = _edit(bench, styles[: len(exact)], delta, how)
    alone = bench.milliseconds(lambda: _edit(bench, one, delta, how))
    seen = bench.milliseconds(lambda: to_uint8(_edit(bench, one, delta, how)[0]))
    bench.report.add(
        Figure("edit", f"{how.name}: one, on the device", alone, "ms", target),
        Figure("edit", f"{how.name}: one, as uint8 on the host", seen, "ms", target),
        *_errors(how.name, made, exact),
        *_errors(f"{how.name}, batch", together, exact),
    )


def _batches(bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic, batches: Sequence[int]) -> None:
    """Measure edits a second for each batch size."""
    rates = []
    for batch in batches:
        part = styles[:batch]
        took = bench.milliseconds(
            lambda part=part: _edit(bench, part, delta, how),  # type: ignore[misc]
            min(5, bench.rounds),
            warm=2,
        )
        rates.append((1000 * batch / took, batch))
        bench.report.add(Figure("edit", f"{how.name}: {batch} at once", rates[-1][0], "edits/s"))
    best, batch = max(rates)
    target = EDITS_A_SECOND if how is AS_RUN else None
    bench.report.add(Figure("edit", f"{how.name}: best batch", best, "edits/s", target, True, f"of {batch}"))


def _errors(name: str, made: Tensor, exact: Tensor) -> tuple[Figure, Figure]:
    """Return differences of pixels in [-1, 1]."""
    difference = (made - exact).abs()
    return (
        Figure("edit", f"{name}: largest difference from float32", float(difference.max()), "of [-1, 1]"),
        Figure("edit", f"{name}: mean difference from float32", float(difference.mean()), "of [-1, 1]"),
    )


@torch.no_grad()
def graphs(bench: Bench) -> None:
    """Time one edit as a CUDA graph, whose kernels are recorded once and launched together.

    The editor uses none.
    """
    if bench.device.type != "cuda":
        return
    styles, delta = bench.styles(1), 0.5 * bench.bundle.bank.s_std
    for how in ARITHMETICS[:3]:
        with bench.report.part(f"graph, {how.name}"), how.set():
            replay, made = _recorded(bench, styles, delta, how)
            alone = bench.milliseconds(replay)
            seen = bench.milliseconds(lambda: _shown(replay, made))  # noqa: B023 - used at once
            apart = float((made - _edit(bench, styles, delta, how)).abs().max())
            note = f"differs by {apart:.1e} from without"
            bench.report.add(
                Figure("graph", f"{how.name}: one, on the device", alone, "ms", note=note),
                Figure("graph", f"{how.name}: one, as uint8 on the host", seen, "ms"),
            )


def _shown(replay: Callable[[], None], made: Tensor) -> np.ndarray:
    replay()
    return to_uint8(made[0])


def _recorded(
    bench: Bench, styles: Tensor, delta: Tensor, how: Arithmetic
) -> tuple[Callable[[], None], Tensor]:
    """Record an edit; return a function that replays it, and the tensor that it fills."""
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

    def replay() -> None:
        given.copy_(styles)
        graph.replay()

    return replay, made
