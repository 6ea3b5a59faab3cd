"""The generators of NVIDIA's and rosinality's repositories."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.parity.checkpoints import average, write_tensorflow
from editor.lab.parity.filler import fill_module, normal
from editor.lab.parity.published.recording import Styles, constants, record, shapes, skeleton
from editor.lab.parity.published.standins import theirs


def _finish_nvidia(network: Any, out: Path, labels: int) -> None:
    network = network.eval().requires_grad_(False)
    fill_module(network)
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


def _measure_nvidia(network: Any, labels: int) -> dict[str, Tensor]:
    z, c = normal("z", (1, network.z_dim)), F.one_hot(torch.arange(1), max(labels, 1)).float()[:, :labels]
    w = network.mapping(z, c, truncation_psi=0.7)
    styles = Styles(network.synthesis, "affine")
    image = network.synthesis(w, noise_mode="const", force_fp32=True)
    return {"W": w[:, 0], "S": styles.joined(), "image": image}


def ada(out: Path, options: dict[str, Any]) -> None:
    """Run StyleGAN2 of stylegan2-ada-pytorch."""
    Generator = theirs("training.networks").Generator
    width = options.get("width", 512)
    synthesis = {
        "channel_base": options["base"],
        "channel_max": options["most"],
        "num_fp16_res": 4,
        "conv_clamp": 256,
        "architecture": options["architecture"],
    }
    network = Generator(
        width, options["labels"], width, options["resolution"], 3, {"num_layers": options["depth"]}, synthesis
    )
    _finish_nvidia(network, out, options["labels"])


def second_in_third(out: Path, options: dict[str, Any]) -> None:
    """Run StyleGAN2 of the stylegan3 repository."""
    Generator = theirs("training.networks_stylegan2").Generator

    network = Generator(
        512, 0, 512, options["resolution"], 3, channel_base=options["base"], channel_max=options["most"]
    )
    _finish_nvidia(network, out, 0)


def third(out: Path, options: dict[str, Any]) -> None:
    """Run StyleGAN3-T or -R."""
    Generator = theirs("training.networks_stylegan3").Generator

    more: dict[str, Any] = {"conv_kernel": 1, "use_radial_filters": True} if options["variant"] == "r" else {}
    width = options["width"]
    network = Generator(
        width,
        options["labels"],
        width,
        options["resolution"],
        3,
        mapping_kwargs={"num_layers": 2},
        channel_base=options["base"],
        channel_max=options["most"],
        **more,
    )
    _finish_nvidia(network, out, options["labels"])


def first(out: Path, options: dict[str, Any]) -> None:
    """Run a TensorFlow network: variables by that code's names in an object of its class, read by stylegan3's
    own code.
    """
    legacy = theirs("legacy")
    Generator = theirs("training.networks_stylegan2").Generator
    resolution, architecture = options["resolution"], options["architecture"]
    network = Generator(
        512,
        0,
        512,
        resolution,
        3,
        channel_base=4096,
        channel_max=128,
        architecture=architecture,
        conv_clamp=None,
    )
    settings = {"resolution": resolution, "fmap_base": 2048, "fmap_max": 128, "architecture": architecture}
    layout = {"settings": settings, "variables": _variables(network)}
    path = write_tensorflow(out / "checkpoint.pkl", layout)
    with path.open("rb") as stream:
        whole = legacy._LegacyUnpickler(stream).load()[2]
    record(out, _measure_nvidia(legacy.convert_tf_generator(whole), 0), {"tensorflow": layout})


def _variables(network: Any) -> list[tuple[str, str, list[int]]]:
    """Return component, name and shape of the TensorFlow variables for every tensor of the network."""
    held: list[tuple[str, str, list[int]]] = []
    for number in range(8):
        held += [("mapping", f"Dense{number}/weight", [512, 512]), ("mapping", f"Dense{number}/bias", [512])]
    held.append(("synthesis", "4x4/Const/const", [1, *network.synthesis.b4.const.shape]))
    noises = 0
    for resolution in network.synthesis.block_resolutions:
        for name, layer in getattr(network.synthesis, f"b{resolution}").named_children():
            scope = {
                "conv0": "Conv0_up",
                "conv1": "Conv" if resolution == 4 else "Conv1",
                "torgb": "ToRGB",
                "skip": "Skip",
            }[name]
            root, shape = f"{resolution}x{resolution}/{scope}", list(layer.weight.shape)
            found = {"weight": [shape[2], shape[3], shape[1], shape[0]]}
            if name != "skip":
                found |= {"bias": shape[:1], "mod_weight": [512, shape[1]], "mod_bias": [shape[1]]}
            if name not in ("skip", "torgb"):
                found["noise_strength"] = []
                held.append(("synthesis", f"noise{noises}", [1, 1, resolution, resolution]))
                noises += 1
            held += [("synthesis", f"{root}/{field}", size) for field, size in found.items()]
    return held


def measure_rosinality(network: Any, w: Tensor) -> dict[str, Tensor]:
    """Return S and the picture of W+ [N, R, 512]."""
    styles = Styles(network, "modulation")
    image = network([w], input_is_latent=True, randomize_noise=False)[0]
    return {"S": styles.joined(), "image": image}


def rosinality(out: Path, options: dict[str, Any]) -> None:
    """Run a generator of rosinality's own file: ``g_ema`` and ``latent_avg``."""
    Generator = theirs("model").Generator
    network = (
        Generator(options["size"], options["width"], 4, channel_multiplier=options["multiplier"])
        .eval()
        .requires_grad_(False)
    )
    fill_module(network)
    state = network.state_dict()
    torch.save({"g_ema": state, "latent_avg": average((options["width"],))}, out / "checkpoint.pt")
    w = network.style(normal("z", (1, options["width"])))
    results = measure_rosinality(network, w[:, None].repeat(1, network.n_latent, 1))
    layout = {"holder": "g_ema", "shapes": shapes(state), "average": [options["width"]]}
    record(out, {"W": w, **results, **constants(state)}, layout)
