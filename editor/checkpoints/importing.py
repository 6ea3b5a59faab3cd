"""``python -m editor import``: turn published weights into a bundle, or into a part of one."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.manifest import missing_parts, preparation_hint, read_manifest
from editor.checkpoints import clip, directions, encoders, nvidia, rosinality, styleclip_mapper
from editor.checkpoints.file_signatures import check_format
from editor.checkpoints.installing import check_generator, install, open_generator
from editor.checkpoints.part import Part
from editor.checkpoints.unpickler import refusal
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
DESCRIPTION = ("title", "domain", "licence", "neutral", "languages", "alignment")


@dataclass(frozen=True)
class ImportRequest:
    """One import.

    Attributes:
        kind: a key of ``KINDS``.
        files: the published files.
        name: name of the bundle.
        root: folder of bundles.
        prompt: what a mapper was trained for, if its file does not state it.
        any_generator: take the part even if it was made for another generator.
        description: fields of ``bundle.toml`` to set; None leaves a field alone.
    """

    kind: str
    files: tuple[Path, ...]
    name: str
    root: Path
    prompt: str | None = None
    any_generator: bool = False
    description: dict[str, Any] | None = None

    @property
    def folder(self) -> Path:
        """Folder of the bundle."""
        return self.root / self.name


def import_files(request: ImportRequest) -> tuple[Path, list[str]]:
    """Import files into a bundle. Raises EditorError with nothing changed.

    Returns:
        The bundle's folder, and the parts that it still lacks, in words.
    """
    if request.kind in SINGLE and len(request.files) != 1:
        raise BadCheckpoint(f"'{request.kind}' takes one file, not {len(request.files)}.")
    for path in request.files:
        if not path.exists():
            raise BadCheckpoint(f"There is no file {path}.")
        if request.kind in SINGLE:
            check_format(path, pickled=request.kind == "nvidia")
    folder = install(request.root, request.name, _read_parts(request), request.description or {})
    return folder, missing_parts(read_manifest(folder))


def _read_parts(request: ImportRequest) -> list[Part]:
    try:
        return READERS[request.kind](request)
    except EditorError:
        raise
    except Exception as error:  # others made the file; it may break any rule
        logger.debug("The import of %s failed.", request.files[0].name, exc_info=True)
        raise refusal(request.files[0], error) from error


def _has_generator(folder: Path) -> bool:
    return (folder / "bundle.toml").exists() and "generator.safetensors" in read_manifest(folder)["files"]


def _require_generator(folder: Path) -> None:
    if not _has_generator(folder):
        raise BadCheckpoint(f"The bundle '{folder.name}' has no generator yet; please import that first.")


def _generator(request: ImportRequest) -> list[Part]:
    part = nvidia.read(request.files[0]) if request.kind == "nvidia" else rosinality.read(request.files[0])
    replaces = not request.any_generator and _has_generator(request.folder)
    if replaces and set(read_manifest(request.folder)["files"]) != {"generator.safetensors"}:
        raise BadCheckpoint(
            f"The bundle '{request.name}' already has a generator, and parts made for it; choose another "
            "name."
        )
    return [part]


def _with_generator(part: Part, generator: Part | None, request: ImportRequest) -> list[Part]:
    """Return the part, and its own generator if the bundle has none yet.

    Raises BadCheckpoint if they do not fit.
    """
    if generator is None or _has_generator(request.folder):
        _require_generator(request.folder)
        if generator is not None and not request.any_generator:
            check_generator(request.folder, part, generator, request.files[0].name)
        return [part]
    return [generator, part]


def _encoder(request: ImportRequest) -> list[Part]:
    part, generator = encoders.read(request.files[0], request.kind)  # type: ignore[arg-type]
    return _with_generator(part, generator, request)


def _mapper(request: ImportRequest) -> list[Part]:
    part, generator = styleclip_mapper.read(request.files[0], request.prompt)
    parts = _with_generator(part, generator, request)
    table = parts[0].table if len(parts) == 2 else read_manifest(request.folder)["generator"]
    styleclip_mapper.check_widths(part, table, request.files[0].name)
    return parts


def _directions(request: ImportRequest) -> list[Part]:
    _require_generator(request.folder)
    generator = open_generator(request.folder)
    return [directions.read(request.files, generator, _text_image_width(request.folder))]


def _text_image_width(folder: Path) -> int | None:
    """Return the dimensions of the bundle's text-image model, if it has one."""
    manifest = read_manifest(folder)
    return int(manifest["clip"]["dim"]) if "clip.safetensors" in manifest["files"] else None


