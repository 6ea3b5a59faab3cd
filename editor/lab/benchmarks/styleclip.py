"""StyleCLIP's own code (Patashnik et al. 2021, arXiv 2103.17249) against ours.

Its script for global directions, and its optimizer's loop unchanged, with a step of ours after each of its
own.
"""

from __future__ import annotations

import contextlib
import io
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.checkpoints import rosinality
from editor.checkpoints.directions import convolution_spans
from editor.editing.methods import published_optimization
from editor.lab.benchmarks.paired_processes import Pair
from editor.lab.benchmarks.published_networks import (
    LOSS_SIDE,
    WIDTH,
    Comparison,
    Row,
    imported,
    nvidia_network,
    rosinality_network,
)
from editor.lab.benchmarks.timing import FEWER, Laps
from editor.lab.parity import ours, published_directions
from editor.lab.parity.cases import CLIP_LAYOUTS
from editor.lab.parity.filler import normal
from editor.lab.parity.published import clip
from editor.lab.parity.published.standins import theirs
from editor.networks.generators import Generator
from editor.networks.published_clip import PublishedClip

TARGET, NEUTRAL, THRESHOLD, STRENGTH = "a face with blonde hair", "a face", 0.1, 3.0
PREVIEW = 256


@dataclass(frozen=True)
class Models:
    """CLIP ViT-B/32 of random weights, theirs and ours."""

    theirs: Any
    ours: PublishedClip

    @classmethod
    def make(cls, setup: Comparison, out: Path) -> Models:
        """Make theirs, write it to an archive, and read ours from that."""
        repository = setup.repository.parent / "CLIP"
        sys.path.insert(1, str(repository))
        model = clip.make(CLIP_LAYOUTS["vit_b32"])
        ids = theirs("clip").tokenize([TARGET])
        torch.jit.trace_module(model, {"encode_text": (ids,)}, check_trace=False).save(out / "clip.pt")
        (out / ours.VOCABULARY).write_bytes((repository / "clip" / ours.VOCABULARY).read_bytes())
        return cls(model.to(setup.device), ours.text_image_model(out / "clip.pt").to(setup.device))


def _quietly() -> contextlib.redirect_stdout[io.StringIO]:
    """Silence their scripts."""
    return contextlib.redirect_stdout(io.StringIO())


def edits(setup: Comparison, out: Path) -> Iterator[Row]:
    """Compare an edit by a global direction: theirs by the script, ours once its text is known."""
    models, device = Models.make(setup, out), setup.device
    sys.path.insert(0, str(setup.repository / "global_torch"))
    script = theirs("StyleCLIP")
    with _quietly(), torch.no_grad():
        network = nvidia_network(setup.resolution)
        generator = imported(network, out).to(device)
        manipulator = _manipulator(network.to(device), device)
    follow = _FollowUp.make(manipulator, generator, models.ours)
    rows = follow.rows.cpu().numpy()

    def picture(delta: list[np.ndarray]) -> np.ndarray:
        codes = manipulator.MSCode([code[:1] for code in manipulator.dlatents], delta)
        return manipulator.GenerateImg(codes)[0, 0]

    def whole() -> np.ndarray:
        direction = script.GetDt([TARGET, NEUTRAL], models.theirs)
        found = script.GetBoundary(rows, direction, manipulator, threshold=THRESHOLD)[0]
        return picture([part.astype(np.float32) for part in found])

    given = [
        part.cpu().numpy()
        for part in follow.delta.split([layer.stop - layer.start for layer in follow.layers])
    ]
    with _quietly(), torch.no_grad():
        follow.picture()  # from here on the text's embedding is cached
        apart = np.abs(picture(given).astype(int) - follow.picture(follow.delta)).max()
        works = (
            ("a known edit at another strength (theirs: the script)", whole, follow.picture),
            ("its picture alone", lambda: picture(given), lambda: follow.picture(follow.delta)),
            (
                f"until something is seen (ours: {PREVIEW} pixels)",
                lambda: picture(given),
                lambda: follow.picture(follow.delta, PREVIEW),
            ),
        )
        for work, theirs_, ours_ in works[: 3 if setup.resolution > PREVIEW else 2]:
            found = setup.pair.alternating({"theirs": theirs_, "ours": ours_}, setup.rounds)
            yield Row(work, found, 5.0, f"largest difference {int(apart)} of 255 levels")


def _manipulator(network: Any, device: torch.device) -> Any:
    manipulator = theirs("manipulate").Manipulator()
    manipulator.device, manipulator.G = device, network
    manipulator.SetGParameters()
    manipulator.mindexs = [number for number in manipulator.mindexs if number < len(manipulator.s_names)]
    manipulator.num_images, manipulator.alpha, manipulator.manipulate_layers = 1, [STRENGTH], None
    codes = network.synthesis.W2S(
        network.mapping(normal("z", (20, WIDTH)).to(device), None, truncation_psi=0.7)
    )
    manipulator.dlatents = theirs("manipulate").S2List(codes)
    manipulator.GetCodeMS()
    return manipulator


