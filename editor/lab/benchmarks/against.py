"""Published code against ours on the same random weights.

None of the published code is in this package: it is imported from the folder that the user names, in
processes of their own, because the repositories have modules of the same names.
"""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.errors import BadRequest, EditorError
from editor.checkpoints import nvidia, rosinality
from editor.device.allocator import keep_memory
from editor.lab.benchmarks import styleclip
from editor.lab.benchmarks.timing import Pair, machine, peak_gigabytes
from editor.lab.parity import ours
from editor.lab.parity.filler import normal
from editor.lab.parity.published import generators, standins
from editor.lab.parity.published.recording import filled
from editor.networks.generators import Generator

LONGEST = 3600.0
"""Seconds that one comparison may take."""
LOSS_SIDE = 256
"""Pixels that an optimization's loss needs: CLIP sees 224."""
Counterparts = tuple[Callable[[Tensor], Tensor], Generator, Tensor]
"""Their synthesis of W+, our generator with the same weights, and W+ [1, num_ws, 512]."""
Options = tuple[str, Path, int, int, int, str]
"""Name, repository, resolution, rounds, CPU threads and device of a comparison."""


def compare(path: Path, resolution: int, rounds: int, threads: int, device: str) -> dict[str, Any]:
    """Return the comparison of a checkout of a published repository, known by its folder's name."""
    if path.name not in REPOSITORIES:
        raise BadRequest(f"'{path.name}' is none of {', '.join(REPOSITORIES)}.")
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # waiting threads must not count as work
    name = REPOSITORIES[path.name]
    options = (name, path.resolve(), resolution, rounds, threads, device)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            found = pool.submit(_lead, options).result(timeout=LONGEST)
        except Exception as error:
            raise EditorError(f"The comparison '{name}' failed: {error}") from error
    return {"name": name, "resolution": resolution, "machine": machine(threads), **found}


def _lead(options: Options) -> dict[str, Any]:
    """Run the published code in this process, and ours in another."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_follow, args=(options, there), daemon=True)
    process.start()
    there.close()  # or else a follower that ends would go unnoticed
    try:
        rows = _rows(options, here, leads=True)
        return {"rows": rows, "peak_mb": {"theirs": round(1024 * peak_gigabytes()), "ours": here.recv()}}
    finally:
        here.close()
        process.join()


def _follow(options: Options, other: Connection) -> None:
    keep_memory()  # as the editor does
    _rows(options, other, leads=False)
    other.send(round(1024 * peak_gigabytes()))


def _rows(options: Options, other: Connection, leads: bool) -> list[dict[str, Any]]:
    name, repository, resolution, rounds, threads, device = options
    torch.set_num_threads(threads)
    to_gpu = torch.Tensor.cuda
    import_module("transformers.models.clip")  # before a stand-in takes torchvision's name
    standins.install(repository)
    if device == "cuda":
        torch.Tensor.cuda = to_gpu  # type: ignore[method-assign]
    sys.path.insert(0, str(repository))
    with tempfile.TemporaryDirectory() as out:
        pair = Pair(other, leads, repository, Path(out), resolution, rounds, torch.device(device))
        return list(COMPARISONS[name](pair))


def nvidia_pair(pair: Pair) -> tuple[Any, Generator]:
    """Return a generator of NVIDIA's in FFHQ's layout, and ours with its weights."""
    base = 16384 if pair.resolution <= 256 else 32768
    sizes = {"resolution": pair.resolution, "depth": 8, "base": base, "most": 512}
    network = generators.ada_generator(sizes, conv_clamp=256)
    (pair.out / "checkpoint.pkl").write_bytes(pickle.dumps({"G_ema": network}))
    generator = ours.load(nvidia.read(pair.out / "checkpoint.pkl"))
    return network.to(pair.device), generator.to(pair.device)


def _compare_nvidia(pair: Pair) -> Iterator[dict[str, Any]]:
    """Compare the reference path of stylegan2-ada-pytorch in single precision."""
    network, generator = nvidia_pair(pair)
    w = network.mapping(normal("z", (1, 512)).to(pair.device), None)

    def synthesis(w: Tensor) -> Tensor:
        return network.synthesis(w, noise_mode="const", force_fp32=True)

    return _compare_generators(pair, (synthesis, generator, w), 2.0)


def _compare_rosinality(pair: Pair) -> Iterator[dict[str, Any]]:
    """Compare stylegan2-pytorch's generator, on which StyleCLIP's optimizer and mappers run."""
    network = filled(standins.theirs("model").Generator(pair.resolution, 512, 8, channel_multiplier=2))
    path = pair.out / "checkpoint.pt"
    torch.save({"g_ema": network.state_dict(), "latent_avg": torch.zeros(512)}, path)
    generator = ours.load(rosinality.read(path)).to(pair.device)
    w = network.style(normal("z", (1, 512)))[:, None].repeat(1, network.n_latent, 1).to(pair.device)
    network.to(pair.device)

    def synthesis(w: Tensor) -> Tensor:
        return network([w], input_is_latent=True, randomize_noise=False)[0]

    return _compare_generators(pair, (synthesis, generator, w), 3.0)


def _compare_generators(pair: Pair, made: Counterparts, target: float) -> Iterator[dict[str, Any]]:
    """Compare a synthesis, and the generator's share of an optimization step (forward and backward).

    A step of ours draws only the resolution that the loss needs.
    """
    theirs, mine, w = made[0], made[1].synthesis, made[2]
    with torch.no_grad():
        difference = (theirs(w) - mine(mine.styles(w))).abs()
        note = f"largest difference {float(difference.max()):.1e}, mean {float(difference.mean()):.1e}"
        yield pair.compare("synthesis", lambda: theirs(w), lambda: mine(mine.styles(w)), target, note)
    offset, small = w.clone().requires_grad_(True), min(LOSS_SIDE, pair.resolution)

    def step(synthesis: Callable[[Tensor], Tensor]) -> None:
        F.interpolate(synthesis(offset), size=(224, 224), mode="area").square().mean().backward()

    yield pair.compare(
        "generator's share of an optimization step",
        lambda: step(theirs),
        lambda: step(lambda w: mine(mine.styles(w), resolution=small)),
        note=f"ours draws {small} pixels",
    )


REPOSITORIES = {
    "stylegan2-ada-pytorch": "nvidia",
    "stylegan2-pytorch": "rosinality",
    "StyleCLIP": "styleclip-edits",
}
"""Folder names and their comparisons. StyleCLIP needs OpenAI's repository ``CLIP`` next to it."""
COMPARISONS: dict[str, Callable[[Pair], Iterator[dict[str, Any]]]] = {
    "nvidia": _compare_nvidia,
    "rosinality": _compare_rosinality,
    "styleclip-edits": lambda pair: styleclip.edits(pair, nvidia_pair),
}
