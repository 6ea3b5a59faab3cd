"""``bundle.toml``: what a bundle's folder contains, and the fingerprint of every file in it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from editor.api.errors import BadCheckpoint
from editor.api.protocol import BundleInfo, MethodName

EMBEDDED = Path(__file__).parents[1] / "bundles"
"""The bundles that come with the package. Its folder ``text`` holds the text tower that they share."""
PARTS = ("generator", "encoder", "clip", "text", "bank", "mapper", "prompts")
"""Parts with weights, ``NAME.safetensors`` each."""
SETTINGS = ("clip.json", "tokenizer.json", "text.json", "text_tokenizer.json")
"""Settings and vocabularies of a published text-image model."""
REQUIRED = {"generator": "a generator", "clip": "a text-image model"}
"""Parts without which nothing can be edited, in words.

Without an encoder, inversion begins at the mean of W. Without directions, they are measured for each prompt
on demand.
"""
OPTIONAL_METHODS: dict[str, MethodName] = {"prompts": "prompt-mapper", "mapper": "mapper"}
"""Parts that add an editing method."""


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read ``bundle.toml`` and check the fingerprints of its files.

    Raises BadCheckpoint if it cannot be read, or a file is missing or altered.
    """
    try:
        manifest = tomllib.loads((folder / "bundle.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadCheckpoint(f"'{folder.name}' is not a bundle: it has no readable bundle.toml.") from error
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or file_hash(path) != expected:
            raise BadCheckpoint(f"The file {name} of the bundle '{folder.name}' is missing or was altered.")
    return manifest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write ``bundle.toml`` with the fingerprints of the files; each dict becomes a table.

    Raises TOMLDecodeError for values that TOML cannot hold, such as numbers that are not finite.
    """
    names = sorted([*(f"{part}.safetensors" for part in PARTS), *SETTINGS])
    hashes = {name: file_hash(folder / name) for name in names if (folder / name).is_file()}
    data = {**manifest, "files": hashes}
    lines, tables = [], []
    for key, value in data.items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f'"{name}" = {_toml(entry)}' for name, entry in value.items())]
        else:
            lines.append(f"{key} = {_toml(value)}")
    text = "\n".join(lines + tables) + "\n"
    tomllib.loads(text)
    (folder / "bundle.toml").write_text(text, encoding="utf-8")


def _toml(value: Any) -> str:
    """Strings, numbers, booleans and flat lists are the same in JSON and TOML."""
    return json.dumps(value, ensure_ascii=False)


def has_part(manifest: Mapping[str, Any], part: str) -> bool:
    """Return whether a bundle has the weights of a part."""
    return f"{part}.safetensors" in manifest["files"]


def missing_parts(manifest: Mapping[str, Any]) -> list[str]:
    """List the parts that a bundle still lacks before it can edit, in words."""
    return [words for part, words in REQUIRED.items() if not has_part(manifest, part)]


def preparation_hint(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """Return how to measure missing directions; None if a bundle has them or cannot edit yet."""
    if missing_parts(manifest) or has_part(manifest, "bank"):
        return None
    return (
        "It has no directions. They are measured for each prompt on its first use, which is slow on a CPU. "
        f"python -m editor directions {folder} measures all of them once."
    )


def bundle_info(folder: Path, manifest: Mapping[str, Any]) -> BundleInfo:
    """Return the description of a bundle that ``GET /v1/bundles`` lists."""
    optional = tuple(method for part, method in OPTIONAL_METHODS.items() if has_part(manifest, part))
    return BundleInfo(
        name=folder.name,
        title=manifest["title"],
        domain=manifest["domain"],
        licence=manifest["licence"],
        resolution=manifest["generator"]["resolution"],
        examples=tuple(manifest["examples"]),
        methods=(*optional, "direction"),
        fingerprint=manifest["files"]["generator.safetensors"][:16],
        languages=tuple(manifest.get("languages", ("en",))),
    )


def find_bundles(folders: Sequence[Path]) -> list[Path]:
    """List the folders of all bundles, the embedded ones first.

    A later bundle replaces an earlier one of its name.
    """
    found: dict[str, Path] = {}
    for root in (EMBEDDED, *folders):
        for manifest in sorted(root.glob("*/bundle.toml")):
            found[manifest.parent.name] = manifest.parent
    return list(found.values())
