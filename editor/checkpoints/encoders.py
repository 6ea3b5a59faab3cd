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
from editor.checkpoints.part import Part, empty, fit
from editor.checkpoints.records import printable
from editor.checkpoints.tensors import below, describe, read_pt
from editor.networks import generators
from editor.networks.psp import WIDTH, PspConfig, PspEncoder

Kind = Literal["e4e", "psp", "restyle"]
NAMES = {"e4e": "an e4e encoder", "psp": "a pSp encoder", "restyle": "a ReStyle encoder"}
TYPES: dict[str, tuple[Kind | None, str, bool]] = {
    "Encoder4Editing": ("e4e", "pyramid", True),
    "SingleStyleCodeEncoder": ("e4e", "w", False),
    "GradualStyleEncoder": (None, "pyramid", False),
    "BackboneEncoderUsingLastLayerIntoW": ("psp", "w", False),
    "BackboneEncoderUsingLastLayerIntoWPlus": ("psp", "wplus", False),
    "ResNetGradualStyleEncoder": ("restyle", "pyramid", False),
    "BackboneEncoder": ("restyle", "last", False),
    "ResNetBackboneEncoder": ("restyle", "last", False),
    "ProgressiveBackboneEncoder": ("restyle", "last", True),
    "ResNetProgressiveBackboneEncoder": ("restyle", "last", True),
}
"""Kind (None: pSp or ReStyle), head and use of offsets for each ``encoder_type`` of a checkpoint."""
DEFAULT_TYPES: dict[Kind, str] = {
    "e4e": "Encoder4Editing",
    "psp": "GradualStyleEncoder",
    "restyle": "BackboneEncoder",
}
ITERATIONS = 5
"""Iterations of a ReStyle encoder whose file does not state them."""


def read(path: Path, kind: Kind) -> tuple[Part, Part]:
    """Read an encoder and its generator. Raises BadCheckpoint, also for a file of another kind."""
    loaded = read_pt(path)
    state = loaded.get("state_dict") if isinstance(loaded, Mapping) else None
    state = state if isinstance(state, Mapping) else {}
    encoder, decoder = below(state, "encoder."), below(state, "decoder.")
    if not encoder:
        raise BadCheckpoint(f"{path.name} is not {NAMES[kind]} but {describe(loaded)}.")
    if not decoder:
        raise BadCheckpoint(f"{path.name} lacks the generator ('decoder') that the encoder was trained for.")
    options, average = _options(loaded.get("opts")), loaded.get("latent_avg")
    if options.get("dataset_type") == "cars_encode":
        raise BadCheckpoint(f"{path.name} was trained on cropped pictures of cars, which is not supported.")
    generator = rosinality.generator(decoder, average if isinstance(average, Tensor) else None, path.name)
    config = _config(encoder, options, kind, _rows(generator), path.name)
    tensors = encoder | {"latent_avg": _average(average, options, config, path.name)}
    tensors["w_mean"], tensors["w_std"] = _statistics(generator)
    made = fit(empty(lambda: PspEncoder(config)), tensors, path.name)
    return Part("encoder", made, {"kind": "photo", "by": kind, **config.as_dict()}), generator


def _statistics(generator: Part) -> tuple[Tensor, Tensor]:
    """Measure the mean and deviation of W, the unit in which an inversion is refined."""
    module = empty(lambda: generators.build(generator.table))
    module.load_state_dict(generator.tensors, assign=True)
    return generators.w_statistics(module)


def _options(options: Any) -> dict[str, Any]:
    if isinstance(options, Mapping):
        return dict(options)
    return {} if options is None else dict(vars(options))


def _rows(generator: Part) -> int:
    return 2 * (int(generator.table["resolution"]).bit_length() - 1) - 2


def _config(
    encoder: Mapping[str, Tensor], options: Mapping[str, Any], kind: Kind, rows: int, source: str
) -> PspConfig:
    first = encoder.get("input_layer.0.weight", encoder.get("conv1.weight"))
    if first is None:
        raise BadCheckpoint(f"{source} has a backbone that is not supported (only IR-SE50 and ResNet34).")
    iterative = first.shape[1] == 6
    name = str(options.get("encoder_type") or DEFAULT_TYPES[kind])
    if name not in TYPES:
        raise BadCheckpoint(f"{source} holds an encoder of type '{printable(name)}', which is not supported.")
    found, head, offsets = TYPES[name]
    found = ("restyle" if iterative else "psp") if found is None else found
    if found != kind or (kind == "restyle") != iterative:
        raise BadCheckpoint(f"{source} is not {NAMES[kind]} but {NAMES[found]}.")
    return PspConfig(
        num_ws=rows,
        backbone="resnet34" if "conv1.weight" in encoder else "irse50",
        head=head,  # type: ignore[arg-type]
        offsets=offsets,
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
