"""Time the steps of a conversation inside the editor: inversion, first edits, follow-ups."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editor.api.protocol import Adjustment, Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.bundle.bundle import Bundle
from editor.editing.engine import Engine
from editor.lab.benchmarks.timing import Laps, peak_gigabytes
from editor.lab.running import run_job

PROMPTS = ("pink hair", "glasses", "smiling", "older")
STEPS = ("invert", "first_edit", "follow_up")


@dataclass(frozen=True)
class Setup:
    """What every benchmark measures: an engine, and the last follow-up of a conversation about a picture.

    ``rounds``: how often each work is timed.
    """

    engine: Engine
    picture: Path
    follow_up: EditRequest
    rounds: int

    @property
    def bundle(self) -> Bundle:
        """The picture's bundle."""
        return self.engine.loaded[self.follow_up.inversion.latent.bundle]


def measure(
    engine: Engine, path: Path, bundle: str | None, follow_ups: int
) -> tuple[dict[str, Any], EditRequest]:
    """Return times in milliseconds, and the last follow-up."""
    picture, laps = path.read_bytes(), Laps(STEPS, engine.device)
    run_job(engine, InvertRequest(bundle=bundle, picture=picture, quality="draft"), InvertResult)  # set-up
    with laps.lap("invert"):
        inverted = run_job(engine, InvertRequest(bundle=bundle, picture=picture), InvertResult)
    base = EditRequest(picture=picture, inversion=inverted.inversion)
    layers: tuple[Adjustment, ...] = ()
    for prompt in PROMPTS:
        request = base.model_copy(update={"changes": (Change(prompt=prompt),)})
        with laps.lap("first_edit"):
            result = run_job(engine, request, EditResult)
        layers = layers or result.adjustments
    for number in range(follow_ups):
        scaled = tuple(layer.model_copy(update={"strength": 0.5 + 0.02 * number}) for layer in layers)
        request = base.model_copy(update={"kind": "render", "adjustments": scaled})
        with laps.lap("follow_up"):
            run_job(engine, request, EditResult)
    return {
        "bundle": inverted.inversion.latent.bundle,
        "device": str(engine.device),
        "picture": [inverted.picture.width, inverted.picture.height],
        **{step: laps.spread(step) for step in STEPS},
        "peak_mb": round(1024 * peak_gigabytes()),
    }, request
