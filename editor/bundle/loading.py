"""Loading of bundles: networks from safetensors, frozen, on a device."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from editor.api.errors import BadCheckpoint
from editor.bundle import prompt_mappers
from editor.bundle.bundle import Bundle, Thresholds
from editor.bundle.direction_bank import DirectionBank
from editor.bundle.lazy_directions import LazyDirectionBank
from editor.bundle.manifest import (
    EMBEDDED,
    bundle_info,
    has_part,
    missing_parts,
    preparation_hint,
    read_manifest,
)
from editor.bundle.text_image import EmbeddedTextImageModel, TextImage
from editor.networks import generators, published_clip
from editor.networks.deltaedit import TextMapper
from editor.networks.encoder import Encoder, MeanEncoder
from editor.networks.generators import Generator
from editor.networks.psp import PspConfig, PspEncoder
from editor.networks.published_clip import PublishedClip
from editor.networks.siglip import JointSpace
from editor.networks.styleclip_mapper import StyleClipMapper
from editor.networks.text import TextTower

logger = logging.getLogger(__name__)

Module = TypeVar("Module", bound=nn.Module)


def choose_device(name: str | None = None) -> torch.device:
    """Return the named device; without a name a GPU if there is one, else the CPU."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


@lru_cache(maxsize=1)
def _text_tower(device: torch.device) -> TextTower:
    """Load the text tower that the embedded bundles share."""
    return TextTower.load(EMBEDDED / "text").to(device)


def load_bundle(folder: Path, device: str | None = None, data: Path | None = None) -> Bundle:
    """Load a bundle from its folder.

    ``data`` is the installation's data folder, with the mappers that it trained for this bundle. Raises
    BadCheckpoint if a part is missing, altered or of another generator.
    """
    manifest, chosen = read_manifest(folder), choose_device(device)
    if lacking := missing_parts(manifest):
        raise BadCheckpoint(
            f"The bundle '{folder.name}' cannot be used yet: it lacks {' and '.join(lacking)}."
        )
    generator = load_generator(folder, manifest).to(chosen)
    clip = load_text_image_model(folder, manifest, chosen)
    mapper = None
    if has_part(manifest, "mapper"):
        shape = TextMapper(generator.config.w_dim, manifest["clip"]["dim"], **manifest.get("mapper", {}))
        mapper = _load_weights(shape, folder, "mapper").to(chosen)
    info = bundle_info(folder, manifest)
    own = [prompt_mappers.own_folder(data, folder.name)] if data else []
    trained = prompt_mappers.load_all([folder / prompt_mappers.FOLDER, *own], info.fingerprint, chosen)
    return Bundle(
        info=info,
        generator=generator,
        encoder=_load_encoder(folder, manifest, generator).to(chosen),
        clip=clip,
        bank=_load_bank(folder, manifest, generator, clip, data),
        mapper=mapper,
        thresholds=Thresholds(**manifest["thresholds"]),
        neutral_texts=tuple(manifest["neutral"]),
        alignment=manifest.get("alignment", "square"),
        drawn=manifest.get("drawn", False),
        published_mappers={name: net.to(chosen) for name, net in _load_prompts(folder, manifest).items()},
        trained_mappers=trained,
    )


