"""``python -m editor bench --gpu``: edits, searches, mappers and directions on a GPU.

Uses FFHQ's layout at 1024 pixels (StyleGAN2, e4e, CLIP ViT-B/32) with random weights and random text
embeddings. A part that fails does not stop the others. ``--device cpu --pixels 64`` runs the same code with
small networks.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from editor.lab.benchmarks.gpu import edits, jobs, searches
from editor.lab.benchmarks.gpu.bench import Bench, bundle_of
from editor.lab.benchmarks.gpu.report import Report
from editor.lab.benchmarks.timing import machine
from editor.lab.ffhq import FFHQ

PARTS = ("edit", "optimization", "avatar", "directions", "mapper", "jobs", "graph", "alternatives")


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bench --gpu",
        description=(__doc__ or "").partition(": ")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("picture", type=Path, nargs="?", default=Path("bot/samples/1.png"), help="for the embedded bundle")
    add("--device", choices=["cpu", "cuda"], help="default: cuda")
    add("--pixels", type=int, default=FFHQ.resolution, help="default: %(default)s; others use small networks")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all, in this order")
    add("--rounds", type=int, default=Bench.rounds, help="rounds of short works (default: %(default)s)")
    add("--seconds", type=float, default=150, help="begin no part after this time (default: %(default)s)")
    add("--save", type=Path, metavar="FILE", help="save all figures there as JSON, from the first one on")
    add("--json", action="store_true", help="print one JSON object at the end; lines go to stderr")
    return parser


def measure(options: argparse.Namespace, report: Report, device: torch.device) -> None:
    """Run part after part."""
    begun = time.perf_counter()
    works: dict[str, Callable[[Bench], None]] = {
        "edit": edits.edits,
        "optimization": searches.search,
        "avatar": partial(jobs.embedded, picture=options.picture),
        "directions": searches.directions,
        "mapper": searches.mapper,
        "jobs": jobs.jobs,
        "graph": edits.graphs,
        "alternatives": edits.alternatives,
    }
    with report.part("networks made"):
        bench = Bench(bundle_of(options.pixels, device), report, device, options.rounds)
    for name in options.parts if "networks made" not in report.failed else ():
        if time.perf_counter() - begun > options.seconds:
            report.fail(name, "not begun: out of time")
            continue
        with report.part(name):
            works[name](bench)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    report.save()


def _about(device: torch.device, pixels: int) -> dict[str, Any]:
    """Describe the machine and the run."""
    about = {"machine": machine(torch.get_num_threads()), "device": str(device), "pixels": pixels}
    if device.type == "cuda":
        memory = torch.cuda.get_device_properties(device).total_memory / 1024**3
        about |= {
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "memory_gb": round(memory, 1),
        }
    return about


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 2 without a GPU."""
    options = arguments().parse_args(argv)
    if options.device != "cpu" and not torch.cuda.is_available():
        print(
            "There is no GPU here that torch can use; --device cpu --pixels 64 runs small networks.",
            file=sys.stderr,
        )
        return 2
    device = torch.device(options.device or "cuda")
    has_targets = device.type == "cuda" and options.pixels == FFHQ.resolution
    out = sys.stderr if options.json else sys.stdout
    report = Report(_about(device, options.pixels), has_targets, out, options.save)
    print(", ".join(f"{key} {value}" for key, value in report.about.items()), file=out, flush=True)
    measure(options, report, device)
    if options.json:
        print(json.dumps(report.as_dict()))
    return 0 if report.figures else 1
