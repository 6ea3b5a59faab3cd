"""Gain against time of two latent optimizations of the same prompts: the published one and ours.

The published one (Patashnik et al. 2021, section 4): one offset in W+, 300 steps of Adam; the loss is one
minus the cosine of picture and text, plus the squared offset. Ours:
``editor.editing.methods.optimization``. Changing everything easily raises a text's score, so collateral
change is measured too. Measuring is not counted as time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from editor.api.protocol import Change, Inversion
from editor.bundle.bundle import Bundle
from editor.device.gradient_descent import Budget, GradientDescent
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


class Recorder:
    """A progress callback that measures every picture of a search."""

    @torch.no_grad()
    def __init__(self, session: EditSession, change: Change) -> None:
        self.bundle = session.bundle
        self.text = self.bundle.clip.encode_text([change.prompt])
        self.direction = text_directions.text_direction(self.bundle, change)
        self.start = self.bundle.clip.encode_image(self.bundle.render(session.base[None]))
        self.points: list[Point] = []
        self.begun = time.process_time()

    @torch.no_grad()
    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """Measure the picture [3, R, R] of one step."""
        if picture is None:
            return
        now, clip = time.process_time(), self.bundle.clip
        seen = clip.encode_image(picture().detach()[None])
        gain = float((clip.logits(seen, self.text) - clip.logits(self.start, self.text))[0, 0])
        collateral = text_directions.collateral_change(self.bundle, self.direction, self.start[0], seen)
        point = (now - self.begun, gain, float(collateral[0]))
        self.points.append((round(point[0], 3), round(point[1], 3), round(point[2], 3)))
        self.begun += time.process_time() - now


@torch.enable_grad()
def _theirs(session: EditSession, change: Change, recorder: Recorder) -> None:
    """Run the published loop on any text-image model."""
    synthesis, clip = session.bundle.generator.synthesis, session.bundle.clip
    offset = torch.zeros_like(session.w)[None].requires_grad_(True)
    optimizer = torch.optim.Adam([offset], lr=published.RATE)
    budget = Budget(published.STEPS)
    descent = GradientDescent(optimizer, budget, published.published_schedule, recorder)
    for _ in descent:
        pictures = synthesis(session.base[None] + synthesis.style_steps(offset))
        loss = 1 - (clip.encode_image(pictures) @ recorder.text[0]).sum()
        distance = published.DISTANCE_WEIGHT * offset.square().sum()
        descent.minimise(loss + distance, pictures.detach().clamp(-1, 1))


def _ours(session: EditSession, change: Change, recorder: Recorder) -> None:
    """Run the search of an edit."""
    method = registry.get("optimization", session.bundle)
    method.find(EditTask(session.state((), change), change, recorder.direction, recorder))


def curves(
    bundle: Bundle, inversion: Inversion, prompts: Sequence[str] = PROMPTS
) -> dict[str, dict[str, list[Point]]]:
    """Return the points of each prompt and loop, one a step."""
    session = EditSession(bundle, inversion)
    found: dict[str, dict[str, list[Point]]] = {}
    for prompt in prompts:
        change, found[prompt] = Change(prompt=prompt), {}
        for name, loop in (("theirs", _theirs), ("ours", _ours)):
            recorder = Recorder(session, change)
            loop(session, change, recorder)
            found[prompt][name] = recorder.points
    return found


def rows(found: dict[str, dict[str, list[Point]]]) -> list[dict[str, Any]]:
    """Return gain and collateral change of each prompt and loop at the moments and at its end."""

    def at(points: Sequence[Point], seconds: float) -> list[float]:
        return list(next((point for point in reversed(points) if point[0] <= seconds), points[0])[1:])

    return [
        {
            "prompt": prompt,
            "loop": name,
            "seconds": points[-1][0],
            **{f"after {moment:g} s": at(points, moment) for moment in MOMENTS},
            "at the end": list(points[-1][1:]),
        }
        for prompt, loops in found.items()
        for name, points in loops.items()
    ]
