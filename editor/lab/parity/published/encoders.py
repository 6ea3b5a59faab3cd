"""The inversion encoders, each with its generator."""

from __future__ import annotations

import math
from argparse import Namespace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from editor.lab.parity.checkpoints import average
from editor.lab.parity.filler import picture
from editor.lab.parity.published.generators import measure_rosinality
from editor.lab.parity.published.recording import constants, filled, record, shapes
from editor.lab.parity.published.standins import theirs


def encoder(out: Path, options: dict[str, Any]) -> None:
    """Run e4e, pSp or ReStyle, with the generator."""
    steps, size = options.get("steps", 1), options["size"]
    settings = {
        "encoder_type": options["type"],
        "stylegan_size": size,
        "output_size": size,
        "input_nc": 6 if steps > 1 else 3,
        "label_nc": 0,
        "start_from_latent_avg": True,
        "learn_in_w": options.get("learn_in_w", False),
        "checkpoint_path": None,
        "device": "cpu",
        "n_iters_per_batch": steps,
        "dataset_type": "ffhq_encode",
        "resize_outputs": False,
    }
    is_e4e = "Progressive" in options["type"]
    kind = theirs("models.e4e").e4e if is_e4e else theirs("models.psp").pSp
    kind.load_weights = lambda self: None
    network = filled(kind(Namespace(**settings)))
    state, all_rows = network.state_dict(), 2 * int(math.log2(size)) - 2
    rows = 1 if options.get("learn_in_w") else all_rows
    network.latent_avg = average((rows, 512))
    held = {"state_dict": state, "latent_avg": network.latent_avg, "opts": settings}
    torch.save(held, out / "checkpoint.pt")
    dtype = torch.float64 if options.get("double") else torch.float32
    network.to(dtype).latent_avg = network.latent_avg.to(dtype)
    w = _restyle(network, settings, picture().to(dtype)) if steps > 1 else _codes(network)
    if w.ndim == 2:
        w = w[:, None].repeat(1, all_rows, 1)
    layout = {"holder": "state_dict", "shapes": shapes(state), "average": [rows, 512], "opts": settings}
    record(out, {"encoder": w, **measure_rosinality(network.decoder, w), **constants(state)}, layout)


def _codes(network: Any) -> Tensor:
    """Return the codes that the encoder passes to its generator."""
    found: list[Tensor] = []

    def listen(codes: list[Tensor], **_: Any) -> tuple[Tensor, None]:
        found.append(codes[0])
        return picture(), None

    network.decoder.forward = listen
    network(picture(), randomize_noise=False, return_latents=True, resize=False)
    del network.decoder.forward
    return found[0]


def _restyle(network: Any, settings: dict[str, Any], shown: Tensor) -> Tensor:
    """Return the codes after ReStyle's steps; its script moves everything to a GPU, which is ignored."""
    move, inference = torch.Tensor.to, theirs("utils.inference_utils")

    def stay(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return self if args and args[0] == "cuda" else move(self, *args, **kwargs)

    torch.Tensor.to = stay  # type: ignore[method-assign,assignment]
    options = Namespace(**settings)
    average_image = inference.get_average_image(network, options)
    _, latents = inference.run_on_batch(shown, network, options, average_image)
    return torch.from_numpy(latents[0][-1])[None]
