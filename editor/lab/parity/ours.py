"""Read a checkpoint of the published code and compute the same results with our networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.checkpoints import clip, encoders, nvidia, rosinality, styleclip_mapper
from editor.checkpoints.directions import convolution_spans
from editor.checkpoints.part import Part
from editor.editing.methods import published_optimization
from editor.lab.parity import published_directions
from editor.lab.parity.cases import EDIT_STRENGTH, PICTURES, SAMPLES, TEXTS, THRESHOLD, TRUNCATION, Case
from editor.lab.parity.filler import normal, picture
from editor.networks import generators, published_clip, stylegan2
from editor.networks.psp import PspConfig, PspEncoder
from editor.networks.styleclip_mapper import StyleClipMapper

Results = dict[str, Tensor]
VOCABULARY = "bpe_simple_vocab_16e6.txt.gz"


def load(part: Part) -> generators.Generator:
    """Return the generator of a part."""
    generator = generators.build(part.table)
    generator.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return generator.eval().requires_grad_(False)


@torch.no_grad()
def compute(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    """Return our results from the checkpoint in ``folder``, by the names of theirs.

    Only their tokens are used.
    """
    return COMPUTERS[case.kind](case, folder, theirs, layout)


def _of_w(generator: generators.Generator, w: Tensor) -> Results:
    styles = generator.synthesis.styles(w)
    return {"S": styles, "image": generator.synthesis(styles)}


def _nvidia(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    generator = load(nvidia.read(folder / "checkpoint.pkl"))
    labels = int(layout.get("labels", 0))
    w = generator.mapping(
        normal("z", (1, generator.config.z_dim)), TRUNCATION, torch.eye(labels)[:1] if labels else None
    )
    return {"W": w, **_of_w(generator, w)}


def _rosinality(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    generator = load(rosinality.read(folder / "checkpoint.pt"))
    w = generator.mapping(normal("z", (1, generator.config.z_dim)))
    return {"W": w, **_of_w(generator, w)}


def _encoder(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    part, decoder = encoders.read(folder / "checkpoint.pt", case.kind)  # type: ignore[arg-type]
    generator = load(decoder)
    table = {name: value for name, value in part.table.items() if name not in ("kind", "by")}
    encoder = PspEncoder(PspConfig(**table)).eval()
    encoder.load_state_dict(part.tensors)
    dtype = torch.float64 if case.options.get("double") else torch.float32
    encoder, generator = encoder.to(dtype), generator.to(dtype)
    encoder.render = lambda w: generator.synthesis(generator.synthesis.styles(w))
    w = encoder(picture().to(dtype))
    return {"encoder": w, **_of_w(generator, w)}


def _mapper(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    part, decoder = styleclip_mapper.read(folder / "checkpoint.pt")
    module = StyleClipMapper(part.table["nets"])
    module.load_state_dict(part.tensors)
    if decoder is None:
        layers = stylegan2.style_layers(
            stylegan2.GeneratorConfig(resolution=1024, channel_base=32768, channel_max=512)
        )
        return {"mapper": module.style_step(normal("s", (1, layers[-1].stop)), layers)}
    generator = load(decoder)
    w = normal("w", (1, generator.config.num_ws, generator.config.w_dim))
    step = module.w_step(w)
    return {"mapper": step, "image": _of_w(generator, w + step)["image"]}


def _clip(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    model = text_image_model(folder / "checkpoint.pt")
    side = case.options["side"]
    found = {
        "CLIP image": model.embed(normal("prepared", (2, 3, side, side))),
        "CLIP text": model.encode_tokens(_tokens(theirs)),
    }
    if (folder / VOCABULARY).exists():
        found["tokens"] = published_clip.tokens(model.tokenizer, TEXTS, 77, 77)[0]
    return found


def _tokens(theirs: Mapping[str, Tensor]) -> Tensor:
    """Return their token numbers [N, 77], which are stored without the zeros at the end."""
    return F.pad(theirs["tokens"].long(), [0, 77 - theirs["tokens"].shape[1]])


def text_image_model(path: Path) -> published_clip.PublishedClip:
    """Return the model of OpenAI's archive at ``path``, with the vocabulary next to it if there is one."""
    vocabulary = path.parent / VOCABULARY
    part = clip.read([path, vocabulary] if vocabulary.exists() else [path, _no_vocabulary(path.parent)])
    model = published_clip.build(published_clip.config_of(part.texts["clip.json"]))
    model.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return published_clip.PublishedClip(model, published_clip.load_tokenizer(part.texts["tokenizer.json"]))


def _no_vocabulary(folder: Path) -> Path:
    """Write an empty vocabulary, for a model that gets tokens only."""
    path = folder / "tokenizer.json"
    path.write_text(
        '{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "x"}}',
        encoding="utf-8",
    )
    return path


def _directions(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    """Compute the whole recipe: statistics, relevance, text direction, delta and the edited picture."""
    slips, generator, model = (
        case.options["slips"],
        load(nvidia.read(folder / "checkpoint.pkl")),
        text_image_model(folder / "clip.pt"),
    )
    styles = generator.synthesis.styles(
        generator.mapping(normal("z", (SAMPLES, generator.config.z_dim)), TRUNCATION)
    )
    mean, std = styles.mean(0), styles.std(0, correction=0)
    spans, side = convolution_spans(generator), case.options["clip"]["side"]
    recipe = published_directions.Recipe(as_published=slips, side=side if case.options["levels"] else None)
    rows = published_directions.relevance_rows(generator, model, styles[:PICTURES], mean, std, spans, recipe)
    target, neutral = model.encode_tokens(_tokens(theirs)).chunk(2)
    direction = published_directions.text_direction(target, neutral)
    found = {"mean": mean, "deviation": std, "fs3": rows, "text direction": direction}
    weights = published_directions.weights(rows, direction, THRESHOLD, slips)
    if weights is None:
        return found
    delta = published_directions.spread(weights, spans, std)
    image = generator.synthesis((styles[0] + EDIT_STRENGTH * delta)[None])
    found |= {"delta": delta, "image": image}
    nothing = published_directions.weights(rows, direction, 2.0, slips)
    return (
        found
        if nothing is None
        else found | {"delta of nothing": published_directions.spread(nothing, spans, std)}
    )


def _optimizer(case: Case, folder: Path, theirs: Mapping[str, Tensor], layout: Mapping[str, Any]) -> Results:
    model = text_image_model(folder / "clip.pt")
    image = picture(1, case.options["size"])
    return {
        "loss": published_optimization.text_loss(
            model, image, model.encode_tokens(_tokens(theirs)), case.options["slips"]
        )
    }


COMPUTERS: dict[str, Callable[[Case, Path, Mapping[str, Tensor], Mapping[str, Any]], Results]] = {
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
