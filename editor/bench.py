"""``python -m editor bench``: how long the steps of a conversation take inside the editor, as ratios of one run."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from editor.errors import EditorError
from editor.protocol import EditRequest, EditResult, InvertRequest, InvertResult, Wish

WISHES = ("pink hair", "glasses", "smiling", "older")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bench",
        description="Time an inversion, first edits (a wish is searched for and measured) and follow-ups (a strength changes) "
        "of one picture inside the editor, without the network. Seconds depend on the machine; the ratios hold.",
    )
    parser.add_argument("picture", type=Path, help="a picture that the bundle knows")
    parser.add_argument("--bundle", help="the first one installed when absent")
    parser.add_argument("--bundles", type=Path, action="append", default=[], metavar="DIR", help="folder of more bundles")
    parser.add_argument("--follow-ups", type=int, default=40, help="how many are timed")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads of torch")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one, else cpu")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return 1000 * (time.perf_counter() - begun), result


def _spread(milliseconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {"p50": round(statistics.median(ordered), 1), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1)}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report, in milliseconds."""
    import torch

    from editor.engine import Engine

    torch.set_num_threads(options.threads)
    engine = Engine.load(options.bundles, options.device)
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
    later = []
    for number in range(options.follow_ups):
        changed = tuple(layer.model_copy(update={"strength": 0.5 + 0.02 * number}) for layer in layers)
        request = base.model_copy(update={"kind": "render", "adjustments": changed})
        later.append(_timed(lambda r=request: job(r))[0])  # type: ignore[misc]
    follow_up = _spread(later)
    return {
        "bundle": inverted.inversion.latent.bundle, "device": str(engine.device), "threads": options.threads,
        "picture": [inverted.picture.width, inverted.picture.height], "invert": round(inverting, 1),
        "first_edit": _spread(first), "follow_up": follow_up,
        "invert_per_follow_up": round(inverting / follow_up["p50"], 1),
        "first_edit_per_follow_up": round(statistics.median(first) / follow_up["p50"], 1),
    }  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Measure and print."""
    options = arguments().parse_args(argv)
    try:
        report = run(options)
    except (EditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            print(f"{key}: {value}")
    return 0
