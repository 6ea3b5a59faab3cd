"""Importer of NVIDIA's network pickles: stylegan2-ada-pytorch and stylegan3 (StyleGAN2 of either, StyleGAN3-T
and -R).

Only the state of the pickled modules is used. Their source text, which the file also holds, is never
compiled. Sizes come from the modules' attributes, since the two repositories have different defaults.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import tensorflow
from editor.checkpoints.part import Part, empty, fit
from editor.checkpoints.records import Record, printable
from editor.checkpoints.unpickler import read_pickle
from editor.networks import generators, stylegan2, stylegan3

FIR = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def read(path: Path) -> Part:
    """Read the averaged generator (``G_ema``) of a network pickle. Raises BadCheckpoint."""
    loaded = read_pickle(path)
    if isinstance(loaded, tuple) and [getattr(net, "kind", "") for net in loaded] == ["Network"] * 3:
        return tensorflow.generator(loaded[2], path.name)
    network = loaded.get("G_ema") if isinstance(loaded, dict) else loaded
    if not isinstance(network, Record) or not isinstance(network.get("synthesis"), Record):
        raise BadCheckpoint(f"{path.name} holds no generator of NVIDIA's ('G_ema').")
    try:
        return generator(network, path.name)
    except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        reason = printable(str(error))
        raise BadCheckpoint(f"{path.name} holds a generator of an unknown layout: {reason}.") from error


def generator(network: Record, source: str) -> Part:
    """Import a pickled generator."""
    synthesis, mapping = network.get("synthesis"), network.get("mapping")
    if network.get("img_channels") != 3:
        channels = printable(network.get("img_channels"))
        raise BadCheckpoint(
            f"{source} makes pictures of {channels} channels; only colour ones can be edited."
        )
    for number in range(_integer(mapping, "num_layers", 64)):
        _expect(source, "activation", mapping.get(f"fc{number}").get("activation"), "lrelu")
    build = _stylegan2 if synthesis.get("input") is None else _stylegan3
    return build(network, synthesis, mapping, source)


def _expect(source: str, what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise BadCheckpoint(f"{source} uses {what} '{printable(found)}'; only '{wanted}' is supported.")


def _integer(record: Record, name: str, most: int) -> int:
    value = record.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{name} is {printable(value)}")
    return value


def assemble(
    kind: str, build: Callable[[], generators.Generator], tensors: dict[str, Tensor], source: str
) -> Part:
    """Fit tensors into a new generator. The mean of W is measured if it is missing."""
    module = empty(build)
    measured = "mapping.w_avg" not in tensors
    made = fit(module, {"mapping.w_avg": torch.zeros(module.config.w_dim)} | tensors, source)
    if measured:
        made["mapping.w_avg"] = generators.w_statistics(module)[0]
    return Part("generator", made, {"kind": kind, **module.config.as_dict()})


def _mapping_tensors(mapping: Record) -> dict[str, Tensor]:
    return {
        "mapping." + re.sub(r"^fc(\d+)\.", r"layers.\1.", name): value for name, value in mapping.tensors()
    }


def _optional_float(value: Any) -> float | None:
    return None if value is None else float(value)


# StyleGAN2


def _stylegan2(network: Record, synthesis: Record, mapping: Record, source: str) -> Part:
    blocks = {side: synthesis.get(f"b{side}") for side in synthesis.get("block_resolutions")}
    last = blocks[max(blocks)]
    _expect(source, "activation", last.get("conv1").get("activation"), "lrelu")
    if (taps := last.get("resample_filter")) is not None:
        check_filter(taps, source)
    widths = {resolution: len(block.get("conv1").get("bias")) for resolution, block in blocks.items()}
    base, most = channel_rule(widths, source)
    config = stylegan2.GeneratorConfig(
        resolution=network.get("img_resolution"),
        z_dim=network.get("z_dim"),
        w_dim=network.get("w_dim"),
        mapping_layers=mapping.get("num_layers"),
        mapping_features=len(mapping.get("fc0").get("bias")),
        mapping_lr=float(mapping.get("fc0").get("bias_gain")),
        channel_base=base,
        channel_max=most,
        c_dim=network.get("c_dim"),
        embed_features=len(mapping.get("embed").get("bias")) if network.get("c_dim") else 0,
        noise=bool(last.get("conv1").get("use_noise")),
        clamp=_optional_float(last.get("conv_clamp", last.get("conv1").get("conv_clamp"))),
        architecture=last.get("architecture"),
        rgb_upsampling="fir",
    )
    tensors = _mapping_tensors(mapping)
    for resolution, block in blocks.items():
        tensors |= _block_tensors(resolution, block)
    return assemble("stylegan2", lambda: stylegan2.Generator(config), tensors, source)


def check_filter(taps: Tensor, source: str) -> None:
    """Raise BadCheckpoint if a resampling filter, up to a factor, is not [1, 3, 3, 1]."""
    unit = taps.float() / taps.float().sum()
    if taps.shape != (4, 4) or not torch.allclose(unit, torch.outer(FIR, FIR), atol=1e-6):
        raise BadCheckpoint(f"{source} resamples with a filter that is not supported (only [1, 3, 3, 1]).")


def channel_rule(widths: dict[int, int], source: str) -> tuple[int, int]:
    """Find ``channel_base`` and ``channel_max`` from the maps at each resolution. Raises BadCheckpoint."""
    most = max(widths.values())
    products = [width * resolution for resolution, width in widths.items() if width < most]
    base = max(products) if products else most * max(widths)
    if any(min(base // resolution, most) != width for resolution, width in widths.items()):
        raise BadCheckpoint(f"{source} has numbers of feature maps that follow no known rule: {widths}.")
    return base, most


def _block_tensors(resolution: int, block: Record) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, value in block.tensors():
        layer, _, field = name.partition(".")
        if layer == "const":
            found["synthesis.const"] = value[None]
        elif "resample_filter" not in name:
            field = "noise" if field == "noise_const" else field
            found[f"synthesis.blocks.b{resolution}_{layer}.{field}"] = value
    return found


# StyleGAN3


def _stylegan3(network: Record, synthesis: Record, mapping: Record, source: str) -> Part:
    layers = [synthesis.get(name) for name in synthesis.get("layer_names")]
    config = _stylegan3_config(network, synthesis, mapping, layers)
    tensors = _mapping_tensors(mapping)
    tensors |= {f"synthesis.input.{name}": value for name, value in synthesis.get("input").tensors()}
    for number, layer in enumerate(layers):
        for name, value in layer.tensors():
            ours = "magnitude" if name == "magnitude_ema" else name
            tensors[f"synthesis.blocks.{number}.{ours}"] = value
    _check_rates(empty(lambda: stylegan3.Generator(config)), layers, tensors, source)
    return assemble("stylegan3", lambda: stylegan3.Generator(config), tensors, source)


def _stylegan3_config(
    network: Record, synthesis: Record, mapping: Record, layers: list[Record]
) -> stylegan3.GeneratorConfig:
    given = dict(network.get("_init_kwargs") or {})
    given |= dict(given.get("synthesis_kwargs") or {})
    usual = stylegan3.GeneratorConfig()
    widths = [len(layer.get("bias")) for layer in layers[:-1]]
    first = layers[0]
    return stylegan3.GeneratorConfig(
        resolution=network.get("img_resolution"),
        z_dim=network.get("z_dim"),
        w_dim=network.get("w_dim"),
        mapping_layers=mapping.get("num_layers"),
        mapping_lr=float(mapping.get("fc0").get("bias_gain")),
        c_dim=network.get("c_dim"),
        channel_base=int(given.get("channel_base", usual.channel_base)),
        channel_max=int(given.get("channel_max", max(widths))),
        layers=synthesis.get("num_layers"),
        critical=synthesis.get("num_critical"),
        first_cutoff=float(given.get("first_cutoff", usual.first_cutoff)),
        first_stopband=float(given.get("first_stopband", usual.first_stopband)),
        last_stopband=float(given.get("last_stopband_rel", usual.last_stopband)),
        margin=synthesis.get("margin_size"),
        output_scale=float(synthesis.get("output_scale")),
        kernel=first.get("conv_kernel"),
        filter_size=int(given.get("filter_size", usual.filter_size)),
        oversampling=int(given.get("lrelu_upsampling", usual.oversampling)),
        radial=any(bool(layer.get("down_radial")) for layer in layers),
        clamp=_optional_float(first.get("conv_clamp")),
    )


def _check_rates(
    module: stylegan3.Generator, layers: list[Record], tensors: dict[str, Tensor], source: str
) -> None:
    """Check that sampling, padding and filters follow from the sizes; else the pictures would be noise."""
    for number, theirs in enumerate(layers):
        ours = module.synthesis.blocks.get_submodule(str(number))
        expected = [ours.up, ours.down, 2 * list(ours.padding)]  # type: ignore[arg-type]
        same = expected == [theirs.get("up_factor"), theirs.get("down_factor"), list(theirs.get("padding"))]
        for name in ("up_filter", "down_filter"):
            same &= _alike(tensors.get(f"synthesis.blocks.{number}.{name}"), getattr(ours, name))
        if not same:
            raise BadCheckpoint(f"{source}: layer {number} is not sampled as the sizes of StyleGAN3 require.")


def _alike(stored: Tensor | None, made: Tensor | None) -> bool:
    if stored is None or made is None:
        return stored is made
    return stored.shape == made.shape and torch.allclose(stored, made, atol=1e-5)
