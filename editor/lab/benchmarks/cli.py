"""``python -m editor bench``: time a conversation, published code against ours, and how cost grows."""

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
from editor.lab.commands import has_option
from editor.lab.text_table import figures_table, text_table

LONGEST = 3600.0
"""Seconds that one comparison may take."""
MOST_EDITS = 10_000
"""Length of the longest conversation that is measured."""


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m editor bench",
        description="Time an inversion, first edits (which are searched for and measured) and follow-ups (a"
        " strength changes) of one picture inside the editor, without the network; what bot and"
        " storage add; how cost grows; and published code on the same random weights, in "
        "alternating rounds. Seconds depend on the machine; ratios do not. With --gpu, a "
        "benchmark of a GPU instead: see --gpu --help.",
    )
    add = parser.add_argument
    add("picture", type=Path, nargs="?", default=Path("bot/samples/1.png"), help="a picture of the domain")
    add("--bundle", help="default: the first one installed")
    add("--bundles", type=Path, action="append", default=[], metavar="DIR", help="folder of more bundles")
    add("--follow-ups", type=int, default=40, help="number of timed follow-ups")
    add(
        "--against",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="checkouts of stylegan2-ada-pytorch, stylegan2-pytorch, StyleCLIP (with CLIP next to it)",
    )
    add("--resolutions", type=int, nargs="+", default=[256], help="resolutions of the comparison")
    add("--rounds", type=int, default=5, help="rounds of each timing")
    add("--growth", action="store_true", help="how cost grows, startup, and what bot and storage add")
    add("--loops", action="store_true", help="gain against time of the published optimizer and of ours")
    add("--threads", type=int, default=os.cpu_count(), help="CPU threads of torch")
    add("--device", choices=["cpu", "cuda"], help="default: cuda if there is a GPU, else cpu")
    add("--json", action="store_true", help="print one JSON object")
    return parser


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the report."""
    import torch

    from editor.editing.engine import Engine
    from editor.lab.benchmarks import conversation, growth, optimization_curves, startup, timing

    torch.set_num_threads(options.threads)
    keep_memory()  # as the server does
    engine = Engine.load(options.bundles, options.device)
    report: dict[str, Any] = {"machine": timing.machine(options.threads)}
    report["conversation"], follow_up = conversation.measure(
        engine, options.picture, options.bundle, options.follow_ups
    )
    bundle = report["conversation"]["bundle"]
    if options.growth:
        report["startup"] = startup.measure()
        report["growth"] = growth.measure(engine, follow_up, options.rounds)
        # In a process of its own, since the editor may not import the bot.
        report["talk"] = _run_module("bot.app.benchmark", str(options.picture), bundle, str(MOST_EDITS))
        report["growth"] |= report["talk"].pop("growth")
    if options.loops:
        report["loops"] = optimization_curves.curves(engine.loaded[bundle], follow_up.inversion)
    report["against"] = [
        row
        for path in options.against
        for side in options.resolutions
        for row in _against(path, side, options)
    ]
    return report


def _against(path: Path, resolution: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    from editor.lab.benchmarks.baselines import REPOSITORIES

    if path.name not in REPOSITORIES:
        raise BadRequest(f"'{path.name}' is none of {', '.join(REPOSITORIES)}.")
    numbers = [str(number) for number in (resolution, options.rounds, options.threads)]
    device, module = options.device or "cpu", "editor.lab.benchmarks.baselines"
    return [
        {"name": name, "resolution": resolution, **_run_module(module, name, str(path), *numbers, device)}
        for name in REPOSITORIES[path.name]
    ]


def _run_module(module: str, *given: str) -> Any:
    """Run a module in a process of its own and return the JSON that it prints last."""
    done = subprocess.run(
        [sys.executable, "-m", module, *given],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},  # waiting threads must not count as work
    )
    if done.returncode:
        raise EditorError(f"{module} {given[0]} failed: {(done.stderr.strip() or '?').splitlines()[-1]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def _print_tables(report: dict[str, Any]) -> None:
    print(figures_table({key: value for key, value in report.items() if key not in ("against", "loops")}))
    rows = [
        {"code": one["name"], "side": one["resolution"], **row}
        for one in report["against"]
        for row in one["rows"]
    ]
    if rows:
        print(text_table(rows))
    if "loops" in report:
        from editor.lab.benchmarks import optimization_curves

        print(text_table(optimization_curves.rows(report["loops"])))


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 2 if something cannot be measured."""
    if has_option(argv, "--gpu", takes_value=False):
        from editor.lab.benchmarks.gpu.cli import main as measure_gpu

        return measure_gpu([option for option in argv if option != "--gpu"])
    options = arguments().parse_args(argv)
    try:
        report = run(options)
    except (EditorError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report))
    else:
        _print_tables(report)
    return 0
