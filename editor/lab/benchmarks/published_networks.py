"""Generators of the published repositories, and ours with the same random weights."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.checkpoints import nvidia, rosinality
from editor.lab.benchmarks.paired_processes import Pair
from editor.lab.benchmarks.timing import Rounds
from editor.lab.parity import ours
from editor.lab.parity.filler import fill_module, normal
from editor.lab.parity.published import standins
from editor.networks.generators import Generator

WIDTH = 512
LOSS_SIDE = 256
"""Pixels that an optimization's loss needs: CLIP sees 224."""


@dataclass(frozen=True)
class Comparison:
    """Settings of a comparison."""

    repository: Path
    resolution: int
    rounds: int
    device: torch.device
    pair: Pair


@dataclass(frozen=True)
class Row:
    """One work in both codes.

    ``target``: how many times as fast ours must be; None without a target. ``found`` is None on the following
    side.
    """

    work: str
    found: Rounds | None
    target: float | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        timings = self.found.as_dict() if self.found else {}
        return {"work": self.work, "target": self.target, "note": self.note, **timings}


@dataclass(frozen=True)
class Counterparts:
    """Their synthesis of W+, our generator with the same weights, and W+ [1, num_ws, 512]."""

    theirs: Callable[[Tensor], Tensor]
    generator: Generator
    w: Tensor


def imported(network: Any, out: Path) -> Generator:
    """Return our generator with the weights of one of NVIDIA's."""
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    return ours.load(nvidia.read(out / "checkpoint.pkl"))


def nvidia_network(resolution: int) -> Any:
    """Make a generator of NVIDIA's in FFHQ's layout, filled with numbers."""
    base = 16384 if resolution <= 256 else 32768
    synthesis = {"channel_base": base, "channel_max": 512, "conv_clamp": 256}
    network = standins.theirs("training.networks").Generator(
        WIDTH, 0, WIDTH, resolution, 3, {"num_layers": 8}, synthesis
    )
    fill_module(network.eval().requires_grad_(False))
    return network


def of_nvidia(out: Path, setup: Comparison) -> Counterparts:
    """Return the reference path of stylegan2-ada-pytorch in single precision, and ours."""
    network = nvidia_network(setup.resolution)
    generator = imported(network, out).to(setup.device)
    w = network.mapping(normal("z", (1, WIDTH)), None).to(setup.device)
    network.to(setup.device)
    return Counterparts(lambda w: network.synthesis(w, noise_mode="const", force_fp32=True), generator, w)


def rosinality_network(module: str, setup: Comparison, path: Path, **settings: Any) -> tuple[Any, Tensor]:
    """Make a generator of rosinality's repository or of StyleCLIP's copy of it.

    Write it to ``path``; return it and a W+ [1, num_ws, 512].
    """
    network = standins.theirs(module).Generator(setup.resolution, WIDTH, 8, **settings)
    fill_module(network.eval().requires_grad_(False))
    torch.save({"g_ema": network.state_dict(), "latent_avg": torch.zeros(WIDTH)}, path)
    return network, network.style(normal("z", (1, WIDTH)))[:, None].repeat(1, network.n_latent, 1)


def of_rosinality(out: Path, setup: Comparison) -> Counterparts:
    """Return stylegan2-pytorch's generator, on which StyleCLIP's optimizer and mappers run, and ours."""
    network, w = rosinality_network("model", setup, out / "checkpoint.pt", channel_multiplier=2)
    generator = ours.load(rosinality.read(out / "checkpoint.pt")).to(setup.device)
    network.to(setup.device)

    def synthesis(w: Tensor) -> Tensor:
        return network([w], input_is_latent=True, randomize_noise=False)[0]

    return Counterparts(synthesis, generator, w.to(setup.device))


def compare_generators(made: Counterparts, setup: Comparison, target: float, half: bool) -> Iterator[Row]:
    """Compare a synthesis, and the generator's share of an optimization step (forward and backward).

    With ``half``, also ours in bfloat16. A step of ours draws only the resolution that the loss needs.
    """
    theirs, mine, w = made.theirs, made.generator.synthesis, made.w
    with torch.no_grad():
        exact = mine(mine.styles(w))
        works: dict[str, Callable[[], Tensor]] = {
            "theirs": lambda: theirs(w),
            "ours": lambda: mine(mine.styles(w)),
        }
        found = setup.pair.alternating(works, setup.rounds)
        yield Row("synthesis", found, target, _difference(theirs(w), exact))
        if half:
            works["ours"] = lambda: mine(mine.styles(w), dtype=torch.bfloat16)
            found = setup.pair.alternating(works, setup.rounds)
            yield Row("synthesis, ours in bfloat16", found, None, _difference(works["ours"](), exact))
    moved, small = w.clone().requires_grad_(True), min(LOSS_SIDE, made.generator.config.resolution)

    def step(synthesis: Callable[[Tensor], Tensor]) -> None:
        F.interpolate(synthesis(moved), size=(224, 224), mode="area").square().mean().backward()

    steps = {
        "theirs": lambda: step(theirs),
        "ours": lambda: step(lambda w: mine(mine.styles(w), resolution=small)),
    }
    found = setup.pair.alternating(steps, setup.rounds)
    yield Row("generator's share of an optimization step", found, None, f"ours draws {small} pixels")


def _difference(one: Tensor, other: Tensor) -> str:
    difference = (one - other).abs()
    return f"largest difference {float(difference.max()):.1e}, mean {float(difference.mean()):.1e}"
