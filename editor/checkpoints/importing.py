"""``python -m editor import``: published weights become a bundle, or a part of one."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.manifest import missing_parts, preparation_hint, read_manifest
from editor.checkpoints import clip, directions, encoders, formats, nvidia, rosinality, styleclip_mapper
from editor.checkpoints.installing import check_generator, install, open_generator
from editor.checkpoints.part import Part
from editor.checkpoints.unpickler import refused
from editor.imaging.crop_candidates import ALIGNMENTS

logger = logging.getLogger(__name__)

KINDS = {
    "nvidia": "a network pickle of stylegan2-ada-pytorch or stylegan3, or of the first StyleGAN2 (.pkl)",
    "rosinality": "a generator of stylegan2-pytorch (.pt)",
    "e4e": "an encoder4editing checkpoint (.pt), with its generator",
    "psp": "a pixel2style2pixel checkpoint (.pt), with its generator",
    "restyle": "a ReStyle checkpoint over pSp or e4e (.pt), with its generator",
    "mapper": "a StyleCLIP mapper (.pt); one prompt each, several may be imported",
    "directions": "StyleCLIP's fs3.npy with S_mean_std, S or W.npy",
    "clip": "OpenAI's .pt or open_clip's .safetensors with their vocabulary, or a Hugging Face folder",
}
SINGLE = ("nvidia", "rosinality", "e4e", "psp", "restyle", "mapper")
"""Kinds that are one file each."""
SAID = ("title", "domain", "licence", "neutral", "languages", "alignment")


@dataclass(frozen=True)
class Wanted:
    """One import: what, from where, into which bundle, and what the user says of it."""

    kind: str
    files: tuple[Path, ...]
    name: str
    root: Path
    prompt: str | None = None
    any_generator: bool = False
    said: dict[str, Any] | None = None


def bring(wanted: Wanted) -> tuple[Path, list[str]]:
    """Import; the bundle's folder and the parts it still lacks, in words. Raises EditorError with nothing changed."""
    if wanted.kind in SINGLE and len(wanted.files) != 1:
        raise BadCheckpoint(f"'{wanted.kind}' takes one file, not {len(wanted.files)}.")
    for path in wanted.files:
        if not path.exists():
            raise BadCheckpoint(f"There is no file {path}.")
        if wanted.kind in SINGLE:
            formats.check(path, pickled=wanted.kind == "nvidia")
    folder = install(wanted.root, wanted.name, _parts(wanted), **(wanted.said or {}))
    return folder, missing_parts(read_manifest(folder))


def _parts(wanted: Wanted) -> list[Part]:
    try:
        return READERS[wanted.kind](wanted)
    except EditorError:
        raise
    except Exception as error:  # what is read was made by others, and may break any rule
        logger.debug("import of %s", wanted.files[0].name, exc_info=True)
        raise refused(wanted.files[0], error) from error


def _has_generator(folder: Path) -> bool:
    return (folder / "bundle.toml").exists() and "generator.safetensors" in read_manifest(folder)["files"]


def _generator(wanted: Wanted) -> list[Part]:
    part = nvidia.read(wanted.files[0]) if wanted.kind == "nvidia" else rosinality.read(wanted.files[0])
    folder = wanted.root / wanted.name
    if _has_generator(folder) and not wanted.any_generator:
        others = [name for name in read_manifest(folder)["files"] if name not in ("generator.safetensors",)]
        if others:
            raise BadCheckpoint(
                f"The bundle '{wanted.name}' already has a generator, and parts made for it; choose another name."
            )
    return [part]


def _with_generator(part: Part, generator: Part | None, wanted: Wanted) -> list[Part]:
    """The part beside the bundle's generator, or with its own where the bundle has none."""
    folder = wanted.root / wanted.name
    if not _has_generator(folder):
        if generator is None:
            raise BadCheckpoint(f"The bundle '{wanted.name}' has no generator yet; import that first.")
        return [generator, part]
    if generator is not None and not wanted.any_generator:
        check_generator(folder, part, generator, wanted.files[0].name)
    return [part]


def _encoder(wanted: Wanted) -> list[Part]:
    part, generator = encoders.read(wanted.files[0], wanted.kind)  # type: ignore[arg-type]
    return _with_generator(part, generator, wanted)


def _mapper(wanted: Wanted) -> list[Part]:
    part, generator = styleclip_mapper.read(wanted.files[0], wanted.prompt)
    return _with_generator(part, generator, wanted)


def _directions(wanted: Wanted) -> list[Part]:
    folder = wanted.root / wanted.name
    if not _has_generator(folder):
        raise BadCheckpoint(f"The bundle '{wanted.name}' has no generator yet; import that first.")
    generator = open_generator(folder)
    return [directions.read(wanted.files, generator, _width(folder))]