def load_generator(folder: Path, manifest: Mapping[str, Any]) -> Generator:
    """Load the generator of a bundle, frozen. Raises BadCheckpoint if it is not valid."""
    try:
        generator = generators.build(manifest["generator"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadCheckpoint(
            f"The generator of the bundle '{folder.name}' has invalid settings: {error}."
        ) from error
    return _load_weights(generator, folder, "generator")


def load_text_image_model(folder: Path, manifest: Mapping[str, Any], device: torch.device) -> TextImage:
    """Load the text-image model of a bundle on a device.

    Raises BadCheckpoint if it is not valid, or its packages are not installed.
    """
    settings = manifest["clip"]
    if settings.get("kind") != "transformers":
        space = _load_weights(JointSpace(**settings), folder, "clip")
        return EmbeddedTextImageModel(_text_tower(device), space.to(device))

    def text(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    model = _load_weights(published_clip.build(published_clip.config_of(text("clip.json"))), folder, "clip")
    clip = PublishedClip(model, published_clip.load_tokenizer(text("tokenizer.json")))
    if has_part(manifest, "text"):
        shape = published_clip.config_of(text("text.json"))
        module = published_clip.MultilingualTower(shape, settings["dim"], manifest["text"]["bias"])
        tokenizer = published_clip.load_tokenizer(text("text_tokenizer.json"))
        clip.tower = _load_weights(module, folder, "text"), tokenizer
    return clip.to(device)


def _read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; half precision becomes float32."""
    return {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}


def _load_weights(module: Module, folder: Path, part: str) -> Module:
    try:
        module.load_state_dict(_read_tensors(folder / f"{part}.safetensors"))
    except (RuntimeError, OSError, ValueError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise BadCheckpoint(f"The {part} of the bundle '{folder.name}' does not fit: {first}") from error
    return module.eval().requires_grad_(False)


def _load_bank(
    folder: Path, manifest: Mapping[str, Any], generator: Generator, clip: TextImage, data: Path | None
) -> DirectionBank | LazyDirectionBank:
    """Load the directions of a bundle, or what measures them on demand."""
    files, dim = manifest["files"], manifest["clip"]["dim"]
    if not has_part(manifest, "bank"):
        logger.warning("the bundle '%s': %s", folder.name, preparation_hint(folder, manifest))
        own = prompt_mappers.own_folder(data, folder.name) if data else None
        fingerprint = files["generator.safetensors"] + files["clip.safetensors"]
        file = own.with_name("lengths.safetensors") if own else None
        return LazyDirectionBank(generator, clip, dim, file, fingerprint)
    device = generator.mapping.w_avg.device
    tensors = {name: value.to(device) for name, value in _read_tensors(folder / "bank.safetensors").items()}
    if tensors["s_std"].shape[0] != generator.synthesis.num_channels:
        raise BadCheckpoint(f"The directions of the bundle '{folder.name}' belong to another generator.")
    return DirectionBank(**tensors)


def _load_encoder(
    folder: Path, manifest: Mapping[str, Any], generator: Generator
) -> Encoder | PspEncoder | MeanEncoder:
    config = generator.config
    if not has_part(manifest, "encoder"):
        return MeanEncoder(config.num_ws, *generators.w_statistics(generator))
    settings = {
        name: value for name, value in manifest.get("encoder", {}).items() if name not in ("kind", "by")
    }
    if manifest.get("encoder", {}).get("kind") != "photo":
        return _load_weights(Encoder(config.num_ws, config.w_dim, **settings), folder, "encoder")
    encoder = _load_weights(PspEncoder(PspConfig(**settings)), folder, "encoder")
    encoder.render = lambda w: generator.synthesis(generator.synthesis.styles(w))
    return encoder


def _load_prompts(folder: Path, manifest: Mapping[str, Any]) -> dict[str, StyleClipMapper]:
    """Load the imported mappers by their prompts. Their weights are named ``NUMBER.NAME``."""
    if not has_part(manifest, "prompts"):
        return {}
    weights, found = _read_tensors(folder / "prompts.safetensors"), {}
    table = manifest["prompts"]
    for number, (prompt, layout) in enumerate(zip(table["prompts"], table["nets"], strict=True)):
        widths = dict(item.split(":") for item in layout.split(","))
        module = StyleClipMapper({net: int(width) for net, width in widths.items()})
        root = f"{number}."
        own = {name.removeprefix(root): value for name, value in weights.items() if name.startswith(root)}
        module.load_state_dict(own)
        found[prompt] = module.eval().requires_grad_(False)
    return found
