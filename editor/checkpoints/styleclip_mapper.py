"""Importer of StyleCLIP's mappers: one prompt each, with the generator that they were trained for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import rosinality
from editor.checkpoints.part import LAYOUTS, Part, empty, fit
from editor.checkpoints.records import printable
from editor.checkpoints.tensors import below, describe, options_of, read_pt, state_of
from editor.networks import generators
from editor.networks.styleclip_mapper import StyleClipMapper

NET = re.compile(r"(?:(\w+_mapping|mapper_\d{1,3}|mapping)\.)?mapping\.(\d{1,3})\.(weight|bias)")
MAX_PROMPT = 300


def read(path: Path, prompt: str | None = None) -> tuple[Part, Part | None]:
    """Read a mapper, and its generator if the file has one.

    ``prompt`` is what the mapper was trained for, if the file does not state it. Raises BadCheckpoint.
    """
    loaded = read_pt(path)
    state = state_of(loaded)
    found, decoder = below(state, "mapper."), below(state, "decoder.")
    if not found:
        raise BadCheckpoint(f"{path.name} is not a StyleCLIP mapper but {describe(loaded)}.")
    stated = options_of(loaded).get("description")
    text = prompt or (printable(stated, MAX_PROMPT).strip() if isinstance(stated, str) else "")
    if not text:
        raise BadCheckpoint(
            f"{path.name} does not state the prompt it was trained for; add it with --prompt."
        )
    tensors, widths = _tensors(found, path.name)
    made = fit(empty(lambda: StyleClipMapper(widths)), tensors, path.name)
    generator = rosinality.generator(decoder, None, path.name) if decoder else None
    return Part("prompts", made, {"prompt": text[:MAX_PROMPT], "nets": widths}), generator


def check_widths(part: Part, generator: Mapping[str, Any], source: str) -> None:
    """Raise BadCheckpoint if the mapper does not fit a generator's table: its rows, or its style layers."""
    layers = empty(lambda: generators.build(generator)).synthesis.layers
    for net, width in part.table["nets"].items():
        if not net.isdigit():
            wanted = generator["w_dim"]
        elif int(net) < len(layers):
            wanted = layers[int(net)].stop - layers[int(net)].start
        else:
            raise BadCheckpoint(
                f"{source} moves style layer {net}, which the bundle's generator does not have."
            )
        if width != wanted:
            raise BadCheckpoint(
                f"{source} does not fit the bundle's generator: its network '{net}' has {width} channels, "
                f"not {wanted}."
            )


def _tensors(found: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], dict[str, int]]:
    """Return the tensors under our names, and the width of each network."""
    tensors: dict[str, Tensor] = {}
    widths: dict[str, int] = {}
    levels = LAYOUTS["mapper"]
    for name, value in found.items():
        match = NET.fullmatch(name)
        if match is None or ((match[1] or "").endswith("_mapping") and match[1] not in levels):
            raise BadCheckpoint(f"{source} has '{printable(name)}', which no StyleCLIP mapper has.")
        root = match[1] or "mapping"
        net = "all" if root == "mapping" else levels.get(root, root.removeprefix("mapper_"))
        tensors[f"nets.{net}.layers.{int(match[2]) - 1}.{match[3]}"] = value
        widths[net] = value.shape[-1]
    return tensors, widths
