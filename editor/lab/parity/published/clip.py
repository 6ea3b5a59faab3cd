"""OpenAI's CLIP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from editor.lab.parity.cases import TEXTS
from editor.lab.parity.filler import fill_module, normal
from editor.lab.parity.published.recording import record, shapes
from editor.lab.parity.published.standins import theirs


def make(options: dict[str, Any]) -> Any:
    """Return a model of theirs, filled."""
    width, narrow = options["width"], options["narrow"]
    model = theirs("clip.model").CLIP(
        options["dim"],
        options["side"],
        options["depth"],
        width,
        options["patch"],
        77,
        options["words"],
        narrow,
        narrow // 64,
        options["text_depth"],
    )
    model = model.eval().requires_grad_(False)
    fill_module(model)
    return model


def layout_of(model: Any) -> dict[str, Any]:
    """Return the layout of a model's archive."""
    half = [name for name, value in model.state_dict().items() if value.dtype == torch.float16]
    return {"holder": "torchscript", "shapes": shapes(model.state_dict()), "half": half}


def clip(out: Path, options: dict[str, Any]) -> None:
    """Write a TorchScript archive like OpenAI's, most weights in half precision.

    Compute in single precision.
    """
    model = make(options)
    prepared = normal("prepared", (2, 3, options["side"], options["side"]))
    ids = theirs("clip").tokenize(list(TEXTS), truncate=True)
    if options.get("half"):
        theirs("clip.model").convert_weights(model)
    prepared_here = prepared.half() if options.get("half") else prepared
    torch.jit.trace_module(model, {"encode_image": (prepared_here,)}, check_trace=False).save(
        out / "checkpoint.pt"
    )
    layout = layout_of(model)
    model = model.float()
    results = {
        "CLIP image": F.normalize(model.encode_image(prepared), dim=1),
        "CLIP text": F.normalize(model.encode_text(ids), dim=1),
    }
    record(out, {**results, "tokens": ids}, layout)
