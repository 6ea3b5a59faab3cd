"""The steps of a conversation inside the editor: an inversion, first edits and follow-ups of one picture, without the network."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.lab.benchmarks.timing import peak_megabytes

WISHES = ("pink hair", "glasses", "smiling", "older")


class _Times:
    """Of one kind of step, in milliseconds: by the clock, and of all processors."""

    def __init__(self) -> None:
        self.clock: list[float] = []
        self.processor: list[float] = []

    def of(self, work: Callable[[], Any]) -> Any:
        """Do it, and take its time."""
        begun, used = time.perf_counter(), time.process_time()
        result = work()
        self.clock.append(1000 * (time.perf_counter() - begun))
        self.processor.append(1000 * (time.process_time() - used))
        return result

    def spread(self) -> dict[str, float]:
        """Of the clock the median and what one in twenty exceeds, of the processors the median."""
        ordered, used = sorted(self.clock), statistics.median(self.processor)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        return {
            "p50": round(statistics.median(ordered), 1),
            "p95": round(p95, 1),
            "processor": round(used, 1),
        }


def run(engine: Engine, options: argparse.Namespace) -> tuple[dict[str, Any], EditRequest]:
    """The report, in milliseconds, and the last follow-up."""
    picture = options.picture.read_bytes()

    def job(request: InvertRequest | EditRequest) -> Any:
        return engine.run(request, lambda *_: None, lambda: False)

    job(
        InvertRequest(bundle=options.bundle, picture=picture, quality="draft")
    )  # the first call pays for set-up
    inverting, first, later = _Times(), _Times(), _Times()
    inverted = inverting.of(lambda: job(InvertRequest(bundle=options.bundle, picture=picture)))
    assert isinstance(inverted, InvertResult)
    base = EditRequest(picture=picture, inversion=inverted.inversion)
    wished = [base.model_copy(update={"changes": (Change(prompt=prompt),)}) for prompt in WISHES]
    results = [first.of(lambda r=request: job(r)) for request in wished]  # type: ignore[misc]
    layers = next((r.adjustments for r in results if isinstance(r, EditResult) and r.adjustments), ())
    request = base.model_copy(update={"kind": "render", "adjustments": layers})
    for number in range(options.follow_ups):
        changed = tuple(layer.model_copy(update={"strength": 0.5 + 0.02 * number}) for layer in layers)
        request = request.model_copy(update={"adjustments": changed})
        later.of(lambda r=request: job(r))  # type: ignore[misc]
    return {
        "bundle": inverted.inversion.latent.bundle,
        "device": str(engine.device),
        "picture": [inverted.picture.width, inverted.picture.height],
        "invert": inverting.spread(),
        "first_edit": first.spread(),
        "follow_up": later.spread(),
        "peak_mb": peak_megabytes(),
    }, request
