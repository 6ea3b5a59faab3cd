"""Inversion encoders: the checkpoints of e4e, pSp and ReStyle, each with the generator that it was trained for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints import rosinality
from editor.checkpoints.part import Part, fit
from editor.checkpoints.tensors import below, read_pt, recognise
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
"""By the ``encoder_type`` that a checkpoint names: whose it is (None: pSp's or ReStyle's), its head, offsets or not."""
USUAL: dict[Kind, str] = {
    "e4e": "Encoder4Editing",
    "psp": "GradualStyleEncoder",
    "restyle": "BackboneEncoder",
}
ITERATIONS = 5
"""Of a ReStyle encoder that does not say."""


def read(path: Path, kind: Kind) -> tuple[Part, Part]:
    """The encoder, and the generator of the same file. Raises BadCheckpoint, also where the file is of another kind."""
    loaded = read_pt(path)
    state = loaded.get("state_dict") if isinstance(loaded, Mapping) else None
    encoder, decoder = (
        below(state, f"{part}.") if isinstance(state, Mapping) else {} for part in ("encoder", "decoder")
    )
    if not encoder:
        raise BadCheckpoint(f"{path.name} is not {NAMES[kind]} but {recognise(loaded)}.")
    if not decoder:
        raise BadCheckpoint(
            f"{path.name} comes without the generator ('decoder') that the encoder was trained for."
        )
    options = _options(loaded.get("opts"))
    average = loaded.get("latent_avg")
    generator = rosinality.generator(decoder, average if isinstance(average, Tensor) else None, path.name)
    config = _config(encoder, options, kind, _rows(generator), path.name)
    tensors = encoder | {"latent_avg": _average(average, options, config, path.name)}
    with torch.device(
        "meta"
    ):  # only its layout is needed, and drawing its numbers would take longer than all else
        module = PspEncoder(config)
    tensors["w_mean"], tensors["w_std"] = _statistics(generator)
    return Part(
        "encoder", fit(module, tensors, path.name), {"kind": "photo", "by": kind, **config.as_dict()}
    ), generator


def _statistics(generator: Part) -> tuple[Tensor, Tensor]:
    """W's mean and deviation, the unit in which an inversion is refined."""
    module = generators.build(generator.table)
    module.load_state_dict(generator.tensors)
    return generators.w_statistics(module)


def _options(options: Any) -> dict[str, Any]:
    return (
        dict(options) if isinstance(options, Mapping) else dict(vars(options)) if options is not None else {}
    )


def _rows(generator: Part) -> int:
    return 2 * (int(generator.table["resolution"]).bit_length() - 1) - 2


def _config(
    encoder: Mapping[str, Tensor], options: Mapping[str, Any], kind: Kind, rows: int, source: str
) -> PspConfig:
    sees = encoder.get("input_layer.0.weight", encoder.get("conv1.weight"))
    if sees is None:
        raise BadCheckpoint(f"{source} has a backbone that is not known here (IR-SE50 and ResNet34 are).")
    iterative = sees.shape[1] == 6
    name = str(options.get("encoder_type") or USUAL[kind])
    if name not in TYPES:
        raise BadCheckpoint(f"{source} holds an encoder of type '{name}', which is not known here.")
    whose, head, offsets = TYPES[name]
    whose = ("restyle" if iterative else "psp") if whose is None else whose
    if whose != kind or (kind == "restyle") != iterative:
        raise BadCheckpoint(f"{source} is not {NAMES[kind]} but {NAMES[whose]}.")
    return PspConfig(
        num_ws=rows,
        backbone="resnet34" if "conv1.weight" in encoder else "irse50",
        head=head,  # type: ignore[arg-type]
        offsets=offsets,
        iterations=max(2, int(options.get("n_iters_per_batch") or ITERATIONS)) if iterative else 1,
    )


def _average(average: Any, options: Mapping[str, Any], config: PspConfig, source: str) -> Tensor:
    """What the encoder's answer is added to [num_ws, 512]; zeros where it was trained without."""
    starts = bool(options.get("start_from_latent_avg", average is not None)) or config.iterations > 1
    if not starts:
        return torch.zeros(config.num_ws, WIDTH)
    if not isinstance(average, Tensor):
        raise BadCheckpoint(f"{source} lacks 'latent_avg', the mean that the encoder's answer is added to.")
    rows = average.reshape(-1, WIDTH).float()
    if len(rows) not in (1, config.num_ws):
        raise BadCheckpoint(
            f"{source}: 'latent_avg' has {len(rows)} rows, and the generator takes {config.num_ws}."
        )
    return rows.expand(config.num_ws, -1).contiguous()
