"""Installation of parts into a bundle's folder: all of them or none, and only with the generator they were
made for."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from editor.api.errors import BadCheckpoint, DiskFull, EditorError
from editor.bundle.manifest import read_manifest, write_manifest
from editor.checkpoints.part import Part

THRESHOLDS = {"standard_gain": 4.0, "shown": 27.0, "domain_similarity": 0.6, "domain_psnr": 14.0}
"""Thresholds for a published CLIP, whose logits are 100 times the cosine. They follow the authors' examples
and were not measured; ``python -m editor evaluate`` on real weights measures them."""
NEUTRAL = ("a picture", "a photo", "an image", "something")
MAX_DIFFERENCE = 1e-3
"""Largest difference between the weights of a generator and a converted copy of it."""
LEFTOVER_SECONDS = 3600.0
"""Age from which the temporary folder of an import belongs to one that was killed."""


def check_generator(folder: Path, part: Part, generator: Part, source: str) -> None:
    """Compare a part's own generator with the bundle's, by layout and weights. Raises BadCheckpoint."""
    what = {"prompts": "mapper"}.get(part.name, part.name)
    mine, theirs = read_manifest(folder)["generator"], generator.table
    for field in ("resolution", "w_dim", "channel_base", "channel_max"):
        if mine.get(field) != theirs.get(field):
            raise BadCheckpoint(
                f"The {what} in {source} was made for a generator with {field} {theirs.get(field)}; that of "
                f"the bundle '{folder.name}' has {mine.get(field)}."
            )
    kept = load_file(folder / "generator.safetensors")
    for name in ("synthesis.const", "synthesis.blocks.b4_conv1.weight"):
        if not torch.allclose(kept[name].float(), generator.tensors[name].float(), atol=MAX_DIFFERENCE):
            raise BadCheckpoint(
                f"The {what} in {source} was made for another generator than that of the bundle "
                f"'{folder.name}': same layout, other weights. Use --any-generator to import it anyway."
            )


def install(root: Path, name: str, parts: Sequence[Part], description: Mapping[str, Any]) -> None:
    """Add parts to the bundle ``root``/``name``, which is made if needed; parts of one name are replaced.

    The new bundle is written first, and replaces the old one only then. ``description`` are fields of
    ``bundle.toml``; None leaves a field alone.

    Raises:
        EditorError: the bundle is as it was before.
    """
    folder = root / name
    if not name.replace("-", "").replace("_", "").isalnum():
        raise BadCheckpoint(f"'{name}' cannot be the name of a bundle: use letters, digits, - and _ only.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        _clean_up(root, name)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as temporary:
            made = Path(temporary) / name
            if folder.exists():  # by hard links, so that parts that stay take no space
                shutil.copytree(folder, made, copy_function=_link)
            made.mkdir(exist_ok=True)
            _write(made, parts, description)
            _swap(made, folder, Path(temporary) / "before")
    except UnicodeEncodeError as error:
        raise BadCheckpoint("The texts of a bundle must be valid Unicode.") from error
    except tomllib.TOMLDecodeError as error:
        raise BadCheckpoint(f"The file has settings that a bundle cannot hold: {error}.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull() from error
        raise EditorError(f"The bundle '{name}' could not be written: {error.strerror or error}.") from error


def _clean_up(root: Path, name: str) -> None:
    """Remove what a killed import left, and restore the bundle if it was killed while swapping."""
    for leftover in root.glob(f".{name}-????????"):
        if time.time() - leftover.stat().st_mtime < LEFTOVER_SECONDS:
            continue
        if (leftover / "before").exists() and not (root / name).exists():
            (leftover / "before").rename(root / name)
        shutil.rmtree(leftover, ignore_errors=True)


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _write(made: Path, parts: Sequence[Part], description: Mapping[str, Any]) -> None:
    manifest = _manifest(made)
    for part in parts:
        if part.name == "prompts":
            _add_prompt(made, manifest, part)
            continue
        _save(made / f"{part.name}.safetensors", part.tensors)
        for file, text in part.texts.items():
            _without_old(made / file).write_text(text, encoding="utf-8")
        manifest[part.name] = part.table
    manifest |= {name: value for name, value in description.items() if value is not None}
    _without_old(made / "bundle.toml")
    write_manifest(made, manifest)


def _manifest(made: Path) -> dict[str, Any]:
    """Return the fields of ``bundle.toml``, or those of a new bundle."""
    path = made / "bundle.toml"
    kept = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept.pop("files", None)
    return {
        "title": made.name,
        "domain": "pictures",
        "licence": "unknown; see where the files came from",
        "examples": [],
        "neutral": list(NEUTRAL),
        "languages": ["en"],
        "thresholds": dict(THRESHOLDS),
    } | kept


def _without_old(path: Path) -> Path:
    """Remove an old file. It is a hard link, and writing into it would change the old bundle."""
    path.unlink(missing_ok=True)
    return path


def _save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors. Those that share their numbers are copied, which safetensors files require."""
    seen: set[int] = set()
    single = {}
    for name, tensor in tensors.items():
        single[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    save_file(single, _without_old(path))
    path.chmod(0o644)  # safetensors makes files that only the owner can read


def _add_prompt(made: Path, manifest: dict[str, Any], part: Part) -> None:
    """Add a mapper to those of the bundle. One for the same prompt is replaced."""
    path = made / "prompts.safetensors"
    kept = load_file(path) if path.exists() else {}
    table = dict(manifest.get("prompts") or {"prompts": [], "nets": []})
    prompts, nets = list(table["prompts"]), list(table["nets"])
    prompt = part.table["prompt"]
    place = prompts.index(prompt) if prompt in prompts else len(prompts)
    layout = ",".join(f"{net}:{width}" for net, width in part.table["nets"].items())
    prompts[place:], nets[place:] = [prompt, *prompts[place + 1 :]], [layout, *nets[place + 1 :]]
    kept = {name: value for name, value in kept.items() if not name.startswith(f"{place}.")}
    _save(path, kept | {f"{place}.{name}": value for name, value in part.tensors.items()})
    manifest["prompts"] = {"prompts": prompts, "nets": nets}


def _swap(made: Path, folder: Path, before: Path) -> None:
    """Put the finished folder in place of the old one. If that fails, the old one comes back."""
    if folder.exists():
        folder.rename(before)
    try:
        made.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
