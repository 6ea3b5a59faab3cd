"""Compare a published repository with ours on the same random weights, in a pair of processes.

    python -m editor.lab.benchmarks.baselines NAME REPOSITORY RESOLUTION ROUNDS THREADS DEVICE

Each comparison has processes of its own, because the repositories have modules of the same names. None of
their code is in this package: it is imported from the folder that the user names.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from editor.device.allocator import keep_memory
from editor.lab.benchmarks import styleclip
from editor.lab.benchmarks.paired_processes import Pair
from editor.lab.benchmarks.published_networks import (
    Comparison,
    Row,
    compare_generators,
    of_nvidia,
    of_rosinality,
)
from editor.lab.benchmarks.timing import machine, peak_megabytes
from editor.lab.parity.published import standins

REPOSITORIES = {
    "stylegan2-ada-pytorch": ("nvidia",),
    "stylegan2-pytorch": ("rosinality",),
    "StyleCLIP": ("styleclip-edits", "styleclip-steps"),
}
"""Folder names and their comparisons. StyleCLIP needs OpenAI's repository ``CLIP`` next to it."""


def compare(name: str, setup: Comparison, out: Path) -> Iterator[Row]:
    """Yield the rows of one comparison; files are written to ``out``."""
    if name == "styleclip-edits":
        yield from styleclip.edits(setup, out)
    elif name == "styleclip-steps":
        yield from styleclip.steps(setup, out)
    else:
        make, target = {"nvidia": (of_nvidia, 2.0), "rosinality": (of_rosinality, 3.0)}[name]
        with torch.no_grad():
            made = make(out, setup)
        yield from compare_generators(made, setup, target, half=name == "nvidia")


def rows(argv: list[str], pair: Pair) -> list[Row]:
    """Run the comparison of a command line on one side of the pair."""
    name, repository, (resolution, rounds, threads) = argv[0], Path(argv[1]).resolve(), map(int, argv[2:5])
    setup = Comparison(repository, resolution, rounds, pair.device, pair)
    torch.set_num_threads(threads)
    to_gpu = torch.Tensor.cuda
    if name.startswith("styleclip"):
        import_module("transformers.models.clip")  # before a stand-in takes torchvision's name
    standins.install(repository)
    if setup.device.type == "cuda":
        torch.Tensor.cuda = to_gpu  # type: ignore[method-assign]
    sys.path.insert(0, str(repository))
    with tempfile.TemporaryDirectory() as folder:
        return list(compare(name, setup, Path(folder)))


def follow(argv: list[str], other: Connection) -> None:
    """Run our side."""
    keep_memory()  # as the editor does
    sys.stdout = sys.stderr
    pair = Pair(other, False, torch.device(argv[5]))
    rows(argv, pair)
    pair.memory()


def main(argv: list[str]) -> int:
    """Run one comparison and print it as JSON."""
    with Pair.leading(follow, argv, torch.device(argv[5])) as pair:
        found = [row.as_dict() for row in rows(argv, pair)]
        peaks = {"theirs": peak_megabytes(), "ours": pair.memory()}
    print(json.dumps({"rows": found, "peak_mb": peaks, "machine": machine(int(argv[4]))}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
