"""The generators of NVIDIA's and rosinality's repositories."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.parity import vectors
from editor.lab.parity.checkpoints import average, write_tensorflow
from editor.lab.parity.filler import normal
from editor.lab.parity.published.recording import (
    collect_styles,
    constants,
    filled,
    record,
    shapes,
    skeleton,
)
from editor.lab.parity.published.standins import theirs

Options = dict[str, Any]


def ada_generator(options: Options, **synthesis: Any) -> Any:
    """Return StyleGAN2 of stylegan2-ada-pytorch, or of StyleCLIP's copy of it."""
    width = options.get("width", 512)
    sizes = {"channel_base": options["base"], "channel_max": options["most"], **synthesis}
    mapping = {"num_layers": options["depth"]}
    made = theirs("training.networks").Generator
    return filled(made(width, options.get("labels", 0), width, options["resolution"], 3, mapping, sizes))


def _generator_of_third(module: str, options: Options, labels: int = 0, **more: Any) -> Any:
    """Return a generator of the stylegan3 repository."""
    width = options.get("width", 512)
    sizes = {"channel_base": options["base"], "channel_max": options["most"]}
    made = theirs(f"training.{module}").Generator
    return filled(made(width, labels, width, options["resolution"], 3, **sizes, **more))


def _record_nvidia(network: Any, out: Path, labels: int = 0) -> None:
    pickled = {
        "G": None,
        "D": None,
        "G_ema": network,
        "training_set_kwargs": theirs("dnnlib").EasyDict(path="x"),
        "augment_pipe": None,
    }
    (out / "checkpoint.pkl").write_bytes(pickle.dumps(pickled))
    measured = _measure_nvidia(network, labels)
    record(out, measured | constants(network.state_dict()), {"skeleton": skeleton(network), "labels": labels})


def _measure_nvidia(network: Any, labels: int = 0) -> dict[str, Tensor]:
    z, c = normal("z", (1, network.z_dim)), F.one_hot(torch.arange(1), max(labels, 1)).float()[:, :labels]
    w = network.mapping(z, c, truncation_psi=0.7)
    styles = collect_styles(network.synthesis, "affine")
    image = network.synthesis(w, noise_mode="const", force_fp32=True)
    return {"W": w[:, 0], "S": torch.cat(styles, dim=1), "image": image}


def ada(out: Path, options: Options) -> None:
    """Run StyleGAN2 of stylegan2-ada-pytorch."""
    more = {"num_fp16_res": 4, "conv_clamp": 256, "architecture": options["architecture"]}
    _record_nvidia(ada_generator(options, **more), out, options["labels"])


def second_in_third(out: Path, options: Options) -> None:
    """Run StyleGAN2 of the stylegan3 repository."""
    _record_nvidia(_generator_of_third("networks_stylegan2", options), out)


def third(out: Path, options: Options) -> None:
    """Run StyleGAN3-T or -R."""
    more: Options = {"conv_kernel": 1, "use_radial_filters": True} if options["variant"] == "r" else {}
    more["mapping_kwargs"] = {"num_layers": 2}
    network = _generator_of_third("networks_stylegan3", options, options["labels"], **more)
    _record_nvidia(network, out, options["labels"])


def first(out: Path, options: Options) -> None:
    """Run a TensorFlow network, read by stylegan3's own code.

    It has the stored names and shapes of variables, since nothing here runs the code that wrote such files.
    """
    layout, legacy = vectors.layout(options["stored"])[0], theirs("legacy")
    with write_tensorflow(out / "checkpoint.pkl", layout["tensorflow"]).open("rb") as stream:
        whole = legacy._LegacyUnpickler(stream).load()[2]
    record(out, _measure_nvidia(legacy.convert_tf_generator(whole)), layout)


def measure_rosinality(network: Any, w: Tensor) -> dict[str, Tensor]:
    """Return S and the picture of W+ [N, R, 512]."""
    styles = collect_styles(network, "modulation")
    image = network([w], input_is_latent=True, randomize_noise=False)[0]
    return {"S": torch.cat(styles, dim=1), "image": image}


def rosinality(out: Path, options: Options) -> None:
    """Run a generator of rosinality's own file: ``g_ema`` and ``latent_avg``."""
    size, width = options["size"], options["width"]
    network = filled(theirs("model").Generator(size, width, 4, channel_multiplier=options["multiplier"]))
    state = network.state_dict()
    torch.save({"g_ema": state, "latent_avg": average((width,))}, out / "checkpoint.pt")
    w = network.style(normal("z", (1, width)))
    results = measure_rosinality(network, w[:, None].repeat(1, network.n_latent, 1))
    layout = {"holder": "g_ema", "shapes": shapes(state), "average": [width]}
    record(out, {"W": w, **results, **constants(state)}, layout)
