"""A bundle: one editable domain as a folder of safetensors with a ``bundle.toml`` that names every file's fingerprint."""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from editor.api.errors import BadCheckpoint
from editor.api.protocol import BundleInfo, MethodName
from editor.bundle import prompt_mappers as mappers
from editor.bundle.direction_bank import Bank
from editor.bundle.lazy_directions import LiveBank
from editor.bundle.prompt_mappers import Trained
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

PARTS = ("generator", "encoder", "clip", "text", "bank", "mapper", "prompts")
NEEDED = {"generator": "a generator", "clip": "a text-image model"}
"""Parts without which nothing can be edited, in words. Without an encoder, inversion begins at the mean of W; without
directions, they are found for each wish when it is first made."""
BESIDE = ("clip.json", "tokenizer.json", "text.json", "text_tokenizer.json")
"""Settings and vocabularies that lie beside a published text-image model."""
SPAN_ENERGY = 1e-3
"""Share of the strongest direction's energy from which a direction counts to the span of pictures."""
FRAMES = ("{}", "a person with {}", "someone {}", "{} face", "looking {}", "with {}")
"""Sentences around a wish: for things one has, and for what one is."""
NOTICED = 0.175
"""Change along an axis of the embedded space from which its attribute is seen to change."""
BABBLE = 200
"""Texts that say nothing, of which the mean is taken."""
EMBEDDED = Path(__file__).parents[1] / "bundles"
"""The bundles that come with the package; ``text`` beside them is the text tower that they share."""


@dataclass(frozen=True)
class Thresholds:
    """Measured once for a bundle and kept in its ``bundle.toml``.

    ``standard_gain``: logits that a wish gains at strength 1. ``shown``: logit from which a text describes a picture.
    ``domain_similarity``, ``domain_psnr``: least reconstruction of a picture inside the domain; ``domain_outlines``: least
    cosine of its outlines with those of that, as ``editor.inversion.domain_check`` measures it; -1 where it was not measured.
    """

    standard_gain: float
    shown: float
    domain_similarity: float
    domain_psnr: float
    domain_outlines: float = -1.0


