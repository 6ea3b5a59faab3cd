"""Gain against time of two latent optimizations of the same prompts: the published one and ours.

The published one (Patashnik et al. 2021, section 4): one offset in W+, 300 steps of Adam; the loss is one
minus the cosine of picture and text, plus the squared offset. Ours:
``editor.editing.methods.optimization``. Changing everything easily raises a text's score, so collateral
change is measured too. Measuring is not counted as time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from editor.api.protocol import Change, Inversion
from editor.bundle.bundle import Bundle
from editor.device.progress import ProgressCallback
from editor.editing import text_directions
from editor.editing.methods import published_optimization as published
from editor.editing.methods import registry
from editor.editing.methods.base import EditTask
from editor.editing.session import EditSession

PROMPTS = ("pink hair", "glasses", "smiling")
MOMENTS = (2.0, 5.0, 10.0)
"""Processor seconds at which the loops are compared, and at their ends."""
Point = tuple[float, float, float]
"""Processor seconds, logits gained, and logits of collateral change."""


@dataclass
class Recorder:
    """A progress callback that measures every picture."""

    measure: Callable[[Tensor], tuple[float, float]]
    begun: float = field(default_factory=time.process_time)
    points: list[Point] = field(default_factory=list)

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """Measure the picture of one step."""
        if picture is None:
            return
        now = time.process_time()
        self.points.append((now - self.begun, *self.measure(picture())))
        self.begun += time.process_time() - now


@torch.enable_grad()
def theirs(bundle: Bundle, session: EditSession, change: Change, progress: ProgressCallback) -> None:
    """Run the published loop on any text-image model."""
    synthesis, text = bundle.generator.synthesis, bundle.clip.encode_text([change.prompt])[0]
    offset = torch.zeros_like(session.w)[None].requires_grad_(True)
    optimizer = torch.optim.Adam([offset], lr=published.RATE)
    for step in range(published.STEPS):
        optimizer.param_groups[0]["lr"] = published.RATE * published.published_schedule(
            step / published.STEPS
        )
        pictures = synthesis(session.base[None] + synthesis.style_steps(offset))
        loss = 1 - (bundle.clip.encode_image(pictures) @ text).sum()
        optimizer.zero_grad()
        (loss + published.DISTANCE_WEIGHT * offset.square().sum()).backward()
        optimizer.step()
        progress("find", step + 1, published.STEPS, pictures.detach()[0].clamp(-1, 1).clone)


def ours(bundle: Bundle, session: EditSession, change: Change, progress: ProgressCallback) -> None:
    """Run the search of an edit."""
    method, direction = registry.get("optimization", bundle), text_directions.text_direction(bundle, change)
    method.find(EditTask(session.state((), change), change, direction, progress))


@torch.no_grad()
def _measurement(
    bundle: Bundle, session: EditSession, change: Change
) -> Callable[[Tensor], tuple[float, float]]:
    """Return a function from a picture [3, R, R] to its gain and its collateral change, both in logits."""
    text = bundle.clip.encode_text([change.prompt])
    direction = text_directions.text_direction(bundle, change)
    start = bundle.clip.encode_image(bundle.render(session.base[None]))

    @torch.no_grad()
    def measure(picture: Tensor) -> tuple[float, float]:
        seen = bundle.clip.encode_image(picture.detach()[None])
        gain = bundle.clip.logits(seen, text) - bundle.clip.logits(start, text)
        return float(gain[0, 0]), float(
            text_directions.collateral_change(bundle, direction, start[0], seen)[0]
        )

    return measure


def curves(
    bundle: Bundle, inversion: Inversion, prompts: Sequence[str] = PROMPTS
) -> dict[str, dict[str, list[Point]]]:
    """Return the points of each prompt and loop, one a step."""
    session = EditSession(bundle, inversion)
    found: dict[str, dict[str, list[Point]]] = {}
    for prompt in prompts:
        change, found[prompt] = Change(prompt=prompt), {}
        for name, loop in (("theirs", theirs), ("ours", ours)):
            recorder = Recorder(_measurement(bundle, session, change))
            loop(bundle, session, change, recorder)
            found[prompt][name] = [
                (round(seconds, 3), round(gain, 3), round(collateral, 3))
                for seconds, gain, collateral in recorder.points
            ]
    return found


def at(points: Sequence[Point], seconds: float) -> Point:
    """Return the last point up to a moment, or the first one if there is none yet."""
    return next((point for point in reversed(points) if point[0] <= seconds), points[0])


def rows(found: dict[str, dict[str, list[Point]]]) -> list[dict[str, Any]]:
    """Return gain and collateral change of each prompt and loop at the moments and at its end."""
    return [
        {
            "prompt": prompt,
            "loop": name,
            "seconds": points[-1][0],
            **{f"after {moment:g} s": list(at(points, moment)[1:]) for moment in MOMENTS},
            "at the end": list(points[-1][1:]),
        }
        for prompt, loops in found.items()
        for name, points in loops.items()
    ]
