"""Putting parts into a bundle's folder: all of it or nothing, and no part beside a generator it was not made for."""

from __future__ import annotations

import os
import shutil
import tempfile
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
"""For a published CLIP, whose logits are 100 times the cosine: what its authors' examples suggest, not measured here.
``python -m editor evaluate`` on real weights is what should replace them."""
NEUTRAL = ("a picture", "a photo", "an image", "something")
SAME = 1e-3
"""Largest difference of two generators' weights that are the same but for a conversion."""


def open_generator(folder: Path) -> generators.Generator:
    """The generator of a bundle's folder, in eval mode. Raises BadCheckpoint."""
    manifest = read_manifest(folder)
    if "generator.safetensors" not in manifest["files"]:
        raise BadCheckpoint(f"The bundle '{folder.name}' has no generator yet; import that first.")
    generator = generators.build(manifest["generator"])
    generator.load_state_dict(
        {name: value.float() for name, value in load_file(folder / "generator.safetensors").items()}
    )
    return generator.eval().requires_grad_(False)


def check_generator(folder: Path, part: Part, generator: Part, source: str) -> None:
    """Refuse a part whose own generator is not the bundle's: by layout, then by its weights. Raises BadCheckpoint."""
    manifest = read_manifest(folder)
    what = {"prompts": "mapper"}.get(part.name, part.name)
    mine, theirs = manifest["generator"], generator.table
    for field in ("resolution", "w_dim", "channel_base", "channel_max"):
        if mine.get(field) != theirs.get(field):
            raise BadCheckpoint(
                f"The {what} in {source} was made for a generator with {field} {theirs.get(field)}; that of the bundle "
                f"'{folder.name}' has {mine.get(field)}."
            )
    kept = load_file(folder / "generator.safetensors")
    for name in ("synthesis.const", "synthesis.blocks.b4_conv1.weight"):
        if not torch.allclose(kept[name].float(), generator.tensors[name].float(), atol=SAME):
            raise BadCheckpoint(
                f"The {what} in {source} was made for another generator than the bundle '{folder.name}' has: same "
                f"layout, other weights. --any-generator takes it all the same."
            )


def install(root: Path, name: str, parts: Sequence[Part], **said: Any) -> Path:
    """Add parts to the bundle ``root``/``name``, made if it is not there. ``said``: title, domain, licence, neutral,
    languages, where given. Raises EditorError with the bundle as it was before."""
    folder = root / name
    if not name.replace("-", "").replace("_", "").isalnum():
        raise BadCheckpoint(f"'{name}' cannot be the name of a bundle: letters, digits, - and _ only.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root) as temporary:
            made = Path(temporary) / name
            _copy(folder, made)
            _write(made, parts, said)
            _swap(made, folder, Path(temporary) / "before")
    except OSError as error:
        if error.errno == 28:
            raise DiskFull() from error
        raise EditorError(f"The bundle '{name}' could not be written: {error.strerror or error}.") from error
    return folder


def _copy(folder: Path, made: Path) -> None:
    """The bundle so far, by hard links: what is not replaced costs no space."""
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


def _write(made: Path, parts: Sequence[Part], said: dict[str, Any]) -> None:
    manifest = _manifest(made, said)
    for part in parts:
        if part.name == "prompts":
            _add_prompt(made, manifest, part)
            continue
        _replace(made / f"{part.name}.safetensors", partial(save_file, _apart(part.tensors)))
        for file, text in part.texts.items():
            _replace(made / file, partial(_write_text, text))
        manifest[part.name] = part.table
    (made / "bundle.toml").unlink(missing_ok=True)
    write_manifest(made, manifest)


def _apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, each with numbers of its own: files may hold one tensor under several names, bundles may not."""
    seen: set[int] = set()
    found = {}
    for name, tensor in tensors.items():
        found[name] = tensor.clone() if tensor.data_ptr() in seen else tensor
        seen.add(tensor.data_ptr())
    return found


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """A linked file is never written into: the old bundle still has it."""
    path.unlink(missing_ok=True)
    write(path)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")


def _add_prompt(made: Path, manifest: dict[str, Any], part: Part) -> None:
    """One more mapper beside those that are there; the same prompt again takes its place."""
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


def _manifest(made: Path, said: dict[str, Any]) -> dict[str, Any]:
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
    return usual | kept | {name: value for name, value in said.items() if value is not None}


def _swap(made: Path, folder: Path, before: Path) -> None:
    """The finished folder takes the old one's place; should that fail, the old one comes back."""
    if folder.exists():
        folder.rename(before)
    try:
        made.rename(folder)
    except OSError:
        if before.exists():
            before.rename(folder)
        raise
