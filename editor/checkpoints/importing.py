"""Published weights become a bundle, or a part of one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open

from editor.api.errors import BadCheckpoint, EditorError
from editor.bundle.loading import load_generator
from editor.bundle.manifest import has_part, read_manifest
from editor.checkpoints import clip, directions, encoders, nvidia, rosinality, styleclip_mapper
from editor.checkpoints.file_signatures import check_format
from editor.checkpoints.installing import check_generator, install
from editor.checkpoints.part import Part
from editor.checkpoints.unpickler import refusal

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImportRequest:
    """One import.

    Attributes:
        kind: a key of ``READERS``.
        root: folder of bundles.
        name: name of the bundle, which is made if it is not there.
        prompt: what a mapper was trained for, if its file does not state it.
        any_generator: take the part even if it was made for another generator.
        description: fields of ``bundle.toml`` to set; None leaves a field alone.
    """

    kind: str
    files: tuple[Path, ...]
    root: Path
    name: str
    prompt: str | None = None
    any_generator: bool = False
    description: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The bundle's folder."""
        return self.root / self.name

    @property
    def source(self) -> str:
        """Name of the first file, for messages."""
        return self.files[0].name


def import_files(request: ImportRequest) -> None:
    """Import files into a bundle. Raises EditorError with nothing changed."""
    single = request.kind not in ("directions", "clip")
    if single and len(request.files) != 1:
        raise BadCheckpoint(f"'{request.kind}' takes one file, not {len(request.files)}.")
    for path in request.files:
        if not path.exists():
            raise BadCheckpoint(f"There is no file {path}.")
        if single:
            check_format(path, pickled=request.kind == "nvidia")
    try:
        parts = READERS[request.kind](request)
    except EditorError:
        raise
    except Exception as error:  # others made the file; it may break any rule
        logger.debug("The import of %s failed.", request.source, exc_info=True)
        raise refusal(request.files[0], error) from error
    install(request.root, request.name, parts, request.description)


def _has_generator(folder: Path) -> bool:
    return (folder / "bundle.toml").exists() and has_part(read_manifest(folder), "generator")


def _require_generator(folder: Path) -> None:
    if not _has_generator(folder):
        raise BadCheckpoint(f"The bundle '{folder.name}' has no generator yet; please import that first.")


def _generator(request: ImportRequest) -> list[Part]:
    part = nvidia.read(request.files[0]) if request.kind == "nvidia" else rosinality.read(request.files[0])
    replaces = not request.any_generator and _has_generator(request.folder)
    if replaces and set(read_manifest(request.folder)["files"]) != {"generator.safetensors"}:
        raise BadCheckpoint(
            f"The bundle '{request.folder.name}' already has a generator, and parts made for it; choose "
            "another name."
        )
    return [part]


def _with_generator(part: Part, generator: Part | None, request: ImportRequest) -> list[Part]:
    """Return the part, and its own generator if the bundle has none yet.

    Raises BadCheckpoint if they do not fit.
    """
    if generator is not None and not _has_generator(request.folder):
        return [generator, part]
    _require_generator(request.folder)
    if generator is not None and not request.any_generator:
        check_generator(request.folder, part, generator, request.source)
    return [part]


def _encoder(request: ImportRequest) -> list[Part]:
    part, generator = encoders.read(request.files[0], request.kind)  # type: ignore[arg-type]
    return _with_generator(part, generator, request)


def _mapper(request: ImportRequest) -> list[Part]:
    part, generator = styleclip_mapper.read(request.files[0], request.prompt)
    parts = _with_generator(part, generator, request)
    table = parts[0].table if len(parts) == 2 else read_manifest(request.folder)["generator"]
    styleclip_mapper.check_widths(part, table, request.source)
    return parts


def _directions(request: ImportRequest) -> list[Part]:
    _require_generator(request.folder)
    manifest = read_manifest(request.folder)
    width = int(manifest["clip"]["dim"]) if has_part(manifest, "clip") else None
    return [directions.read(request.files, load_generator(request.folder, manifest), width)]


def _clip(request: ImportRequest) -> list[Part]:
    _require_generator(request.folder)
    part = clip.read(request.files)
    manifest, width = read_manifest(request.folder), part.table["dim"]
    if part.name == "text":
        if not has_part(manifest, "clip"):
            raise BadCheckpoint("A text tower alone cannot see; please import a CLIP model first.")
        if width != manifest["clip"]["dim"]:
            raise BadCheckpoint(
                f"The text tower has {width} dimensions and the bundle's model {manifest['clip']['dim']}: "
                "they do not fit."
            )
    if has_part(manifest, "bank"):
        with safe_open(request.folder / "bank.safetensors", "pt") as bank:
            measured = bank.get_slice("relevance").get_shape()[1]
        if measured != width:
            raise BadCheckpoint(
                f"This text-image model has {width} dimensions, and the bundle's directions were measured in "
                f"{measured}."
            )
    return [part]


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
