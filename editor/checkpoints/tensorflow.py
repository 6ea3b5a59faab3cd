"""Importer of the first StyleGAN2 networks, which TensorFlow code pickled as ``Network`` objects.

Variables are named by that code's scopes. TensorFlow stores kernels as [height, width, in, out] and mirrors
those of upsampling layers. It leaves out the 1 in the bias of the styles.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.part import LAYOUTS, Part, empty, fit
from editor.checkpoints.records import MAX_DEPTH, Record, printable
from editor.networks import stylegan2
from editor.networks.stylespace import StyleLayer

MIN_VERSION = 4


def generator(network: Record, source: str) -> Part:
    """Import a TensorFlow generator (``Gs``). Raises BadCheckpoint."""
    state = network.state
    if not isinstance(state, dict) or state.get("version", 0) < MIN_VERSION:
        raise BadCheckpoint(f"{source} was written by a version of the TensorFlow code that is too old.")
    settings, variables = dict(state.get("static_kwargs") or {}), _variables(network)
    for name, wanted in LAYOUTS["tensorflow"].items():
        found = settings.get(name)
        if found is not None and (list(found) if isinstance(found, list | tuple) else found) != wanted:
            raise BadCheckpoint(f"{source} uses {name} '{printable(found)}', which is not supported.")
    if "synthesis/4x4/Const/const" not in variables:
        raise BadCheckpoint(f"{source} holds no StyleGAN2 generator.")
    config = _config(settings, variables)
    try:
        tensors = _tensors(config, variables)
    except (KeyError, ValueError) as error:
        missing = printable(str(error))
        raise BadCheckpoint(f"{source} lacks the variable {missing} of a StyleGAN2 generator.") from error
    made = fit(empty(lambda: stylegan2.Generator(config)), tensors, source)
    return Part("generator", made, {"kind": "stylegan2", **config.as_dict()})


def _variables(network: Record) -> dict[str, np.ndarray]:
    """Collect all variables by their scoped names. Components are networks of their own."""
    found: dict[str, np.ndarray] = {}
    waiting = [("", network)]
    for _ in range(MAX_DEPTH):
        if not waiting:
            return found
        prefix, part = waiting.pop()
        found |= {prefix + name: np.asarray(value) for name, value in part.state.get("variables", [])}
        components = part.state.get("components") or {}
        waiting += [(f"{prefix}{name}/", component) for name, component in components.items()]
    raise ValueError("too many components")


def _config(settings: dict[str, Any], variables: dict[str, np.ndarray]) -> stylegan2.GeneratorConfig:
    labels = int(settings.get("label_size") or 0)
    clamp = settings.get("conv_clamp")
    return stylegan2.GeneratorConfig(
        resolution=int(settings.get("resolution", 1024)),
        z_dim=int(settings.get("latent_size", 512)),
        w_dim=int(settings.get("dlatent_size", 512)),
        mapping_layers=int(settings.get("mapping_layers", 8)),
        mapping_features=variables["mapping/Dense0/bias"].shape[0],
        mapping_lr=float(settings.get("mapping_lrmul", 0.01)),
        channel_base=2 * int(settings.get("fmap_base", 16384)),
        channel_max=int(settings.get("fmap_max", 512)),
        c_dim=labels,
        embed_features=variables["mapping/LabelEmbed/bias"].shape[0] if labels else 0,
        noise=bool(settings.get("use_noise", True)),
        clamp=None if clamp is None else float(clamp),
        architecture=settings.get("architecture", "skip"),
        rgb_upsampling="fir",
    )


def _tensors(config: stylegan2.GeneratorConfig, variables: dict[str, np.ndarray]) -> dict[str, Tensor]:
    def get(name: str) -> Tensor:
        return torch.from_numpy(np.array(variables[name], dtype=np.float32))

    def linear(ours: str, theirs: str) -> dict[str, Tensor]:
        return {f"{ours}.weight": get(f"{theirs}/weight").t(), f"{ours}.bias": get(f"{theirs}/bias")}

    found = {"mapping.w_avg": get("dlatent_avg"), "synthesis.const": get("synthesis/4x4/Const/const")}
    for number in range(config.mapping_layers):
        found |= linear(f"mapping.layers.{number}", f"mapping/Dense{number}")
    if config.c_dim:
        found |= linear("mapping.embed", "mapping/LabelEmbed")
    noises = 0
    for layer in stylegan2.style_layers(config):
        ours = f"synthesis.blocks.{layer.name.replace('.', '_')}."
        theirs = f"synthesis/{layer.resolution}x{layer.resolution}/{_scope(layer)}/"
        found[f"{ours}weight"] = _kernel(get(f"{theirs}weight"), mirrored=layer.name.endswith("conv0"))
        found[f"{ours}bias"] = get(f"{theirs}bias")
        found[f"{ours}affine.weight"] = get(f"{theirs}mod_weight").t()
        found[f"{ours}affine.bias"] = get(f"{theirs}mod_bias") + 1
        if layer.kind == "conv" and config.noise:
            found[f"{ours}noise"] = get(f"synthesis/noise{noises}")[0, 0]
            found[f"{ours}noise_strength"] = get(f"{theirs}noise_strength")
            noises += 1
    if config.architecture == "resnet":
        for resolution in config.resolutions[1:]:
            kernel = get(f"synthesis/{resolution}x{resolution}/Skip/weight")
            found[f"synthesis.blocks.b{resolution}_skip.weight"] = _kernel(kernel, mirrored=True)
    return found


def _kernel(kernel: Tensor, mirrored: bool) -> Tensor:
    """[height, width, in, out] -> [out, in, height, width]."""
    return (kernel.flip([0, 1]) if mirrored else kernel).permute(3, 2, 0, 1)


def _scope(layer: StyleLayer) -> str:
    if layer.kind == "rgb":
        return "ToRGB"
    if layer.resolution == 4:
        return "Conv"
    return "Conv0_up" if layer.name.endswith("conv0") else "Conv1"
