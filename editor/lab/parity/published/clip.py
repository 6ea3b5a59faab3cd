"""OpenAI's CLIP."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.parity.cases import TEXTS
from editor.lab.parity.filler import normal
from editor.lab.parity.published.recording import filled, record, shapes
from editor.lab.parity.published.standins import theirs


def make(options: dict[str, Any]) -> Any:
    """Return a model of theirs, filled."""
    sizes = [options[name] for name in ("dim", "side", "depth", "width", "patch")]
    narrow = options["narrow"]
    text = [77, options["words"], narrow, narrow // 64, options["text_depth"]]
    return filled(theirs("clip.model").CLIP(*sizes, *text))


def archive_layout(model: Any) -> dict[str, Any]:
    """Return the layout of a model's archive."""
    half = [name for name, value in model.state_dict().items() if value.dtype == torch.float16]
    return {"holder": "torchscript", "shapes": shapes(model.state_dict()), "half": half}


def write(model: Any, path: Path, **inputs: Tensor) -> None:
    """Write a TorchScript archive like OpenAI's. ``inputs``: an example for each method it holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        examples = {name: (value,) for name, value in inputs.items()}
        torch.jit.trace_module(model, examples, check_trace=False).save(path)


def clip(out: Path, options: dict[str, Any]) -> None:
    """Write an archive, most weights in half precision; compute in single precision."""
    model, half = make(options), options.get("half")
    prepared = normal("prepared", (2, 3, options["side"], options["side"]))
    ids = theirs("clip").tokenize(list(TEXTS), truncate=True)
    if half:
        theirs("clip.model").convert_weights(model)
    write(model, out / "checkpoint.pt", encode_image=prepared.half() if half else prepared)
    layout = archive_layout(model)
    model = model.float()
    results = {
        "CLIP image": F.normalize(model.encode_image(prepared), dim=1),
        "CLIP text": F.normalize(model.encode_text(ids), dim=1),
        "tokens": ids,
    }
    record(out, results, layout)