def _width(folder: Path) -> int | None:
    """Dimensions of the bundle's text-image model, if it has one."""
    manifest = read_manifest(folder)
    return int(manifest["clip"]["dim"]) if "clip.safetensors" in manifest["files"] else None


def _clip(wanted: Wanted) -> list[Part]:
    folder = wanted.root / wanted.name
    if not _has_generator(folder):
        raise BadCheckpoint(f"The bundle '{wanted.name}' has no generator yet; import that first.")
    part = clip.read(wanted.files)
    manifest, dim = read_manifest(folder), part.table["dim"]
    if part.name == "text" and "clip.safetensors" not in manifest["files"]:
        raise BadCheckpoint(
            "A text tower alone sees no pictures; import the CLIP model that it belongs to first."
        )
    if part.name == "text" and manifest["clip"]["dim"] != dim:
        raise BadCheckpoint(
            f"The text tower has {dim} dimensions and the bundle's model {manifest['clip']['dim']}: they do not fit."
        )
    if "bank.safetensors" in manifest["files"]:
        _check_bank(folder, dim)
    return [part]


def _check_bank(folder: Path, dim: int) -> None:
    from safetensors import safe_open

    with safe_open(folder / "bank.safetensors", "pt") as bank:
        width = bank.get_slice("relevance").get_shape()[1]
    if width != dim:
        raise BadCheckpoint(
            f"This text-image model has {dim} dimensions, and the bundle's directions were measured in {width}."
        )


READERS: dict[str, Callable[[Wanted], list[Part]]] = {
    "nvidia": _generator,
    "rosinality": _generator,
    "e4e": _encoder,
    "psp": _encoder,
    "restyle": _encoder,
    "mapper": _mapper,
    "directions": _directions,
    "clip": _clip,
}


def default_root() -> Path:
    """Where bundles go: BUNDLES_DIR, which the bot reads too, else ./bundles."""
    return Path(os.environ.get("BUNDLES_DIR") or "bundles")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    lines = "\n".join(f"  {kind:<11} {text}" for kind, text in KINDS.items())
    made = argparse.ArgumentParser(
        prog="python -m editor import",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Turn published weights into a bundle, or into a part of one. Nothing in a file is run.\n\nkinds:\n{lines}",
        epilog="A generator comes first (encoders bring theirs), then a CLIP model, under the same --name; then it can edit. "
        "Directions are optional:\nwithout them they are found for each wish. For example:\n\n"
        "  python -m editor import nvidia ffhq.pkl --name faces --alignment ffhq --neutral 'a face'\n"
        "  python -m editor import clip ViT-B-32.pt bpe_simple_vocab_16e6.txt.gz --name faces\n"
        "  python -m editor directions bundles/faces\n\n"
        "BUNDLES_DIR=bundles makes the bot use what is there; python -m editor bundles --bundles bundles lists it.",
    )
    made.add_argument("kind", choices=KINDS, metavar="KIND", help="what the file is")
    made.add_argument("files", nargs="+", type=Path, metavar="FILE", help="the published file or files")
    made.add_argument("--name", required=True, help="the bundle's name; parts are added to one that exists")
    made.add_argument(
        "--to", type=Path, metavar="DIR", help="folder of bundles (default: BUNDLES_DIR, else ./bundles)"
    )
    made.add_argument("--title", help="what the bundle is called in lists")
    made.add_argument("--domain", help="what its pictures show, as a plural: 'portraits of people'")
    made.add_argument("--licence", help="licence of the weights, shown with the bundle")
    made.add_argument(
        "--neutral",
        action="append",
        metavar="TEXT",
        help="a plain text of the domain ('a face'); may be repeated",
    )
    made.add_argument(
        "--languages",
        nargs="+",
        metavar="CODE",
        help="languages that the text-image model understands (en zh-CN)",
    )
    made.add_argument(
        "--alignment",
        choices=ALIGNMENTS,
        help="ffhq: its pictures are faces, placed as in FFHQ (default: square)",
    )
    made.add_argument(
        "--prompt", help="for a mapper: the wish it was trained for, where its file does not say"
    )
    made.add_argument(
        "--any-generator", action="store_true", help="take a part although it was made for another generator"
    )
    return made


def main(argv: Sequence[str]) -> int:
    """Import one thing; 1 where it was refused."""
    options = parser().parse_args(argv)
    said = {name: getattr(options, name) for name in SAID}
    wanted = Wanted(
        options.kind,
        tuple(options.files),
        options.name,
        options.to or default_root(),
        options.prompt,
        options.any_generator,
        said,
    )
    try:
        folder, lacking = bring(wanted)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"The bundle '{wanted.name}' in {folder} now has what {' and '.join(path.name for path in wanted.files)} holds."
    )
    print(f"It still lacks {' and '.join(lacking)}." if lacking else "It has all that editing needs.")
    unsaid = preparation_hint(folder, read_manifest(folder))
    if unsaid:
        print(unsaid)
    return 0
