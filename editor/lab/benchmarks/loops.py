"""Gain against time of two loops that optimize a latent for a wish: the published one and ours, on the same bundle.

Theirs as StyleCLIP's authors have it (Patashnik et al. 2021, section 4): one offset in W+, 300 steps of Adam, one minus the
cosine of picture and text and the offset's square. Ours: ``editor.editing.methods.optimization``. A text is easily gained by changing
everything, so what changes beside the wish is looked at too. What looking costs is not counted to a loop's time.
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
"""Processor seconds, logits gained, and logits of what changed beside."""


@dataclass
class Seen:
    """What a loop has gained so far."""

    look: Callable[[Tensor], tuple[float, float]]
    begun: float = field(default_factory=time.process_time)
    points: list[Point] = field(default_factory=list)

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        """A ``ProgressCallback`` that looks at every picture."""
        if picture is None:
            return
        now = time.process_time()
        self.points.append((now - self.begun, *self.look(picture())))
        self.begun += time.process_time() - now


@torch.enable_grad()
def theirs(bundle: Bundle, session: EditSession, wish: Change, watch: ProgressCallback) -> None:
    """The published loop on any text-image model."""
    synthesis, text = bundle.generator.synthesis, bundle.clip.encode_text([wish.prompt])[0]
    offset = torch.zeros_like(session.w)[None].requires_grad_(True)
    optimizer = torch.optim.Adam([offset], lr=published.RATE)
    for step in range(published.STEPS):
        optimizer.param_groups[0]["lr"] = published.RATE * published.published_schedule(
            step / published.STEPS
        )
        pictures = synthesis(session.base[None] + synthesis.style_steps(offset))
        lacking = 1 - (bundle.clip.encode_image(pictures) @ text).sum()
        optimizer.zero_grad()
        (lacking + published.DISTANCE_WEIGHT * offset.square().sum()).backward()
        optimizer.step()
        watch("find", step + 1, published.STEPS, pictures.detach()[0].clamp(-1, 1).clone)


def ours(bundle: Bundle, session: EditSession, wish: Change, watch: ProgressCallback) -> None:
    """The search that a patient wish gets."""
    method = registry.get("optimization", bundle)
    direction = text_directions.text_direction(bundle, wish)
    method.find(EditTask(session.state((), wish), wish, direction, watch))


@torch.no_grad()
def _looks(bundle: Bundle, session: EditSession, wish: Change) -> Callable[[Tensor], tuple[float, float]]:
    """Logits gained by a picture [3, R, R] and those of what changed beside."""
    text, direction = bundle.clip.encode_text([wish.prompt]), text_directions.text_direction(bundle, wish)
    start = bundle.clip.encode_image(bundle.render(session.base[None]))

    @torch.no_grad()
    def look(picture: Tensor) -> tuple[float, float]:
        seen = bundle.clip.encode_image(picture.detach()[None])
        gain = bundle.clip.logits(seen, text) - bundle.clip.logits(start, text)
        return float(gain[0, 0]), float(
            text_directions.collateral_change(bundle, direction, start[0], seen)[0]
        )

    return look


def curves(
    bundle: Bundle, inversion: Inversion, prompts: Sequence[str] = PROMPTS
) -> dict[str, dict[str, list[Point]]]:
    """For each prompt and loop its points, one a step."""
    session = EditSession(bundle, inversion)
    found: dict[str, dict[str, list[Point]]] = {}
    for prompt in prompts:
        wish = Change(prompt=prompt)
        for name, loop in (("theirs", theirs), ("ours", ours)):
            seen = Seen(_looks(bundle, session, wish))
            loop(bundle, session, wish, seen)
            found.setdefault(prompt, {})[name] = [
                tuple(round(value, 3) for value in point)  # type: ignore[misc]
                for point in seen.points
            ]
    return found


def at(points: Sequence[Point], seconds: float) -> Point:
    """The last point up to a moment, the first one where there is none yet."""
    return next((point for point in reversed(points) if point[0] <= seconds), points[0])


def rows(found: dict[str, dict[str, list[Point]]]) -> list[dict[str, Any]]:
    """A row for each prompt and loop: what it gained and changed beside at the moments, and at its end."""
    return [
        {
            "prompt": prompt,
            "loop": name,
            "seconds": points[-1][0],
            "then": [list(at(points, moment)[1:]) for moment in (*MOMENTS, points[-1][0])],
        }
        for prompt, loops in found.items()
        for name, points in loops.items()
    ]
