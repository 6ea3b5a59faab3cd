"""StyleCLIP's own code (Patashnik et al. 2021, arXiv 2103.17249) against ours: its script for global directions, and its
optimizer's loop as it stands, a step of ours after each of its own."""

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
from editor.lab.benchmarks.baselines import LOSS_SIDE, WIDTH, Row, Setting, made_of, network_of
from editor.lab.benchmarks.paired_processes import Pair
from editor.lab.benchmarks.timing import FEWER, Laps
from editor.lab.parity import ours, published_directions
from editor.lab.parity.cases import REAL_CLIP
from editor.lab.parity.filler import fill_module, normal
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
    def make(cls, setting: Setting, out: Path) -> Models:
        """Theirs is made, and ours is read from the archive that it is written to."""
        repository = setting.repository.parent / "CLIP"
        sys.path.insert(1, str(repository))
        model = clip.make(REAL_CLIP | {"patch": 32})
        ids = theirs("clip").tokenize([TARGET])
        torch.jit.trace_module(model, {"encode_text": (ids,)}, check_trace=False).save(out / "clip.pt")
        (out / ours.VOCABULARY).write_bytes((repository / "clip" / ours.VOCABULARY).read_bytes())
        return cls(model.to(setting.device), ours.text_image_model(out / "clip.pt").to(setting.device))


def _quietly() -> contextlib.redirect_stdout[io.StringIO]:
    """Their scripts print what they do."""
    return contextlib.redirect_stdout(io.StringIO())


def edits(setting: Setting, out: Path) -> Iterator[Row]:
    """A global direction by their script, and by us once its text is known."""
    models, device = Models.make(setting, out), setting.device
    sys.path.insert(0, str(setting.repository / "global_torch"))
    script = theirs("StyleCLIP")
    with _quietly(), torch.no_grad():
        network = network_of("training.networks", setting.resolution)
        generator = made_of(network, out).to(device)
        manipulator = _manipulator(network.to(device), device)
    follow = _Follow.make(manipulator, generator, models.ours)
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
        follow.picture()  # the text is known from here on
        note = f"largest difference {int(np.abs(picture(given).astype(int) - follow.picture(follow.delta)).max())} of 255 levels"
        yield Row(
            "a wish made before, on another strength (theirs: the script)",
            setting.pair.alternating({"theirs": whole, "ours": follow.picture}, setting.rounds),
            5.0,
            note,
        )
        works = {"theirs": lambda: picture(given), "ours": lambda: follow.picture(follow.delta)}
        yield Row("its picture alone", setting.pair.alternating(works, setting.rounds), 5.0)
        if setting.resolution > PREVIEW:
            works["ours"] = lambda: follow.picture(follow.delta, PREVIEW)
            yield Row(
                f"until something is seen (ours: {PREVIEW} pixels)",
                setting.pair.alternating(works, setting.rounds),
                5.0,
            )


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
class _Follow:
    """What we remember of an edit: the styles of the picture [C] and their deviations, the relevance of channels, the delta."""

    generator: Generator
    clip: PublishedClip
    styles: Tensor
    std: Tensor
    rows: Tensor
    delta: Tensor

    @classmethod
    def make(cls, manipulator: Any, generator: Generator, model: PublishedClip) -> _Follow:
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
        """The delta [C] of the wish; its texts are encoded once and remembered."""
        target, neutral = self.clip.encode_text([TARGET, NEUTRAL])
        weights = published_directions.weights(self.rows, F.normalize(target - neutral, dim=0), THRESHOLD)
        assert weights is not None
        return published_directions.spread(weights, convolution_spans(self.generator), self.std)

    def picture(self, delta: Tensor | None = None, resolution: int | None = None) -> np.ndarray:
        """uint8 [R, R, 3], with a delta that is known or with the one of the wish."""
        delta = self.found() if delta is None else delta
        made = self.generator.synthesis((self.styles + STRENGTH * delta)[None], resolution)[0]
        return ((made + 1) * (255 / 2)).clamp_(0, 255).byte().permute(1, 2, 0).cpu().numpy()


@dataclass
class _Between:
    """Stands in for the bar that their loop counts on: times their step and does one of ours after it."""

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
        """They say the loss here."""


def steps(setting: Setting, out: Path) -> Iterator[Row]:
    """Their ``optimization/run_optimization.py`` as it stands, against a step of ours for the same loss."""
    models = Models.make(setting, out)
    script, package = theirs("optimization.run_optimization"), theirs("clip")
    package.load = lambda *_, **__: (models.theirs, None)
    network = (
        theirs("models.stylegan2.model").Generator(setting.resolution, WIDTH, 8).eval().requires_grad_(False)
    )
    fill_module(network)
    torch.save({"g_ema": network.state_dict(), "latent_avg": torch.zeros(WIDTH)}, out / "generator.pt")
    w = network.style(normal("z", (1, WIDTH)))[:, None].repeat(1, network.n_latent, 1)
    torch.save(w, out / "w.pt")
    torch.save(
        theirs("models.facial_recognition.model_irse").Backbone(112, 50, "ir_se").state_dict(),
        out / "face.pth",
    )
    generator = ours.load(rosinality.read(out / "generator.pt")).to(setting.device)
    del network
    work = f"a step of the optimizer, CLIP and all (ours draws {min(LOSS_SIDE, setting.resolution)} pixels)"
    if not setting.pair.leads:
        setting.pair.follow(_step(generator, models.ours, w.to(setting.device)))
        return
    rounds = setting.rounds if setting.resolution <= LOSS_SIDE else min(FEWER, setting.rounds)
    laps = Laps(("theirs", "ours"), setting.device)
    script.tqdm = _Between(laps, setting.pair)
    with _quietly():
        script.main(
            Namespace(
                ckpt=str(out / "generator.pt"),
                description=TARGET,
                results_dir=str(out),
                stylegan_size=setting.resolution,
                latent_path=str(out / "w.pt"),
                mode="edit",
                truncation=0.7,
                work_in_stylespace=False,
                lr=0.1,
                step=rounds + 1,
                id_lambda=0.0,
                l2_lambda=0.008,
                save_intermediate_image_every=0,
                ir_se50_weights=str(out / "face.pth"),
            )
        )
    yield Row(work, setting.pair.end(laps), 8.0)


def _step(generator: Generator, model: PublishedClip, w: Tensor) -> Any:
    """Adam's step on W+ for their loss, at the resolution that CLIP needs."""
    synthesis, text = generator.synthesis, model.encode_sentences([TARGET])
    for parameter in model.model.parameters():
        parameter.requires_grad_(False)
    offset, small = torch.zeros_like(w).requires_grad_(True), min(LOSS_SIDE, generator.config.resolution)
    optimizer = torch.optim.Adam([offset], lr=published_optimization.RATE)

    def step() -> None:
        pictures = synthesis(synthesis.styles(w + offset), small)
        lacking = published_optimization.text_loss(model, pictures, text).sum()
        optimizer.zero_grad()
        (lacking + published_optimization.DISTANCE_WEIGHT * offset.square().sum()).backward()
        optimizer.step()

    return step