@dataclass
class EmbeddedClip:
    """The embedded text-image model: the shared text tower and a bundle's joint space."""

    tower: TextTower
    space: JointSpace

    def encode_image(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> unit [N, D]; searches need its gradient."""
        return self.space.image(images)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]."""
        return self.space.text(self.tower.encode(list(texts)))

    def encode_phrasings(self, text: str) -> Tensor:
        """A text in several sentences -> unit [F, D]: where it means something, all of them agree."""
        return self.encode_text([frame.format(text) for frame in FRAMES])

    def encode_nonsense(self) -> Tensor:
        """Texts that say nothing, random pairs of the words that the tower knows -> unit [N, D]."""
        words, rng = np.array(list(self.tower.index)), np.random.default_rng(0)
        return self.encode_text([" ".join(pair) for pair in rng.choice(words, (BABBLE, 2))])

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, D], [M, D] -> [N, M]: above 0 where the text describes the picture."""
        return self.space.logits(image_embeddings, text_embeddings)

    def collateral(self, moved: Tensor) -> Tensor:
        """Changes of embeddings [N, D] that no wish explains -> how many attributes they change visibly, about: [N].

        The space has an axis for each attribute of its domain. One that changes visibly counts once, however far it goes, and
        a faint change, which nobody sees, hardly counts. Each that is counted is worth a logit."""
        return (moved.abs() / NOTICED).clamp(max=1.0).square().sum(-1)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _weights(path: Path) -> dict[str, Tensor]:
    """A safetensors file with half precision widened to float32."""
    return {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}


def _into(module: nn.Module, folder: Path, part: str) -> Any:
    """Load one part, frozen and in eval mode; a part of another shape is refused by name."""
    try:
        module.load_state_dict(_weights(folder / f"{part}.safetensors"))
    except (RuntimeError, OSError, ValueError) as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise BadCheckpoint(f"The {part} of the bundle '{folder.name}' does not fit: {first}") from error
    return module.eval().requires_grad_(False)


@dataclass
class Bundle:
    """Everything that editing in one domain needs, on one device."""

    info: BundleInfo
    generator: Generator
    encoder: Encoder | PspEncoder | MeanEncoder
    clip: EmbeddedClip | PublishedClip
    bank: Bank | LiveBank
    mapper: TextMapper | None
    thresholds: Thresholds
    neutral: tuple[str, ...]
    """Texts of the plain domain, which wishes are contrasted with: "a face", "a portrait"."""
    alignment: str = "square"
    """The position in which the generator knows what it draws: any square, or faces as FFHQ has them ("ffhq")."""
    drawn: bool = False
    """The generator draws flat shapes with outlines, as cartoons have them."""
    prompts: dict[str, StyleClipMapper] = field(default_factory=dict)
    """Mappers that were trained for one wish each, by its words."""
    prompt_mappers: tuple[Trained, ...] = ()
    """Those that came along, and those that this installation trained."""

    @classmethod
    def load(cls, folder: Path, tower: TextTower, device: torch.device, data: Path | None = None) -> Bundle:
        """Read a bundle's folder, and what an installation keeps for it under ``data``.

        Raises BadCheckpoint where a part is missing, altered or of another generator.
        """
        manifest = read_manifest(folder)
        lacking = missing(manifest)
        if lacking:
            raise BadCheckpoint(
                f"The bundle '{folder.name}' cannot be used yet: it lacks {' and '.join(lacking)}."
            )
        generator = load_generator(folder, manifest).to(device)
        clip = load_clip(folder, manifest, tower, device)
        mapper = None
        if (folder / "mapper.safetensors").exists():
            shape = TextMapper(generator.config.w_dim, manifest["clip"]["dim"], **manifest.get("mapper", {}))
            mapper = _into(shape, folder, "mapper").to(device)
        info = info_of(folder, manifest)
        trained = (folder / mappers.FOLDER, *([mappers.own_folder(data, folder.name)] if data else []))
        return cls(
            info=info,
            generator=generator,
            encoder=_encoder(folder, manifest, generator).to(device),
            clip=clip,
            bank=_bank(folder, manifest, generator, clip, data),
            mapper=mapper,
            thresholds=Thresholds(**manifest["thresholds"]),
            neutral=tuple(manifest["neutral"]),
            alignment=manifest.get("alignment", "square"),
            drawn=manifest.get("drawn", False),
            prompts={prompt: module.to(device) for prompt, module in _prompts(folder, manifest).items()},
            prompt_mappers=mappers.load_all(trained, info.fingerprint, device),
        )

    def drawn_by(self, generator: Generator) -> Bundle:
        """This bundle with another synthesis of the same StyleSpace: one that was tuned to a picture."""
        _ = (
            self.style_inverse,
            self.image_span,
            self.neutral_embedding,
            self.nothing,
        )  # what was found once holds for the other too
        made = copy.copy(self)
        made.generator = generator
        return made

    @cached_property
    def style_inverse(self) -> Tensor:
        """Least-squares map [w_dim, C] from a StyleSpace step to the step in W that comes nearest to causing it."""
        identity = torch.eye(self.generator.config.w_dim, device=self.bank.s_std.device)
        return torch.linalg.pinv(self.generator.synthesis.style_steps(identity).t())

    @cached_property
    def image_span(self) -> Tensor:
        """Projection [D, D] onto the directions in which the generator's pictures can differ at all.

        Texts and pictures lie in different parts of a joint space (the modality gap); what of a text direction lies
        outside this span says nothing about a change of the picture.
        """
        return self.bank.span(SPAN_ENERGY)

    @cached_property
    def neutral_embedding(self) -> Tensor:
        """Unit [D]: the mean of the neutral texts."""
        return nn.functional.normalize(self.clip.encode_text(self.neutral).mean(0), dim=0)

    @cached_property
    def nothing(self) -> Tensor:
        """Unit [D]: where, outside of all pictures, texts lie that say nothing of them; zero where the model knows no such
        place. Measured on random words: a text-image model that was taught what it does not know puts them there."""
        return nn.functional.normalize(self.beside_pictures(self.clip.encode_nonsense()).mean(0), dim=0)

    def beside_pictures(self, texts: Tensor) -> Tensor:
        """What of texts [N, D] lies neither among the pictures nor with the neutral texts: [N, D]."""
        said = self.apart_from_neutral(texts)
        return said - said @ self.image_span

    def apart_from_neutral(self, texts: Tensor) -> Tensor:
        """Texts [N, D] without what they share with the neutral ones."""
        return texts - (texts @ self.neutral_embedding)[:, None] * self.neutral_embedding


def missing(manifest: dict[str, Any]) -> list[str]:
    """The parts that a bundle still lacks before it can edit, in words."""
    return [words for part, words in NEEDED.items() if f"{part}.safetensors" not in manifest["files"]]


def unprepared(folder: Path, manifest: dict[str, Any]) -> str | None:
    """What to say of a bundle that can edit but was not given its directions; None where it was."""
    if missing(manifest) or "bank.safetensors" in manifest["files"]:
        return None
    return (
        f"It has no directions: they are found for each wish when it is first made, which is slow on a CPU. "
        f"python -m editor directions {folder} measures them once."
    )


def _bank(
    folder: Path,
    manifest: dict[str, Any],
    generator: Generator,
    clip: EmbeddedClip | PublishedClip,
    data: Path | None,
) -> Bank | LiveBank:
    """The directions of a bundle, or what finds them as they are asked for. Raises BadCheckpoint."""
    files, dim = manifest["files"], manifest["clip"]["dim"]
    if "bank.safetensors" not in files:
        logger.warning("the bundle '%s': %s", folder.name, unprepared(folder, manifest))
        kept = mappers.own_folder(data, folder.name).with_name("lengths.safetensors") if data else None
        return LiveBank(
            generator, clip, dim, kept, files["generator.safetensors"] + files["clip.safetensors"]
        )
    device = generator.mapping.w_avg.device
    tensors = {name: value.to(device) for name, value in _weights(folder / "bank.safetensors").items()}
    if tensors["s_std"].shape[0] != generator.synthesis.num_channels:
        raise BadCheckpoint(f"The directions of the bundle '{folder.name}' belong to another generator.")
    return Bank(**tensors)


def load_generator(folder: Path, manifest: dict[str, Any]) -> Generator:
    """The generator of a bundle, frozen. Raises BadCheckpoint."""
    try:
        generator = generators.build(manifest["generator"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadCheckpoint(
            f"The generator of the bundle '{folder.name}' has settings that make no sense: {error}."
        ) from error
    return _into(generator, folder, "generator")


def _encoder(
    folder: Path, manifest: dict[str, Any], generator: Generator
) -> Encoder | PspEncoder | MeanEncoder:
    config = generator.config
    if "encoder.safetensors" not in manifest["files"]:
        return MeanEncoder(config.num_ws, *generators.w_statistics(generator))
    table = dict(manifest.get("encoder") or {})
    if table.pop("kind", None) != "photo":
        return _into(Encoder(config.num_ws, config.w_dim, **table), folder, "encoder")
    table.pop("by", None)
    encoder: PspEncoder = _into(PspEncoder(PspConfig(**table)), folder, "encoder")
    encoder.render = lambda w: generator.synthesis(generator.synthesis.styles(w))
    return encoder


def load_clip(
    folder: Path, manifest: dict[str, Any], tower: TextTower, device: torch.device
) -> EmbeddedClip | PublishedClip:
    """The text-image model of a bundle, on a device. Raises BadCheckpoint."""
    dim = manifest["clip"]["dim"]
    if manifest["clip"].get("kind") != "transformers":
        return EmbeddedClip(tower, _into(JointSpace(**manifest["clip"]), folder, "clip").to(device))

    def text(name: str) -> str:
        return (folder / name).read_text(encoding="utf-8")

    model = _into(published_clip.build(published_clip.config_of(text("clip.json"))), folder, "clip")
    clip = PublishedClip(model, published_clip.load_tokenizer(text("tokenizer.json")))
    if "text.safetensors" in manifest["files"]:
        shape = published_clip.config_of(text("text.json"))
        module = published_clip.MultilingualTower(shape, dim, manifest["text"]["bias"])
        clip.tower = (
            _into(module, folder, "text"),
            published_clip.load_tokenizer(text("text_tokenizer.json")),
        )
    return clip.to(device)


def _prompts(folder: Path, manifest: dict[str, Any]) -> dict[str, StyleClipMapper]:
    if "prompts.safetensors" not in manifest["files"]:
        return {}
    weights, found = _weights(folder / "prompts.safetensors"), {}
    for number, (prompt, layout) in enumerate(
        zip(manifest["prompts"]["prompts"], manifest["prompts"]["nets"], strict=True)
    ):
        module = StyleClipMapper(
            {net: int(width) for net, width in (item.split(":") for item in layout.split(","))}
        )
        root = f"{number}."
        module.load_state_dict(
            {name.removeprefix(root): value for name, value in weights.items() if name.startswith(root)}
        )
        found[prompt] = module.eval().requires_grad_(False)
    return found


def read_manifest(folder: Path) -> dict[str, Any]:
    """``bundle.toml`` as plain data, with the files' fingerprints checked."""
    try:
        manifest = tomllib.loads((folder / "bundle.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadCheckpoint(f"'{folder.name}' is not a bundle: it has no readable bundle.toml.") from error
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or file_hash(path) != expected:
            raise BadCheckpoint(f"The file {name} of the bundle '{folder.name}' is missing or was altered.")
    return manifest


def info_of(folder: Path, manifest: dict[str, Any]) -> BundleInfo:
    """What ``GET /v1/bundles`` tells of a bundle."""
    methods: tuple[MethodName, ...] = ("direction",)
    if "mapper.safetensors" in manifest["files"]:
        methods = ("mapper", *methods)
    if "prompts.safetensors" in manifest["files"]:
        methods = ("prompt-mapper", *methods)
    return BundleInfo(
        name=folder.name,
        title=manifest["title"],
        domain=manifest["domain"],
        licence=manifest["licence"],
        resolution=manifest["generator"]["resolution"],
        examples=tuple(manifest["examples"]),
        methods=methods,
        fingerprint=manifest["files"]["generator.safetensors"][:16],
        languages=tuple(manifest.get("languages", ("en",))),
    )


def _toml(value: Any) -> str:
    return json.dumps(
        value, ensure_ascii=False
    )  # strings, numbers, booleans and flat lists are the same in TOML


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``bundle.toml`` (plain values first, then one table for each dict) with the fingerprints of the parts."""
    names = sorted([*(f"{part}.safetensors" for part in PARTS), *BESIDE])
    hashes = {name: file_hash(folder / name) for name in names if (folder / name).is_file()}
    data = {**manifest, "files": hashes}
    lines = [f"{key} = {_toml(value)}" for key, value in data.items() if not isinstance(value, dict)]
    for key, table in data.items():
        if isinstance(table, dict):
            lines += ["", f"[{key}]"] + [f'"{name}" = {_toml(value)}' for name, value in table.items()]
    (folder / "bundle.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def find_bundles(folders: Sequence[Path]) -> list[Path]:
    """The folders of all bundles: the embedded ones and those inside ``folders``; later ones win by name."""
    found: dict[str, Path] = {}
    for root in (EMBEDDED, *folders):
        for manifest in sorted(root.glob("*/bundle.toml")):
            found[manifest.parent.name] = manifest.parent
    return list(found.values())
