"""One published repository's work against ours on the same random weights, in a pair of processes (each repository has modules
of the same names, so each comparison has its own).

    python -m editor.lab.benchmarks.baselines NAME REPOSITORY RESOLUTION ROUNDS THREADS DEVICE

Nothing of theirs is in this package: it is imported from the folder that the user names.
"""

from __future__ import annotations

import json
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.checkpoints import nvidia, rosinality
from editor.device.allocator import keep_memory
from editor.lab.benchmarks.paired_processes import Pair
from editor.lab.benchmarks.timing import Rounds, machine, peak_megabytes
from editor.lab.parity import ours
from editor.lab.parity.filler import fill_module, normal
from editor.lab.parity.published import standins
from editor.networks.generators import Generator

REPOSITORIES = {
    "stylegan2-ada-pytorch": ("nvidia",),
    "stylegan2-pytorch": ("rosinality",),
    "StyleCLIP": ("styleclip-edits", "styleclip-steps"),
}
"""Folder names, and which comparisons each is for. StyleCLIP wants OpenAI's repository ``CLIP`` beside it."""
WIDTH = 512
LOSS_SIDE = 256
"""Pixels that an optimization's loss needs: CLIP sees 224."""


@dataclass(frozen=True)
class Setting:
    """What a comparison is asked for."""

    repository: Path
    resolution: int
    rounds: int
    device: torch.device
    pair: Pair


@dataclass(frozen=True)
class Row:
    """One work in both codes. ``target``: how many times as fast ours is to be, None where nothing was asked. ``found`` is None
    on the side that follows."""

    work: str
    found: Rounds | None
    target: float | None = None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "work": self.work,
            "target": self.target,
            "note": self.note,
            **(self.found.as_dict() if self.found else {}),
        }


@dataclass(frozen=True)
class Made:
    """Their synthesis of W+, our generator with the same weights, and W+ [1, num_ws, 512]."""

    theirs: Callable[[Tensor], Tensor]
    generator: Generator
    w: Tensor


