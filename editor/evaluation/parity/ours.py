"""Reads what the published code wrote and computes the same with our networks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from editor.checkpoints import clip, encoders, mapper, nvidia, rosinality
from editor.checkpoints.part import Part
from editor.evaluation.parity.cases import Case
from editor.evaluation.parity.filler import normal
from editor.networks import generators, published_clip, stylegan2
from editor.networks.photo_encoder import PhotoEncoder, PhotoEncoderConfig
from editor.networks.prompt_mapper import PromptMapper

Results = dict[str, Tensor]


def read_results(path: Path) -> tuple[Results, dict[str, Any]]:
    """Tensors and metadata of a file that ``published.save`` wrote."""
    with safe_open(path, "pt") as stored:
        metadata = {key: json.loads(value) for key, value in (stored.metadata() or {}).items()}
        return {name: stored.get_tensor(name) for name in stored.keys()}, metadata  # noqa: SIM118


def load(part: Part) -> generators.Generator:
    """The generator of a part."""
    generator = generators.build(part.table)
    generator.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return generator.eval().requires_grad_(False)


@torch.no_grad()
def compute(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    """Our results under the names of theirs."""
    return COMPUTERS[case.kind](case, folder, theirs, metadata)


def _nvidia(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    generator = load(nvidia.read(folder / "checkpoint.pkl"))
    labels = int(metadata.get("labels", 0))
    c = torch.eye(labels)[:1] if labels else None
    w = generator.mapping(normal("z", (1, generator.config.z_dim)), 0.7, c)
    styles = generator.synthesis.styles(w)
    return {"W": w, "S": styles, "image": generator.synthesis(styles)}


def _rosinality(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    generator = load(rosinality.read(folder / "checkpoint.pt"))
    w = generator.mapping(normal("z", (1, generator.config.z_dim)))
    styles = generator.synthesis.styles(w)
    return {"W": w, "S": styles, "image": generator.synthesis(styles)}


def _encoder(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    from editor.evaluation.parity.published import picture

    part, decoder = encoders.read(folder / "checkpoint.pt", case.kind)  # type: ignore[arg-type]
    generator = load(decoder)
    table = {name: value for name, value in part.table.items() if name not in ("kind", "by")}
    encoder = PhotoEncoder(PhotoEncoderConfig(**table)).eval()
    encoder.load_state_dict(part.tensors)
    encoder.render = lambda w: generator.synthesis(generator.synthesis.styles(w))
    w = encoder(picture())
    styles = generator.synthesis.styles(w)
    return {"encoder": w, "S": styles, "image": generator.synthesis(styles)}


def _mapper(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    part, decoder = mapper.read(folder / "checkpoint.pt")
    module = PromptMapper(part.table["nets"])
    module.load_state_dict(part.tensors)
    if decoder is None:
        layers = stylegan2.style_layers(stylegan2.GeneratorConfig(resolution=1024, channel_base=32768, channel_max=512))
        return {"mapper": module.style_step(normal("s", (1, layers[-1].stop)), layers)}
    generator = load(decoder)
    w = normal("w", (1, generator.config.num_ws, generator.config.w_dim))
    step = module.w_step(w)
    return {"mapper": step, "image": generator.synthesis(generator.synthesis.styles(w + step))}


def _clip(case: Case, folder: Path, theirs: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Results:
    vocabulary = [folder / "tokenizer.json"] if (folder / "tokenizer.json").exists() else [folder / "bpe_simple_vocab_16e6.txt.gz"]
    model = _published_clip(clip.read([folder / "checkpoint.pt", *vocabulary]))
    ids = theirs["tokens"].long()
    found = {"CLIP image": model.embed(normal("prepared", (2, 3, case.options["side"], case.options["side"])))}
    if case.options["words"] == 49408:
        from editor.evaluation.parity.published import TEXTS

        found["tokens"] = published_clip.tokens(model.tokenizer, TEXTS, 77, 77)[0].float()
    text = model.model.get_text_features(input_ids=ids, return_dict=True).pooler_output
    return found | {"CLIP text": torch.nn.functional.normalize(text, dim=1)}


def _published_clip(part: Part) -> published_clip.PublishedClip:
    model = published_clip.build(published_clip.config_of(part.texts["clip.json"]))
    model.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return published_clip.PublishedClip(model, published_clip.load_tokenizer(part.texts["tokenizer.json"]))


COMPUTERS = {
    "nvidia": _nvidia, "rosinality": _rosinality, "e4e": _encoder, "psp": _encoder, "restyle": _encoder, "mapper": _mapper,
    "clip": _clip,
}  # fmt: skip