def _clip(request: ImportRequest) -> list[Part]:
    _require_generator(request.folder)
    part = clip.read(request.files)
    manifest, width = read_manifest(request.folder), part.table["dim"]
    if part.name == "text":
        if "clip.safetensors" not in manifest["files"]:
            raise BadCheckpoint("A text tower alone cannot see; please import a CLIP model first.")
        if width != manifest["clip"]["dim"]:
            raise BadCheckpoint(
                f"The text tower has {width} dimensions and the bundle's model {manifest['clip']['dim']}: "
                "they do not fit."
            )
    if "bank.safetensors" in manifest["files"]:
        _check_bank(request.folder, width)
    return [part]


def _check_bank(folder: Path, width: int) -> None:
    from safetensors import safe_open

    with safe_open(folder / "bank.safetensors", "pt") as bank:
        measured = bank.get_slice("relevance").get_shape()[1]
    if measured != width:
        raise BadCheckpoint(
            f"This text-image model has {width} dimensions, and the bundle's directions were measured in "
            f"{measured}."
        )


READERS: dict[str, Callable[[ImportRequest], list[Part]]] = {
    "nvidia": _generator,
    "rosinality": _generator,
    "e4e": _encoder,
    "psp": _encoder,
    "restyle": _encoder,
    "mapper": _mapper,
    "directions": _directions,
    "clip": _clip,
}


EPILOG = """A generator comes first (encoders bring theirs), then a CLIP model, under the same --name; then
the bundle can edit. Directions are optional: without them they are found for each edit. For example:

  python -m editor import nvidia ffhq.pkl --name faces --alignment ffhq --neutral 'a face'
  python -m editor import clip ViT-B-32.pt bpe_simple_vocab_16e6.txt.gz --name faces
  python -m editor directions bundles/faces

BUNDLES_DIR=bundles makes the bot use these bundles; python -m editor bundles --bundles bundles lists them."""


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    kinds = "\n".join(f"  {kind:<11} {text}" for kind, text in KINDS.items())
    made = argparse.ArgumentParser(
        prog="python -m editor import",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Turn published weights into a bundle, or a part of one. No code in a file is run.\n\n"
        f"kinds:\n{kinds}",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("kind", choices=KINDS, metavar="KIND", help="what the file is")
    add("files", nargs="+", type=Path, metavar="FILE", help="the published file or files")
    add("--name", required=True, help="name of the bundle; parts are added to an existing one")
    add("--to", type=Path, metavar="DIR", help="folder of bundles (default: BUNDLES_DIR, else ./bundles)")
    add("--title", help="title of the bundle in lists")
    add("--domain", help="what its pictures show, in the plural: 'portraits of people'")
    add("--licence", help="licence of the weights, shown with the bundle")
    add(
        "--neutral",
        action="append",
        metavar="TEXT",
        help="a plain text of the domain ('a face'); may be repeated",
    )
    add("--languages", nargs="+", metavar="CODE", help="languages of the text-image model (en zh-CN)")
    add("--alignment", choices=ALIGNMENTS, help="ffhq: faces aligned as in FFHQ (default: square)")
    add("--prompt", help="mapper: the prompt it was trained for, if its file does not state it")
    add("--any-generator", action="store_true", help="take a part even if it was made for another generator")
    return made


def main(argv: Sequence[str], bundles_dir: Path = Path("bundles")) -> int:
    """Import one thing. Returns 1 if it was refused."""
    options = parser().parse_args(argv)
    request = ImportRequest(
        options.kind,
        tuple(options.files),
        options.name,
        options.to or bundles_dir,
        options.prompt,
        options.any_generator,
        {name: getattr(options, name) for name in DESCRIPTION},
    )
    try:
        folder, lacking = import_files(request)
    except EditorError as error:
        print(error, file=sys.stderr)
        return 1
    files = " and ".join(path.name for path in request.files)
    print(f"The bundle '{request.name}' in {folder} now contains {files}.")
    print(f"It still lacks {' and '.join(lacking)}." if lacking else "It has all that editing needs.")
    note = preparation_hint(folder, read_manifest(folder))
    if note:
        print(note)
    return 0
