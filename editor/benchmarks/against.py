"""One published generator against ours on the same random weights, in one process (each repository has modules of the same
names, so each comparison has a process of its own).

    python -m editor.benchmarks.against NAME REPOSITORY RESOLUTION ROUNDS THREADS

Nothing of theirs is in this package: it is imported from the folder that the user names.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.benchmarks.rounds import alternating, machine, peak_megabytes
from editor.checkpoints import nvidia, rosinality
from editor.evaluation.parity import ours
from editor.evaluation.parity.filler import fill_module, normal
from editor.evaluation.parity.published import standins
from editor.networks.generators import Generator

REPOSITORIES = {"stylegan2-ada-pytorch": "nvidia", "stylegan2-pytorch": "rosinality"}
"""Folder names, and which comparison each is for."""
WIDTH = 512
LOSS_SIDE = 256
"""Pixels that an optimization's loss needs: CLIP sees 224."""
Made = tuple[Callable[[Tensor], Tensor], Generator, Tensor]
"""Their synthesis of W+, our generator with the same weights, and W+ [1, num_ws, 512]."""


def of_nvidia(out: Path, resolution: int) -> Made:
    """The reference path of stylegan2-ada-pytorch, in the layout of FFHQ, in single precision."""
    network = standins.theirs("training.networks").Generator(
        WIDTH, 0, WIDTH, resolution, 3, {"num_layers": 8},
        {"channel_base": 16384 if resolution <= 256 else 32768, "channel_max": 512, "conv_clamp": 256},
    ).eval().requires_grad_(False)  # fmt: skip
    fill_module(network)
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    w = network.mapping(normal("z", (1, WIDTH)), None)
    return (lambda w: network.synthesis(w, noise_mode="const", force_fp32=True)), ours.load(nvidia.read(out / "checkpoint.pkl")), w


def of_rosinality(out: Path, resolution: int) -> Made:
    """The generator of stylegan2-pytorch, on which StyleCLIP's optimizer and mappers run, with their multiplier of channels."""
    network = standins.theirs("model").Generator(resolution, WIDTH, 8, channel_multiplier=2).eval().requires_grad_(False)
    fill_module(network)
    torch.save({"g_ema": network.state_dict(), "latent_avg": torch.zeros(WIDTH)}, out / "checkpoint.pt")
    w = network.style(normal("z", (1, WIDTH)))[:, None].repeat(1, network.n_latent, 1)

    def synthesis(w: Tensor) -> Tensor:
        return network([w], input_is_latent=True, randomize_noise=False)[0]

    return synthesis, ours.load(rosinality.read(out / "checkpoint.pt")), w


def measure(made: Made, rounds: int, threads: int) -> dict[str, Any]:
    """A synthesis, and the generator's share of one optimization step (forward and backward; ours at the resolution that the
    loss needs)."""
    theirs, generator, w = made
    mine = generator.synthesis
    with torch.no_grad():
        difference = float((theirs(w) - mine(mine.styles(w))).abs().max())
        synthesis = alternating({"theirs": lambda: theirs(w), "ours": lambda: mine(mine.styles(w))}, rounds)
    moved = w.clone().requires_grad_(True)

    def step(synthesis: Callable[[Tensor], Tensor]) -> None:
        F.interpolate(synthesis(moved), size=(224, 224), mode="area").square().mean().backward()

    small = min(LOSS_SIDE, generator.config.resolution)
    steps = alternating({
        "theirs": lambda: step(theirs), "ours": lambda: step(lambda w: mine(mine.styles(w), resolution=small)),
    }, rounds)  # fmt: skip
    return {
        "largest_difference": difference, "synthesis": synthesis.as_dict(), "optimization_step": steps.as_dict(),
        "peak_mb": peak_megabytes(), "rounds": rounds, "machine": machine(threads),
    }  # fmt: skip


def main(argv: list[str]) -> int:
    """Measure one and print it as JSON."""
    name, repository, (resolution, rounds, threads) = argv[0], Path(argv[1]).resolve(), map(int, argv[2:5])
    torch.set_num_threads(threads)
    standins.install(repository)
    sys.path.insert(0, str(repository))
    makers = {"nvidia": of_nvidia, "rosinality": of_rosinality}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        made = makers[name](Path(folder), resolution)
    print(json.dumps(measure(made, rounds, threads)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
