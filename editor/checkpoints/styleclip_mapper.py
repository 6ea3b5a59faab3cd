"""StyleCLIP's mapper checkpoints, one prompt each, with the generator inside that they were trained for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import rosinality
from editor.checkpoints.part import Part, fit
from editor.checkpoints.tensors import below, read_pt, recognise
from editor.networks.styleclip_mapper import StyleClipMapper

LEVEL_NAMES = {
    "course_mapping": "coarse",
    "coarse_mapping": "coarse",
    "medium_mapping": "medium",
    "fine_mapping": "fine",
}
"""As the published code spells them."""
NET = re.compile(r"(?:(\w+_mapping|mapper_\d+|mapping)\.)?mapping\.(\d+)\.(weight|bias)")
MOST_PROMPT = 300


def read(path: Path, prompt: str | None = None) -> tuple[Part, Part | None]:
    """The mapper, and its generator where the file has it. ``prompt`` is the wish it was trained for, if the file does
    not say. Raises BadCheckpoint."""
    loaded = read_pt(path)
    state = loaded.get("state_dict") if isinstance(loaded, Mapping) else None
    found = below(state, "mapper.") if isinstance(state, Mapping) else {}
    if not found:
        raise BadCheckpoint(f"{path.name} is not a StyleCLIP mapper but {recognise(loaded)}.")
    text = prompt or _described(loaded.get("opts"))
    if not text:
        raise BadCheckpoint(f"{path.name} does not say which wish it was trained for; name it with --prompt.")
    tensors, widths = _tensors(found, path.name)
    part = Part(
        "prompts",
        fit(StyleClipMapper(widths), tensors, path.name),
        {"prompt": text[:MOST_PROMPT], "nets": widths},
    )
    decoder = below(state, "decoder.")  # type: ignore[arg-type]
    return part, rosinality.generator(decoder, None, path.name) if decoder else None


def _described(options: Any) -> str | None:
    given = (
        options.get("description") if isinstance(options, Mapping) else getattr(options, "description", None)
    )
    text = (
        "".join(letter for letter in given if letter.isprintable()).strip() if isinstance(given, str) else ""
    )
    return text or None


def _tensors(found: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], dict[str, int]]:
    """Tensors under our names, and each network's width."""
    tensors: dict[str, Tensor] = {}
    widths: dict[str, int] = {}
    for name, value in found.items():
        match = NET.fullmatch(name)
        if match is None or ((match[1] or "").endswith("_mapping") and match[1] not in LEVEL_NAMES):
            raise BadCheckpoint(f"{source} has '{name}', which no StyleCLIP mapper has.")
        root = match[1] or "mapping"
        net = "all" if root == "mapping" else LEVEL_NAMES.get(root, root.removeprefix("mapper_"))
        tensors[f"nets.{net}.layers.{int(match[2]) - 1}.{match[3]}"] = value
        widths[net] = value.shape[-1]
    return tensors, widths
