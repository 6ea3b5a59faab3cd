"""Read a checkpoint of the published code and compute the same results with our networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.direction_bank import DirectionBank, find_direction
from editor.checkpoints import clip, encoders, nvidia, rosinality, styleclip_mapper
from editor.checkpoints.directions import convolution_spans
from editor.checkpoints.part import Part
from editor.editing.methods import published_optimization
from editor.lab.parity.cases import EDIT_STRENGTH, SAMPLES, TEXTS, THRESHOLD, TRUNCATION, Case
from editor.lab.parity.filler import normal, picture, relevance_rows
from editor.networks import generators, published_clip, stylegan2
from editor.networks.psp import PspConfig, PspEncoder
from editor.networks.styleclip_mapper import StyleClipMapper

Results = dict[str, Tensor]
VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"
NO_VOCABULARY = '{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "x"}}'
"""For a model that gets tokens only."""


@torch.no_grad()
def compute(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    """Return our results from the checkpoint in ``folder``, by the names of theirs.

    Only their tokens are used.
    """
    tokens = theirs.get("tokens", torch.zeros(0, 77)).long()
    tokens = F.pad(tokens, [0, 77 - tokens.shape[1]])  # stored without the zeros at the end
    return COMPUTERS[case.kind](case, folder, tokens, layout)


def load(part: Part) -> generators.Generator:
    """Return the generator of a part."""
    generator = generators.build(part.table)
    generator.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return generator.eval().requires_grad_(False)


def _synthesize(generator: generators.Generator, w: Tensor) -> Results:
    styles = generator.synthesis.styles(w)
    return {"S": styles, "image": generator.synthesis(styles)}


def _nvidia(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    generator = load(nvidia.read(folder / "checkpoint.pkl"))
    labels = int(layout.get("labels", 0))
    z, label = normal("z", (1, generator.config.z_dim)), torch.eye(labels)[:1] if labels else None
    w = generator.mapping(z, TRUNCATION, label)
    return {"W": w, **_synthesize(generator, w)}


def _rosinality(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    generator = load(rosinality.read(folder / "checkpoint.pt"))
    w = generator.mapping(normal("z", (1, generator.config.z_dim)))
    return {"W": w, **_synthesize(generator, w)}


def _encoder(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    part, decoder = encoders.read(folder / "checkpoint.pt", case.kind)  # type: ignore[arg-type]
    generator = load(decoder)
    table = {name: value for name, value in part.table.items() if name not in ("kind", "by")}
    encoder = PspEncoder(PspConfig(**table)).eval()
    encoder.load_state_dict(part.tensors)
    dtype = torch.float64 if case.options.get("double") else torch.float32
    encoder, generator = encoder.to(dtype), generator.to(dtype)
    encoder.render = lambda w: generator.synthesis(generator.synthesis.styles(w))
    w = encoder(picture().to(dtype))
    return {"encoder": w, **_synthesize(generator, w)}


def _mapper(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    part, decoder = styleclip_mapper.read(folder / "checkpoint.pt")
    module = StyleClipMapper(part.table["nets"])
    module.load_state_dict(part.tensors)
    if decoder is None:
        ffhq = stylegan2.GeneratorConfig(resolution=1024, channel_base=32768, channel_max=512)
        layers = stylegan2.style_layers(ffhq)
        return {"mapper": module.style_step(normal("s", (1, layers[-1].stop)), layers)}
    generator = load(decoder)
    w = normal("w", (1, generator.config.num_ws, generator.config.w_dim))
    step = module.w_step(w)
    return {"mapper": step, "image": _synthesize(generator, w + step)["image"]}


def text_image_model(path: Path) -> published_clip.PublishedClip:
    """Return the model of OpenAI's archive at ``path``, with the vocabulary next to it if there is one."""
    vocabulary = path.parent / VOCABULARY
    if not vocabulary.exists():
        vocabulary = path.parent / "tokenizer.json"
        vocabulary.write_text(NO_VOCABULARY, encoding="utf-8")
    part = clip.read([path, vocabulary])
    model = published_clip.build(published_clip.config_of(part.texts["clip.json"]))
    model.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return published_clip.PublishedClip(model, published_clip.load_tokenizer(part.texts["tokenizer.json"]))


def _clip(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    model, side = text_image_model(folder / "checkpoint.pt"), case.options["side"]
    found = {
        "CLIP image": model.embed(normal("prepared", (2, 3, side, side))),
        "CLIP text": model.encode_tokens(tokens),
    }
    if (folder / VOCABULARY).exists():
        found["tokens"] = published_clip.tokens(model.tokenizer, TEXTS, 77, 77)[0]
    return found


def random_bank(generator: generators.Generator, styles: Tensor, dim: int) -> DirectionBank:
    """Return a bank of random relevance rows; the statistics are those of styles [N, C]."""
    channels = [channel for span in convolution_spans(generator) for channel in range(*span)]
    relevance = torch.zeros(styles.shape[1], dim, device=styles.device)
    relevance[channels] = relevance_rows(len(channels), dim).to(styles.device)
    return DirectionBank(styles.mean(0), styles.std(0, correction=0), relevance)


def _directions(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    """Compute the text direction from all templates of both texts, the delta and the edited picture."""
    generator, model = load(nvidia.read(folder / "checkpoint.pkl")), text_image_model(folder / "clip.pt")
    z = normal("z", (SAMPLES, generator.config.z_dim))
    styles = generator.synthesis.styles(generator.mapping(z, TRUNCATION))
    ends = [F.normalize(part, dim=1).mean(0) for part in model.encode_tokens(tokens).chunk(2)]
    direction = F.normalize(F.normalize(ends[0], dim=0) - F.normalize(ends[1], dim=0), dim=0)
    bank = random_bank(generator, styles, len(direction))
    found = find_direction(bank, direction, THRESHOLD)
    assert found is not None
    image = generator.synthesis((styles[0] + EDIT_STRENGTH * found.delta)[None])
    statistics = {"mean": bank.s_mean, "deviation": bank.s_std}
    return {**statistics, "text direction": direction, "delta": found.delta, "image": image}


def _optimizer(case: Case, folder: Path, tokens: Tensor, layout: Mapping[str, Any]) -> Results:
    model, image = text_image_model(folder / "clip.pt"), picture(1, case.options["size"])
    return {"loss": published_optimization.text_loss(model, image, model.encode_tokens(tokens))}


COMPUTERS: dict[str, Callable[[Case, Path, Any, Mapping[str, Any]], Results]] = {
    "nvidia": _nvidia,
    "rosinality": _rosinality,
    "e4e": _encoder,
    "psp": _encoder,
    "restyle": _encoder,
    "mapper": _mapper,
    "clip": _clip,
    "directions": _directions,
    "optimizer": _optimizer,
}
