"""The steps of a conversation inside the editor: an inversion, first edits and follow-ups of one picture, without the network."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from editor.benchmarks.rounds import peak_megabytes
from editor.engine import Engine
from editor.protocol import EditRequest, EditResult, InvertRequest, InvertResult, Wish

WISHES = ("pink hair", "glasses", "smiling", "older")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - begun), result


def _spread(milliseconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {"p50": round(statistics.median(ordered), 1), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1)}


def run(engine: Engine, options: argparse.Namespace) -> tuple[dict[str, Any], EditRequest]:
    """The report, in milliseconds, and the last follow-up."""
    picture = options.picture.read_bytes()

    def job(request: InvertRequest | EditRequest) -> Any:
        return engine.run(request, lambda *_: None, lambda: False)

    job(InvertRequest(bundle=options.bundle, picture=picture, quality="draft"))  # the first call pays for set-up
    inverting, inverted = _timed(lambda: job(InvertRequest(bundle=options.bundle, picture=picture)))
    assert isinstance(inverted, InvertResult)
    base = EditRequest(picture=picture, inversion=inverted.inversion)
    first, results = [], []
    for prompt in WISHES:
        took, result = _timed(lambda p=prompt: job(base.model_copy(update={"wishes": (Wish(prompt=p),)})))  # type: ignore[misc]
        first.append(took)
        results.append(result)
    layers = next((r.adjustments for r in results if isinstance(r, EditResult) and r.adjustments), ())
    later, request = [], base.model_copy(update={"kind": "render", "adjustments": layers})
    for number in range(options.follow_ups):
        changed = tuple(layer.model_copy(update={"strength": 0.5 + 0.02 * number}) for layer in layers)
        request = request.model_copy(update={"adjustments": changed})
        later.append(_timed(lambda r=request: job(r))[0])  # type: ignore[misc]
    follow_up = _spread(later)
    return {
        "bundle": inverted.inversion.latent.bundle, "device": str(engine.device),
        "picture": [inverted.picture.width, inverted.picture.height], "invert": round(inverting, 1),
        "first_edit": _spread(first), "follow_up": follow_up,
        "invert_per_follow_up": round(inverting / follow_up["p50"], 1),
        "first_edit_per_follow_up": round(statistics.median(first) / follow_up["p50"], 1), "peak_mb": peak_megabytes(),
    }, request  # fmt: skip