@dataclass(frozen=True)
class _FollowUp:
    """The cached parts of an edit.

    The picture's styles [C], their deviations [C], the channels' relevance, and the delta [C].
    """

    generator: Generator
    clip: PublishedClip
    styles: Tensor
    std: Tensor
    rows: Tensor
    delta: Tensor

    @classmethod
    def make(cls, manipulator: Any, generator: Generator, model: PublishedClip) -> _FollowUp:
        device = manipulator.device
        styles, std = (
            torch.from_numpy(np.concatenate(parts, axis=-1)).float().to(device)
            for parts in (manipulator.dlatents, manipulator.code_std)
        )
        channels = sum(stop - start for start, stop in convolution_spans(generator))
        rows = F.normalize(normal("relevance", (channels, 512)).to(device), dim=1)
        made = cls(generator, model, styles[0], std, rows, torch.zeros_like(std))
        return cls(generator, model, styles[0], std, rows, made.found())

    @property
    def layers(self) -> list[Any]:
        """The generator's style layers."""
        return self.generator.synthesis.layers

    def found(self) -> Tensor:
        """Find the delta [C]; its texts are encoded once and cached."""
        target, neutral = self.clip.encode_text([TARGET, NEUTRAL])
        weights = published_directions.weights(self.rows, F.normalize(target - neutral, dim=0), THRESHOLD)
        assert weights is not None
        return published_directions.spread(weights, convolution_spans(self.generator), self.std)

    def picture(self, delta: Tensor | None = None, resolution: int | None = None) -> np.ndarray:
        """Draw uint8 [R, R, 3] with a delta, by default the one found for the text."""
        delta = self.found() if delta is None else delta
        made = self.generator.synthesis((self.styles + STRENGTH * delta)[None], resolution)[0]
        return ((made + 1) * (255 / 2)).clamp_(0, 255).byte().permute(1, 2, 0).cpu().numpy()


@dataclass
class _Between:
    """Replaces the progress bar of their loop: times each of their steps and does one of ours after it."""

    laps: Laps
    pair: Pair
    steps: Iterable[int] = ()

    def __call__(self, steps: Iterable[int]) -> _Between:
        self.steps = steps
        return self

    def __iter__(self) -> Iterator[int]:
        for number in self.steps:
            with self.laps.lap("theirs", counts=number > 0):
                yield number
            self.pair.ask(self.laps, counts=number > 0)

    def set_description(self, text: str) -> None:
        """Ignore the loss that they show here."""


_SCRIPT_OPTIONS = {
    "description": TARGET,
    "mode": "edit",
    "truncation": 0.7,
    "work_in_stylespace": False,
    "lr": 0.1,
    "id_lambda": 0.0,
    "l2_lambda": 0.008,
    "save_intermediate_image_every": 0,
}


def _paths(out: Path) -> dict[str, str]:
    return {
        "ckpt": str(out / "generator.pt"),
        "latent_path": str(out / "w.pt"),
        "results_dir": str(out),
        "ir_se50_weights": str(out / "face.pth"),
    }


def steps(setup: Comparison, out: Path) -> Iterator[Row]:
    """Compare their ``optimization/run_optimization.py``, unchanged, with a step of ours for the same
    loss.
    """
    models = Models.make(setup, out)
    script, package = theirs("optimization.run_optimization"), theirs("clip")
    package.load = lambda *_, **__: (models.theirs, None)
    network, w = rosinality_network("models.stylegan2.model", setup, out / "generator.pt")
    torch.save(w, out / "w.pt")
    faces = theirs("models.facial_recognition.model_irse").Backbone(112, 50, "ir_se")
    torch.save(faces.state_dict(), out / "face.pth")
    generator = ours.load(rosinality.read(out / "generator.pt")).to(setup.device)
    del network
    work = f"a step of the optimizer, CLIP and all (ours draws {min(LOSS_SIDE, setup.resolution)} pixels)"
    if not setup.pair.leads:
        setup.pair.follow(_step(generator, models.ours, w.to(setup.device)))
        return
    rounds = setup.rounds if setup.resolution <= LOSS_SIDE else min(FEWER, setup.rounds)
    laps = Laps(("theirs", "ours"), setup.device)
    script.tqdm = _Between(laps, setup.pair)
    with _quietly():
        script.main(
            Namespace(**_SCRIPT_OPTIONS, **_paths(out), stylegan_size=setup.resolution, step=rounds + 1)
        )
    yield Row(work, setup.pair.end(laps), 8.0)


def _step(generator: Generator, model: PublishedClip, w: Tensor) -> Any:
    """Return a step of Adam on W+ for their loss, at the resolution that CLIP needs."""
    synthesis, text = generator.synthesis, model.encode_sentences([TARGET])
    for parameter in model.model.parameters():
        parameter.requires_grad_(False)
    offset, small = torch.zeros_like(w).requires_grad_(True), min(LOSS_SIDE, generator.config.resolution)
    optimizer = torch.optim.Adam([offset], lr=published_optimization.RATE)

    def step() -> None:
        pictures = synthesis(synthesis.styles(w + offset), small)
        loss = published_optimization.text_loss(model, pictures, text).sum()
        optimizer.zero_grad()
        (loss + published_optimization.DISTANCE_WEIGHT * offset.square().sum()).backward()
        optimizer.step()

    return step
