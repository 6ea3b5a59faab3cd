"""Importer of inversion encoders: e4e, pSp and ReStyle checkpoints, each with the generator that it was
trained for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import rosinality
from editor.checkpoints.part import LAYOUTS, Part, empty, fit
from editor.checkpoints.records import printable
from editor.checkpoints.tensors import below, describe, options_of, read_pt, state_of
from editor.networks import generators
from editor.networks.psp import WIDTH, PspConfig, PspEncoder

Kind = Literal["e4e", "psp", "restyle"]
NAMES = {"e4e": "an e4e encoder", "psp": "a pSp encoder", "restyle": "a ReStyle encoder"}
DEFAULT_TYPES = {"e4e": "Encoder4Editing", "psp": "GradualStyleEncoder", "restyle": "BackboneEncoder"}
ITERATIONS = 5
"""Iterations of a ReStyle encoder whose file does not state them."""


def read(path: Path, kind: Kind) -> tuple[Part, Part]:
    """Read an encoder and its generator. Raises BadCheckpoint, also for a file of another kind."""
    loaded = read_pt(path)
    state = state_of(loaded)
    encoder, decoder = below(state, "encoder."), below(state, "decoder.")
    if not encoder:
        raise BadCheckpoint(f"{path.name} is not {NAMES[kind]} but {describe(loaded)}.")
    if not decoder:
        raise BadCheckpoint(f"{path.name} lacks the generator ('decoder') that the encoder was trained for.")
    options, average = options_of(loaded), loaded.get("latent_avg")
    if options.get("dataset_type") == "cars_encode":
        raise BadCheckpoint(f"{path.name} was trained on cropped pictures of cars, which is not supported.")
    generator = rosinality.generator(decoder, average if isinstance(average, Tensor) else None, path.name)
    rows = 2 * (int(generator.table["resolution"]).bit_length() - 1) - 2
    config = _config(encoder, options, kind, rows, path.name)
    module = empty(lambda: generators.build(generator.table))
    module.load_state_dict(generator.tensors, assign=True)
    mean, deviation = generators.w_statistics(module)  # the unit in which an inversion is refined
    offset = _average(average, options, config, path.name)
    tensors = encoder | {"latent_avg": offset, "w_mean": mean, "w_std": deviation}
    made = fit(empty(lambda: PspEncoder(config)), tensors, path.name)
    return Part("encoder", made, {"kind": "photo", "by": kind, **config.as_dict()}), generator


def _config(
    encoder: Mapping[str, Tensor], options: Mapping[str, Any], kind: Kind, rows: int, source: str
) -> PspConfig:
    first = encoder.get("input_layer.0.weight", encoder.get("conv1.weight"))
    if first is None:
        raise BadCheckpoint(f"{source} has a backbone that is not supported (only IR-SE50 and ResNet34).")
    iterative = first.shape[1] == 6
    name = str(options.get("encoder_type") or DEFAULT_TYPES[kind])
    if name not in LAYOUTS["encoders"]:
        raise BadCheckpoint(f"{source} holds an encoder of type '{printable(name)}', which is not supported.")
    layout = LAYOUTS["encoders"][name]
    found = layout["kind"] or ("restyle" if iterative else "psp")
    if found != kind or (kind == "restyle") != iterative:
        raise BadCheckpoint(f"{source} is not {NAMES[kind]} but {NAMES[found]}.")
    return PspConfig(
        num_ws=rows,
        backbone="resnet34" if "conv1.weight" in encoder else "irse50",
        head=layout["head"],
        offsets=layout["offsets"],
        iterations=min(100, int(options.get("n_iters_per_batch") or ITERATIONS)) if iterative else 1,
        iterative=iterative,
    )


def _average(average: Any, options: Mapping[str, Any], config: PspConfig, source: str) -> Tensor:
    """Return what is added to the encoder's output [num_ws, 512]: zeros if it was trained without."""
    if not options.get("start_from_latent_avg", average is not None) and not config.iterative:
        return torch.zeros(config.num_ws, WIDTH)
    if not isinstance(average, Tensor):
        raise BadCheckpoint(f"{source} lacks 'latent_avg', the mean that is added to the encoder's output.")
    rows = average.reshape(-1, WIDTH).float()
    if len(rows) not in (1, config.num_ws):
        raise BadCheckpoint(
            f"{source}: 'latent_avg' has {len(rows)} rows, and the generator takes {config.num_ws}."
        )
    return rows.expand(config.num_ws, -1).contiguous()
