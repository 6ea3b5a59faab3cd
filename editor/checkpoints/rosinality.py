"""Generators in the layout of rosinality's stylegan2-pytorch: the ``g_ema`` of its own files, and the ``decoder`` inside
e4e, pSp, ReStyle and StyleCLIP checkpoints. The same network as NVIDIA's under other names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.part import Part, fit
from editor.checkpoints.tensors import below, read_pt, recognise
from editor.networks import generators, stylegan2

MAPPING_RATE = 0.01
"""The mapping network's learning rate, which this layout does not store."""


def read(path: Path) -> Part:
    """A generator's file. Raises BadCheckpoint."""
    loaded = read_pt(path)
    state = loaded.get("g_ema") if isinstance(loaded, Mapping) else None
    if not isinstance(state, Mapping):
        raise BadCheckpoint(
            f"{path.name} is no rosinality generator (it has no 'g_ema') but {recognise(loaded)}."
        )
    average = loaded.get("latent_avg")
    return generator(dict(state), average if isinstance(average, Tensor) else None, path.name)


def generator(state: Mapping[str, Tensor], average: Tensor | None, source: str) -> Part:
    """The part for a generator's state. ``average``: the mean of W, [w_dim] or a row of W+; measured where absent."""
    try:
        config = _config(state, source)
    except (KeyError, ValueError, IndexError) as error:
        raise BadCheckpoint(
            f"{source} holds a generator of a layout that is not known here: {error}."
        ) from error
    tensors = _tensors(state, config)
    tensors["mapping.w_avg"] = (
        torch.zeros(config.w_dim) if average is None else average.reshape(-1, config.w_dim)[0]
    )
    module = stylegan2.Generator(config)
    made = fit(module, tensors, source)
    if average is None:
        made["mapping.w_avg"] = generators.w_statistics(module)[0]
    return Part("generator", made, {"kind": "stylegan2", **config.as_dict()})


def _config(state: Mapping[str, Tensor], source: str) -> stylegan2.GeneratorConfig:
    count = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("to_rgbs."))
    resolution = 2 ** (count + 2)
    widths = {4: state["conv1.conv.weight"].shape[1]}
    widths |= {2 ** (number + 3): state[f"to_rgbs.{number}.conv.weight"].shape[2] for number in range(count)}
    mapping = sorted(below(state, "style."), key=lambda name: int(name.split(".")[0]))
    layers = [name for name in mapping if name.endswith(".weight")]
    first = state[f"style.{layers[0]}"]
    most = max(widths.values())
    base = max((width * side for side, width in widths.items() if width < most), default=most * resolution)
    config = stylegan2.GeneratorConfig(
        resolution=resolution,
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
    if any(config.channels(side) != width for side, width in widths.items()):
        raise BadCheckpoint(f"{source} has feature maps in numbers that follow no known rule: {widths}.")
    return config


def _tensors(state: Mapping[str, Tensor], config: stylegan2.GeneratorConfig) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith(".kernel"):  # of the resampling filters, always the same
            continue
        ours = _name(name)
        if ours is None:
            raise BadCheckpoint(f"The generator has '{name}', which this layout has no place for.")
        if ours.endswith(".noise"):
            value = value[0, 0]
        elif ours.endswith("noise_strength"):
            value = value.reshape(())
        elif re.search(r"(conv\d|torgb)\.weight$", ours):
            value = value[0]
        elif ours.endswith("torgb.bias"):
            value = value.reshape(-1)
        found[ours] = value
    for number in range(2 * len(config.resolutions) - 1):  # old files come without stored noise
        found.setdefault(_noise(number), torch.zeros(2 * (_side(number),)))
    return found


def _side(number: int) -> int:
    return 2 ** ((number + 5) // 2)


def _noise(number: int) -> str:
    return f"synthesis.blocks.b{_side(number)}_{'conv1' if number % 2 == 0 else 'conv0'}.noise"


CONV_FIELDS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "affine.weight",
    "conv.modulation.bias": "affine.bias",
    "noise.weight": "noise_strength",
    "activate.bias": "bias",
    "bias": "bias",
}


def _name(theirs: str) -> str | None:
    """Our name of one of their tensors."""
    if theirs == "input.input":
        return "synthesis.const"
    root, _, field = theirs.partition(".")
    number, _, rest = field.partition(".")
    if root == "style":
        return f"mapping.layers.{int(number) - 1}.{rest}"
    if root == "noises":
        return _noise(int(number.removeprefix("noise_")))
    if root == "convs" and rest in CONV_FIELDS:
        return f"synthesis.blocks.b{2 ** (int(number) // 2 + 3)}_conv{int(number) % 2}.{CONV_FIELDS[rest]}"
    if root == "to_rgbs" and rest in CONV_FIELDS:
        return f"synthesis.blocks.b{2 ** (int(number) + 3)}_torgb.{CONV_FIELDS[rest]}"
    if root in ("conv1", "to_rgb1") and field in CONV_FIELDS:
        return f"synthesis.blocks.b4_{'conv1' if root == 'conv1' else 'torgb'}.{CONV_FIELDS[field]}"
    return None