def made_of(network: Any, out: Path) -> Generator:
    """Our generator with the weights of one of NVIDIA's."""
    (out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    return ours.load(nvidia.read(out / "checkpoint.pkl"))


def network_of(module: str, resolution: int, **settings: Any) -> Any:
    """A generator of NVIDIA's in the layout of FFHQ, filled with numbers."""
    network = (
        standins.theirs(module)
        .Generator(
            WIDTH,
            0,
            WIDTH,
            resolution,
            3,
            {"num_layers": 8},
            {
                "channel_base": 16384 if resolution <= 256 else 32768,
                "channel_max": 512,
                "conv_clamp": 256,
                **settings,
            },
        )
        .eval()
        .requires_grad_(False)
    )
    fill_module(network)
    return network


def of_nvidia(out: Path, setting: Setting) -> Made:
    """The reference path of stylegan2-ada-pytorch, in single precision."""
    network = network_of("training.networks", setting.resolution)
    generator, w = (
        made_of(network, out).to(setting.device),
        network.mapping(normal("z", (1, WIDTH)), None).to(setting.device),
    )
    network.to(setting.device)
    return Made(lambda w: network.synthesis(w, noise_mode="const", force_fp32=True), generator, w)


def of_rosinality(out: Path, setting: Setting) -> Made:
    """The generator of stylegan2-pytorch, on which StyleCLIP's optimizer and mappers run, with their multiplier of channels."""
    network = (
        standins.theirs("model")
        .Generator(setting.resolution, WIDTH, 8, channel_multiplier=2)
        .eval()
        .requires_grad_(False)
    )
    fill_module(network)
    torch.save({"g_ema": network.state_dict(), "latent_avg": torch.zeros(WIDTH)}, out / "checkpoint.pt")
    w = network.style(normal("z", (1, WIDTH)))[:, None].repeat(1, network.n_latent, 1).to(setting.device)
    generator = ours.load(rosinality.read(out / "checkpoint.pt")).to(setting.device)
    network.to(setting.device)

    def synthesis(w: Tensor) -> Tensor:
        return network([w], input_is_latent=True, randomize_noise=False)[0]

    return Made(synthesis, generator, w)


def rows_of(made: Made, setting: Setting, target: float, half: bool) -> Iterator[Row]:
    """A synthesis, with ``half`` also ours in half the bits, and the generator's share of one optimization step (forward and
    backward; ours at the resolution that the loss needs)."""
    theirs, mine, w = made.theirs, made.generator.synthesis, made.w
    with torch.no_grad():
        exact = mine(mine.styles(w))
        works: dict[str, Callable[[], Tensor]] = {
            "theirs": lambda: theirs(w),
            "ours": lambda: mine(mine.styles(w)),
        }
        yield Row(
            "synthesis", setting.pair.alternating(works, setting.rounds), target, _apart(theirs(w), exact)
        )

        if half:
            works["ours"] = lambda: mine(mine.styles(w), dtype=torch.bfloat16)
            found = setting.pair.alternating(works, setting.rounds)
            yield Row("synthesis, ours in bfloat16", found, None, _apart(works["ours"](), exact))
    moved, small = w.clone().requires_grad_(True), min(LOSS_SIDE, made.generator.config.resolution)

    def step(synthesis: Callable[[Tensor], Tensor]) -> None:
        F.interpolate(synthesis(moved), size=(224, 224), mode="area").square().mean().backward()

    found = setting.pair.alternating(
        {
            "theirs": lambda: step(theirs),
            "ours": lambda: step(lambda w: mine(mine.styles(w), resolution=small)),
        },
        setting.rounds,
    )
    yield Row("generator's share of an optimization step", found, None, f"ours draws {small} pixels")


def _apart(one: Tensor, other: Tensor) -> str:
    difference = (one - other).abs()
    return f"largest difference {float(difference.max()):.1e}, mean {float(difference.mean()):.1e}"


def compare(name: str, setting: Setting, out: Path) -> Iterator[Row]:
    """The rows of one comparison; files go to ``out``."""
    if name.startswith("styleclip"):
        from editor.lab.benchmarks import styleclip

        yield from (styleclip.edits if name == "styleclip-edits" else styleclip.steps)(setting, out)
        return
    maker, target = {"nvidia": (of_nvidia, 2.0), "rosinality": (of_rosinality, 3.0)}[name]
    with torch.no_grad():
        made = maker(out, setting)
    yield from rows_of(made, setting, target, half=name == "nvidia")


def rows(argv: list[str], pair: Pair) -> list[Row]:
    """The comparison of a command line, on one side of the pair."""
    name, repository, (resolution, rounds, threads) = argv[0], Path(argv[1]).resolve(), map(int, argv[2:5])
    setting = Setting(repository, resolution, rounds, pair.device, pair)
    torch.set_num_threads(threads)
    to_gpu = torch.Tensor.cuda
    if name.startswith("styleclip"):
        import_module("transformers.models.clip")  # before a torchvision stands there that is none
    standins.install(repository)
    if setting.device.type == "cuda":  # where there is one, what they put on it goes there
        torch.Tensor.cuda = to_gpu  # type: ignore[method-assign]
    sys.path.insert(0, str(repository))
    with tempfile.TemporaryDirectory() as folder:
        return list(compare(name, setting, Path(folder)))


def follow(argv: list[str], other: Connection) -> None:
    """Our side."""
    keep_memory()  # as the editor does
    sys.stdout = sys.stderr
    pair = Pair(other, False, torch.device(argv[5]))
    rows(argv, pair)
    pair.memory()


def main(argv: list[str]) -> int:
    """Measure one and print it as JSON."""
    with Pair.leading(follow, argv, torch.device(argv[5])) as pair:
        found = [row.as_dict() for row in rows(argv, pair)]
        peaks = {"theirs": peak_megabytes(), "ours": pair.memory()}
    print(json.dumps({"rows": found, "peak_mb": peaks, "machine": machine(int(argv[4]))}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
