"""``python -m editor bench`` and ``load``."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer

from editor.lab.commands import Json, prepared, print_report

Threads = Annotated[int | None, typer.Option(help="CPU threads of torch. Default: all.")]
Picture = Annotated[Path, typer.Argument(help="A picture of the domain.")]
Bundle = Annotated[str | None, typer.Option(help="Default: the first one installed.")]
Folders = Annotated[
    list[Path], typer.Option("--bundles", metavar="DIR", help="Folder of more bundles; may be repeated.")
]
FollowUps = Annotated[int, typer.Option(help="Number of timed follow-ups.")]
AGAINST_HELP = "Checkouts of stylegan2-ada-pytorch, stylegan2-pytorch, StyleCLIP (with CLIP next to it)."
Against = Annotated[list[Path], typer.Option(metavar="PATH ...", help=AGAINST_HELP)]
Resolutions = Annotated[list[int], typer.Option(metavar="N ...", help="Resolutions of the comparison.")]
Rounds = Annotated[int, typer.Option(help="Rounds of each timing.")]
GROWTH_HELP = "How cost grows, startup, and what bot and storage add."
Growth = Annotated[bool, typer.Option("--growth", help=GROWTH_HELP)]
LOOPS_HELP = "Gain against time of the published optimizer and of ours."
Loops = Annotated[bool, typer.Option("--loops", help=LOOPS_HELP)]
GPU_HELP = (
    "Networks in FFHQ's layout with random weights instead of a bundle: edits in each precision, and many "
    "users at once. Needs a GPU, unless --device cpu --pixels 64 tries it with small networks."
)
Gpu = Annotated[bool, typer.Option("--gpu", help=GPU_HELP)]
Pixels = Annotated[int, typer.Option(help="With --gpu: size; other ones use small networks.")]
Device = Annotated[
    Literal["cpu", "cuda"] | None, typer.Option(help="Default: cuda if there is a GPU, else cpu.")
]
Save = Annotated[Path | None, typer.Option(metavar="FILE", help="Save the report there as it grows.")]


def bench(
    picture: Picture = Path("bot/samples/1.png"),
    bundle: Bundle = None,
    bundles: Folders = [],  # noqa: B006 - typer reads it only
    follow_ups: FollowUps = 40,
    against: Against = [],  # noqa: B006
    resolutions: Resolutions = [256],  # noqa: B006
    rounds: Rounds = 5,
    growth: Growth = False,
    loops: Loops = False,
    threads: Threads = None,
    gpu: Gpu = False,
    pixels: Pixels = 1024,
    device: Device = None,
    save: Save = None,
    as_json: Json = False,
) -> int:
    """Time a conversation inside the editor, and on request more; published code in alternating rounds.

    The conversation is an inversion, first edits (searched for and measured) and follow-ups (another
    strength) of one picture, without the network. Seconds depend on the machine; ratios do not. Exit status
    1: a part failed, and is named.
    """
    with prepared("measured"):
        import torch

        from editor.lab.benchmarks import bench as benchmarks
        from editor.lab.benchmarks.against import compare

        torch.set_num_threads(threads or os.cpu_count() or 1)
        if gpu:
            engine, names = benchmarks.random_engine(pixels, device), ["edits", "users"]
        else:
            engine = benchmarks.load_engine(bundles, device)
            names = ["startup", "growth", "talk"] * growth + ["loops"] * loops
        report = benchmarks.run(names, engine, picture, bundle, (follow_ups, rounds), save)
        report["against"] = [
            compare(path, side, rounds, torch.get_num_threads(), device or "cpu")
            for path in against
            for side in resolutions
        ]
        if not as_json:
            report |= benchmarks.tables(report)
    print_report(report, as_json)
    return int(bool(report["failed"]))


LOAD_HELP = "Mean seconds between an answer and the next request."
Url = Annotated[str | None, typer.Option(help="A running editor (EDITOR_TOKEN is its token).")]


def load(
    picture: Picture,
    url: Url = None,
    bundle: Annotated[str, typer.Option()] = "avatar",
    users: Annotated[int, typer.Option()] = 200,
    seconds: Annotated[float, typer.Option(help="How long users keep asking.")] = 120.0,
    pause: Annotated[float, typer.Option(help=LOAD_HELP)] = 60.0,
    threads: Threads = None,
    seed: Annotated[int, typer.Option()] = 0,
    as_json: Json = False,
) -> int:
    """Let many users edit at once, and measure their waiting; starts an editor unless --url names one.

    80 % of the requests are follow-ups, 15 % new pictures, 5 % optimization. Times depend on the machine and
    its other work; comparable is their ratio to follow-ups without load, timed just before.
    """
    with prepared("measured"):
        import asyncio
        import random

        from editor.api.client import EditorClient
        from editor.lab.benchmarks import load_test
        from editor.lab.benchmarks.startup import editor_process
        from editor.serving.settings import Settings

        with nullcontext(url) if url else editor_process(threads) as address:
            client = EditorClient(address, Settings.read().token)
            test = load_test.LoadTest(client, bundle, picture.read_bytes(), random.Random(seed))
            report = asyncio.run(load_test.measure(test, users, seconds, pause))
    print_report(report | {"threads": threads}, as_json)
    return 0
