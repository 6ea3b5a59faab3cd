"""Importer of generators in the layout of rosinality's stylegan2-pytorch.

Its own files hold one as ``g_ema``, and e4e, pSp, ReStyle and StyleCLIP checkpoints as ``decoder``. The
network is the same as NVIDIA's StyleGAN2, under other names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.nvidia import assemble, channel_rule, check_filter
from editor.checkpoints.part import LAYOUTS, Part
from editor.checkpoints.records import printable
from editor.checkpoints.tensors import below, describe, read_pt
from editor.networks import stylegan2

MAPPING_RATE = 0.01
"""Learning rate of the mapping network, which this layout does not store."""


def read(path: Path) -> Part:
    """Read a generator's file. Raises BadCheckpoint."""
    loaded = read_pt(path)
    state = loaded.get("g_ema") if isinstance(loaded, Mapping) else None
    if not isinstance(state, Mapping):
        raise BadCheckpoint(
            f"{path.name} is not a rosinality generator (with 'g_ema') but {describe(loaded)}."
        )
    average = loaded.get("latent_avg")
    return generator(dict(state), average if isinstance(average, Tensor) else None, path.name)


def generator(state: Mapping[str, Tensor], average: Tensor | None, source: str) -> Part:
    """Import a generator's state.

    ``average`` is the mean of W, [w_dim] or rows of W+. It is measured if it is None. Raises BadCheckpoint.
    """
    try:
        config = _config(state, source)
        tensors = _tensors(state, config, source)
    except (KeyError, ValueError, IndexError) as error:
        reason = printable(str(error))
        raise BadCheckpoint(f"{source} holds a generator of an unknown layout: {reason}.") from error
    if average is not None:
        tensors["mapping.w_avg"] = average.reshape(-1, config.w_dim)[0]
    return assemble("stylegan2", lambda: stylegan2.Generator(config), tensors, source)


def _number(text: str) -> int:
    """Read the number of a layer. Raises ValueError for a large one, which would make a huge power of 2."""
    if len(text) > 2:
        raise ValueError(f"layer {printable(text)}")
    return int(text)


def _config(state: Mapping[str, Tensor], source: str) -> stylegan2.GeneratorConfig:
    count = 1 + max(_number(name.split(".")[1]) for name in state if name.startswith("to_rgbs."))
    widths = {4: state["conv1.conv.weight"].shape[1]}
    widths |= {2 ** (number + 3): state[f"to_rgbs.{number}.conv.weight"].shape[2] for number in range(count)}
    mapping = sorted(below(state, "style."), key=lambda name: _number(name.split(".")[0]))
    layers = [name for name in mapping if name.endswith(".weight")]
    first = state[f"style.{layers[0]}"]
    base, most = channel_rule(widths, source)
    return stylegan2.GeneratorConfig(
        resolution=2 ** (count + 2),
        z_dim=first.shape[1],
        w_dim=state["conv1.conv.modulation.weight"].shape[1],
        mapping_layers=len(layers),
        mapping_features=first.shape[0],
        mapping_lr=MAPPING_RATE,
        channel_base=base,
        channel_max=most,
        noise=True,
        rgb_upsampling="fir",
    )


def _tensors(
    state: Mapping[str, Tensor], config: stylegan2.GeneratorConfig, source: str
) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(".kernel"):
            check_filter(value, source)
            continue
        ours = _name(name)
        if ours is None:
            raise BadCheckpoint(f"{source} has '{printable(name)}', which does not belong to this layout.")
        if ours.endswith(".noise"):
            value = value[0, 0]
        elif ours.endswith("noise_strength"):
            value = value.reshape(())
        elif re.search(r"(conv\d|torgb)\.weight$", ours):
            value = value[0]
        elif ours.endswith("torgb.bias"):
            value = value.reshape(-1)
        found[ours] = value
    for number in range(2 * len(config.resolutions) - 1):  # old files have no stored noise
        found.setdefault(_noise_name(number), torch.zeros(1).expand(2 * (_noise_side(number),)))
    return found


def _noise_side(number: int) -> int:
    return 2 ** ((number + 5) // 2)


def _noise_name(number: int) -> str:
    return f"synthesis.blocks.b{_noise_side(number)}_conv{(number + 1) % 2}.noise"


def _name(theirs: str) -> str | None:
    """Return our name of one of their tensors."""
    if theirs == "input.input":
        return "synthesis.const"
    fields = LAYOUTS["rosinality"]
    root, _, field = theirs.partition(".")
    number, _, rest = field.partition(".")
    if root == "style":
        return f"mapping.layers.{_number(number) - 1}.{rest}"
    if root == "noises":
        return _noise_name(_number(number.removeprefix("noise_")))
    if root == "convs" and rest in fields:
        layer = _number(number)
        return f"synthesis.blocks.b{2 ** (layer // 2 + 3)}_conv{layer % 2}.{fields[rest]}"
    if root == "to_rgbs" and rest in fields:
        return f"synthesis.blocks.b{2 ** (_number(number) + 3)}_torgb.{fields[rest]}"
    if root in ("conv1", "to_rgb1") and field in fields:
        return f"synthesis.blocks.b4_{'conv1' if root == 'conv1' else 'torgb'}.{fields[field]}"
    return None
