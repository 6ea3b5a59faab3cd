"""Installation of parts into a bundle's folder: all of them or none, and only with the generator they were
made for."""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from editor.api.errors import BadCheckpoint, DiskFull, EditorError
from editor.bundle.manifest import read_manifest, write_manifest
from editor.checkpoints.part import Part
from editor.networks import generators

THRESHOLDS = {"standard_gain": 4.0, "shown": 27.0, "domain_similarity": 0.6, "domain_psnr": 14.0}
"""Thresholds for a published CLIP, whose logits are 100 times the cosine. They follow the authors' examples
and were not measured; ``python -m editor evaluate`` on real weights measures them."""
NEUTRAL = ("a picture", "a photo", "an image", "something")
MAX_DIFFERENCE = 1e-3
"""Largest difference between the weights of a generator and a converted copy of it."""
LEFTOVER_SECONDS = 3600.0
"""Age from which the temporary folder of an import belongs to one that was killed."""


def open_generator(folder: Path) -> generators.Generator:
    """Load the generator of a bundle's folder, frozen. Raises BadCheckpoint."""
    manifest = read_manifest(folder)
    if "generator.safetensors" not in manifest["files"]:
        raise BadCheckpoint(f"The bundle '{folder.name}' has no generator yet; please import that first.")
    generator = generators.build(manifest["generator"])
    tensors = load_file(folder / "generator.safetensors")
    generator.load_state_dict({name: value.float() for name, value in tensors.items()})
    return generator.eval().requires_grad_(False)


def check_generator(folder: Path, part: Part, generator: Part, source: str) -> None:
    """Compare a part's own generator with the bundle's, by layout and weights. Raises BadCheckpoint."""
    what = {"prompts": "mapper"}.get(part.name, part.name)
    mine, theirs = read_manifest(folder)["generator"], generator.table
    for field in ("resolution", "w_dim", "channel_base", "channel_max"):
        if mine.get(field) != theirs.get(field):
            raise BadCheckpoint(
                f"The {what} in {source} was made for a generator with {field} {theirs.get(field)}; that of "
                "the bundle "
                f"'{folder.name}' has {mine.get(field)}."
            )
    kept = load_file(folder / "generator.safetensors")
    for name in ("synthesis.const", "synthesis.blocks.b4_conv1.weight"):
        if not torch.allclose(kept[name].float(), generator.tensors[name].float(), atol=MAX_DIFFERENCE):
            raise BadCheckpoint(
                f"The {what} in {source} was made for another generator than that of the bundle "
                f"'{folder.name}': same "
                f"layout, other weights. Use --any-generator to import it anyway."
            )


def install(root: Path, name: str, parts: Sequence[Part], description: Mapping[str, Any]) -> Path:
    """Add parts to the bundle ``root``/``name``, which is created if needed.

    The new bundle is written and read back first, and replaces the old one only then.

    Args:
        root: folder of bundles.
        name: letters, digits, - and _.
        parts: what to add; parts of the same name are replaced.
        description: fields of ``bundle.toml`` to set, such as title and licence; None leaves a field alone.

    Returns:
        The bundle's folder.

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
            _copy(folder, made)
            _write(made, parts, description)
            _check_written(made)
            _swap(made, folder, Path(temporary) / "before")
    except UnicodeEncodeError as error:
        raise BadCheckpoint("The texts of a bundle must be valid Unicode.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull() from error
        raise EditorError(f"The bundle '{name}' could not be written: {error.strerror or error}.") from error
    return folder


def _clean_up(root: Path, name: str) -> None:
    """Remove what a killed import left, and restore the bundle if it was killed while swapping."""
    for leftover in root.glob(f".{name}-????????"):
        if time.time() - leftover.stat().st_mtime < LEFTOVER_SECONDS:
            continue
        if (leftover / "before").exists() and not (root / name).exists():
            (leftover / "before").rename(root / name)
        shutil.rmtree(leftover, ignore_errors=True)


def _copy(folder: Path, made: Path) -> None:
    """Copy the bundle by hard links, so that parts that stay take no space."""
    if folder.exists():
        shutil.copytree(folder, made, copy_function=_link)
    else:
        made.mkdir()


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _write(made: Path, parts: Sequence[Part], description: Mapping[str, Any]) -> None:
    manifest = _manifest(made, description)
    for part in parts:
        if part.name == "prompts":
            _add_prompt(made, manifest, part)
            continue
        _replace(made / f"{part.name}.safetensors", partial(save_file, _without_sharing(part.tensors)))
        for file, text in part.texts.items():
            _replace(made / file, partial(_write_text, text))
        manifest[part.name] = part.table
    (made / "bundle.toml").unlink(missing_ok=True)
    write_manifest(made, manifest)


def _check_written(made: Path) -> None:
    """Read ``bundle.toml`` back.

    Raises BadCheckpoint for numbers that are not finite, or values that TOML cannot hold.
    """
    try:
        manifest = tomllib.loads((made / "bundle.toml").read_text(encoding="utf-8"))
        waiting: list[Any] = [manifest]
        while waiting:
            value = waiting.pop()
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError("a number that is not finite")
            waiting += value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    except ValueError as error:
        raise BadCheckpoint(f"The file has settings that a bundle cannot hold: {error}.") from error


def _without_sharing(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors that share their numbers: safetensors files cannot hold one tensor under two names."""
    seen: set[int] = set()
    found = {}
    for name, tensor in tensors.items():
        found[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    return found


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a new file. The old one is a hard link, and writing into it would change the old bundle."""
    path.unlink(missing_ok=True)
    write(path)
    path.chmod(0o644)  # safetensors makes files that only the owner can read


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


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
    kept |= {f"{place}.{name}": value for name, value in part.tensors.items()}
    _replace(path, partial(save_file, kept))
    manifest["prompts"] = {"prompts": prompts, "nets": nets}


def _manifest(made: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    path = made / "bundle.toml"
    usual = {
        "title": made.name,
        "domain": "pictures",
        "licence": "unknown; see where the files came from",
        "examples": [],
        "neutral": list(NEUTRAL),
        "languages": ["en"],
        "thresholds": dict(THRESHOLDS),
    }
    kept = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept.pop("files", None)
    return usual | kept | {name: value for name, value in description.items() if value is not None}


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
