"""``python -m editor bench``: the conversation inside the editor, published code beside ours, and how cost grows."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from editor.api.errors import BadRequest, EditorError
from editor.device.allocator import keep_memory

LONGEST = 3600.0
"""Seconds that one comparison may take."""
MOST_EDITS = 10_000
"""Of the longest conversation that is measured."""


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bench",
        description="Time an inversion, first edits (a wish is searched for and measured) and follow-ups (a strength changes) of "
        "one picture inside the editor, without the network; what bot and storage add; how cost grows; and published code on the "
        "same random weights, in alternating rounds. Seconds depend on the machine; the ratios hold.",
    )
    parser.add_argument(
        "picture",
        type=Path,
        nargs="?",
        default=Path("bot/samples/1.png"),
        help="a picture that the bundle knows",
    )
    parser.add_argument("--bundle", help="the first one installed when absent")
    parser.add_argument(
        "--bundles", type=Path, action="append", default=[], metavar="DIR", help="folder of more bundles"
    )
    parser.add_argument("--follow-ups", type=int, default=40, help="how many are timed")
    parser.add_argument(
        "--against",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="checkouts of published repositories: stylegan2-ada-pytorch, stylegan2-pytorch, StyleCLIP (with CLIP "
        "beside it)",
    )
    parser.add_argument("--resolutions", type=int, nargs="+", default=[256], help="of the comparison")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--growth",
        action="store_true",
        help="how cost grows, how long the process takes to start, and what bot and storage add",
    )
    parser.add_argument(
        "--loops",
        action="store_true",
        help="gain against time of the published optimizer's loop and of ours, on the bundle itself",
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads of torch")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="cuda where there is one, else cpu")
    parser.add_argument(
        "--gpu",
        action="store_true",
        help="edits, searches, mappers and directions on a GPU instead; has options "
        "of its own (--gpu --help)",
    )
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="write all of it as a document, with plots beside it"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report."""
    import torch

    from editor.editing.engine import Engine
    from editor.lab.benchmarks import conversation, growth, loops, startup, timing

    torch.set_num_threads(options.threads)
    keep_memory()  # as the server does
    engine = Engine.load(options.bundles, options.device)
    report: dict[str, Any] = {"machine": timing.machine(options.threads)}
    report["conversation"], follow_up = conversation.run(engine, options)
    if options.growth:
        report["startup"] = startup.measure()
        report["growth"] = growth.of_all(engine, follow_up, options.rounds)
        bundle = report["conversation"]["bundle"]
        report["talk"] = _json(
            "bot.app.benchmark", str(options.picture), bundle, str(MOST_EDITS)
        )  # the editor itself knows no bot
        report["growth"] |= report["talk"].pop("growth")
    if options.loops:
        report["loops"] = loops.curves(engine.loaded[follow_up.inversion.latent.bundle], follow_up.inversion)
    pairs = [(path, side) for path in options.against for side in options.resolutions]
    report["against"] = [row for path, side in pairs for row in _against(path, side, options)]
    return report


def _against(path: Path, resolution: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    from editor.lab.benchmarks.baselines import REPOSITORIES

    if path.name not in REPOSITORIES:
        raise BadRequest(f"'{path.name}' is none of {', '.join(REPOSITORIES)}.")
    numbers = [str(number) for number in (resolution, options.rounds, options.threads)]
    return [
        {
            "name": name,
            "resolution": resolution,
            **_json("editor.lab.benchmarks.baselines", name, str(path), *numbers, options.device or "cpu"),
        }
        for name in REPOSITORIES[path.name]
    ]


def _json(module: str, *given: str) -> Any:
    """What a module that is run in a process of its own prints last. Threads that wait there sleep, so that waiting is no work."""
    done = subprocess.run(
        [sys.executable, "-m", module, *given],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
    )
    if done.returncode:
        raise EditorError(f"{module} {given[0]} failed: {(done.stderr.strip() or '?').splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(argv: Sequence[str]) -> int:
    """Measure and print. With ``--gpu`` options and figures are those of ``editor.lab.benchmarks.gpu``."""
    if "--gpu" in argv:
        from editor.lab.benchmarks import gpu

        return gpu.main([option for option in argv if option != "--gpu"])
    options = arguments().parse_args(argv)
    try:
        report = run(options)
    except (EditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.to:
        from editor.lab.benchmarks.document import write

        write(report, options.to)
    print(
        json.dumps(report) if options.json else "\n".join(f"{key}: {value}" for key, value in report.items())
    )
    return 0
