"""NVIDIA's network pickles: the layouts of stylegan2-ada-pytorch and stylegan3 (StyleGAN2 of either, StyleGAN3-T and -R).

Only the state of the pickled modules is taken; their source text, which travels in the file, is never compiled. Sizes
come from the modules' own attributes, since the two repositories differ in the defaults that a file leaves out.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import tensorflow
from editor.checkpoints.part import Part, fit
from editor.checkpoints.unpickler import Record, read_pickle
from editor.networks import stylegan2, stylegan3

FIR = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def read(path: Path) -> Part:
    """The averaged generator (``G_ema``) of a network pickle. Raises BadCheckpoint."""
    loaded = read_pickle(path)
    if (
        isinstance(loaded, tuple)
        and len(loaded) == 3
        and all(getattr(net, "kind", "") == "Network" for net in loaded)
    ):
        return tensorflow.generator(loaded[2], path.name)
    network = loaded.get("G_ema") if isinstance(loaded, dict) else loaded
    if not isinstance(network, Record) or not isinstance(network.get("synthesis"), Record):
        raise BadCheckpoint(f"{path.name} holds no generator of NVIDIA's ('G_ema').")
    try:
        return generator(network, path.name)
    except (KeyError, AttributeError, TypeError, ValueError, IndexError) as error:
        raise BadCheckpoint(
            f"{path.name} holds a generator of a layout that is not known here: {error}."
        ) from error


def generator(network: Record, source: str) -> Part:
    """The part for a pickled generator."""
    synthesis, mapping = network.get("synthesis"), network.get("mapping")
    if network.get("img_channels") != 3:
        raise BadCheckpoint(
            f"{source} makes pictures of {network.get('img_channels')} channels; only colour ones can be edited."
        )
    for number in range(mapping.get("num_layers")):
        _expect(source, "activation", mapping.get(f"fc{number}").get("activation"), "lrelu")
    if synthesis.get("input") is not None:
        return _stylegan3(network, synthesis, mapping, source)
    return _stylegan2(network, synthesis, mapping, source)


def _expect(source: str, what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise BadCheckpoint(f"{source} uses {what} {found!r}, which is not known here (only {wanted!r}).")


def _mapping_tensors(mapping: Record) -> dict[str, Tensor]:
    found = {re.sub(r"^fc(\d+)\.", r"layers.\1.", name): value for name, value in mapping.tensors()}
    if "w_avg" not in found:
        raise BadCheckpoint("The generator comes without the mean of W ('w_avg').")
    return {f"mapping.{name}": value for name, value in found.items()}


def _learning_rate(layer: Record) -> float:
    """The equalised learning rate is the gain of the bias."""
    return float(layer.get("bias_gain"))


# StyleGAN2


def _stylegan2(network: Record, synthesis: Record, mapping: Record, source: str) -> Part:
    resolutions = list(synthesis.get("block_resolutions"))
    blocks = {resolution: synthesis.get(f"b{resolution}") for resolution in resolutions}
    last = blocks[resolutions[-1]]
    _check_block(last, source)
    config = stylegan2.GeneratorConfig(
        resolution=network.get("img_resolution"),
        z_dim=network.get("z_dim"),
        w_dim=network.get("w_dim"),
        mapping_layers=mapping.get("num_layers"),
        mapping_features=_hidden(mapping),
        mapping_lr=_learning_rate(mapping.get("fc0")),
        **_channels(
            {resolution: len(block.get("conv1").get("bias")) for resolution, block in blocks.items()}, source
        ),
        c_dim=network.get("c_dim"),
        embed_features=len(mapping.get("embed").get("bias")) if network.get("c_dim") else 0,
        noise=bool(last.get("conv1").get("use_noise")),
        clamp=_number(last.get("conv_clamp", last.get("conv1").get("conv_clamp"))),
        architecture=last.get("architecture"),
        rgb_upsampling="fir",
    )
    tensors = _mapping_tensors(mapping)
    for resolution, block in blocks.items():
        tensors |= _block_tensors(resolution, block)
    module = stylegan2.Generator(config)
    return Part("generator", fit(module, tensors, source), {"kind": "stylegan2", **config.as_dict()})


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _hidden(mapping: Record) -> int:
    """Width of the mapping network's inner layers, or of w where there is only one."""
    return len(mapping.get("fc0").get("bias"))


def _check_block(block: Record, source: str) -> None:
    convolution = block.get("conv1")
    _expect(source, "activation", convolution.get("activation"), "lrelu")
    taps = block.get("resample_filter")
    if taps is not None and not (
        taps.shape == (4, 4) and torch.allclose(taps.float(), torch.outer(FIR, FIR), atol=1e-6)
    ):
        raise BadCheckpoint(f"{source} resamples with a filter that is not known here (only [1, 3, 3, 1]).")


def _channels(widths: dict[int, int], source: str) -> dict[str, int]:
    """Base and most of the feature maps, from the widths at each resolution."""
    most = max(widths.values())
    below = [width * resolution for resolution, width in widths.items() if width < most]
    base = max(below) if below else most * max(widths)
    if any(min(base // resolution, most) != width for resolution, width in widths.items()):
        raise BadCheckpoint(f"{source} has feature maps in numbers that follow no known rule: {widths}.")
    return {"channel_base": base, "channel_max": most}


def _block_tensors(resolution: int, block: Record) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for name, value in block.tensors():
        layer, _, field = name.partition(".")
        if "resample_filter" in name:
            continue
        if layer == "const":
            found["synthesis.const"] = value[None]
            continue
        found[f"synthesis.blocks.b{resolution}_{layer}.{'noise' if field == 'noise_const' else field}"] = (
            value
        )
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
    module = stylegan3.Generator(config)
    _check_rates(module, layers, tensors, source)
    return Part("generator", fit(module, tensors, source), {"kind": "stylegan3", **config.as_dict()})


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
        mapping_lr=_learning_rate(mapping.get("fc0")),
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
        clamp=_number(first.get("conv_clamp")),
    )


def _check_rates(
    module: stylegan3.Generator, layers: list[Record], tensors: dict[str, Tensor], source: str
) -> None:
    """Sampling, padding and filters must be what the sizes make them: a file of another version would render noise."""
    for number, theirs in enumerate(layers):
        ours = module.synthesis.blocks.get_submodule(str(number))
        low, high = tuple(ours.padding)  # type: ignore[arg-type]
        same = (ours.up, ours.down, [low, high, low, high]) == (
            theirs.get("up_factor"),
            theirs.get("down_factor"),
            list(theirs.get("padding")),
        )
        for name in ("up_filter", "down_filter"):
            same &= _alike(tensors.get(f"synthesis.blocks.{number}.{name}"), getattr(ours, name))
        if not same:
            raise BadCheckpoint(
                f"{source}: layer {number} is sampled otherwise than StyleGAN3's sizes have it."
            )


def _alike(stored: Tensor | None, made: Tensor | None) -> bool:
    if stored is None or made is None:
        return stored is made
    return stored.shape == made.shape and torch.allclose(stored, made, atol=1e-5)
