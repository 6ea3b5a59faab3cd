"""Training of a mapper for one prompt (StyleCLIP, Patashnik et al. 2021, arXiv 2103.17249, section 5).

As there: a network for each level, a CLIP term, an L2 term on the step and an identity term. What differs: pictures are
the generator's own samples, not inverted photographs; the terms are those of ``editor.editing.methods.objective``, because a
small image tower is easily fooled; what a step costs counts more and more; colours that the generator never draws cost from the
start; and training stops when its time is up, not after 50 000 steps.
"""

from __future__ import annotations

import time
from functools import partial

import torch
from torch import Tensor

from editor.api.errors import BadRequest
from editor.api.protocol import Change, TrainMapperRequest
from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.bundle.prompt_mappers import Trained
from editor.device.progress import Progress
from editor.editing import apply, text_directions
from editor.editing.colour_prior import Gamut
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import WPlus, schedule
from editor.networks.styleclip_mapper import LevelMapper

BATCH = 4
RATE = 3.0
"""Adam's rate; equalised layers of lr_mul 0.01 take a hundredth of it."""
FREE, CAREFUL = 0.1, 0.6
"""Shares of the training until which a step costs nothing, and from which it costs what it does in a search. What it costs grows
with the first small step, and what the steps towards a colour gain differs from picture to picture: a mapper that pays from the
start learns to stay where it is."""
RARITY, SEEN_COLOURS = 0.5, 256
"""What colours cost that the generator never draws, in standard gains for each of their rarity's units, and samples that tell
which it draws."""
UNSEEN = 64
"""Samples that the gain is measured on."""


@torch.no_grad()
def samples(bundle: Bundle, count: int, rng: torch.Generator) -> Tensor:
    """W+ [count, num_ws, w_dim] of the generator's own pictures."""
    config, device = bundle.generator.config, bundle.bank.s_std.device
    w = bundle.generator.mapping(torch.randn(count, config.z_dim, generator=rng).to(device))
    return w[:, None].repeat(1, config.num_ws, 1)


class Lesson:
    """One prompt to be learnt on one bundle."""

    def __init__(self, bundle: Bundle, request: TrainMapperRequest) -> None:
        self.bundle, self.wish = bundle, Change(prompt=request.prompt, neutral=request.neutral)
        if text_directions.response(bundle, self.wish) < text_directions.LEAST_RESPONSE:
            raise BadRequest(f"Nothing in this model answers to '{request.prompt}'.")
        if not request.levels:
            raise BadRequest("A mapper needs at least one level to move.")
        self.direction, self.space = text_directions.text_direction(bundle, self.wish), WPlus(bundle)
        self.rng = torch.Generator().manual_seed(request.seed)
        sample = samples(bundle, 4096, torch.Generator().manual_seed(1))[:, 0]
        self.network = LevelMapper(sample.mean(0), sample.std(0) + 1e-3, request.levels).to(sample.device)
        drawn = samples(bundle, SEEN_COLOURS, torch.Generator().manual_seed(3))
        with torch.no_grad():
            self.gamut = Gamut(torch.cat([self.pictures(ws) for ws in drawn.split(16)]))

    def pictures(self, ws: Tensor, step: Tensor | None = None) -> Tensor:
        """[N, num_ws, w_dim] -> [N, 3, R, R]."""
        return rendering.render(
            self.bundle, self.bundle.generator.synthesis.styles(ws if step is None else ws + step)
        )

    def loss(self, care: float) -> tuple[Tensor, Tensor]:
        """Of a batch of fresh samples, with the pictures [N, 3, R, R] that the mapper makes of them; ``care``: share of what all
        but the wish itself costs."""
        ws = samples(self.bundle, BATCH, self.rng)
        with torch.no_grad():
            objective = Objective.of(self.bundle, self.wish, self.direction, self.pictures(ws))
        step = self.network(ws)
        made = self.pictures(ws, step)
        cost = self.space.cost(step / self.space.std) + objective.reading(made, (ws + step).mean(1))
        rare = (self.gamut.rarity(made) - self.gamut.rarity(objective.before)).clamp_min(0)
        return (objective.wish(made, self.rng, care) + care * cost + RARITY * rare).mean(), made

    @torch.no_grad()
    def gain(self) -> float:
        """Mean rise of the wish's logit, over unseen samples."""
        ws = samples(self.bundle, UNSEEN, torch.Generator().manual_seed(2))
        target = self.bundle.clip.encode_text([self.wish.prompt])
        before, after = (
            torch.cat(
                [
                    self.bundle.clip.encode_image(self.pictures(part, step))
                    for part, step in zip(*both, strict=True)
                ]
            )
            for both in ((ws.split(8), [None] * (UNSEEN // 8)), (ws.split(8), self.network(ws).split(8)))
        )
        return float(
            (self.bundle.clip.logits(after, target) - self.bundle.clip.logits(before, target)).mean()
        )


def care_at(t: float) -> float:
    """Share of what a step costs that counts at ``t`` of the training, 0 to 1."""
    return min(1.0, max(0.0, (t - FREE) / (CAREFUL - FREE)))


@torch.enable_grad()
def train(bundle: Bundle, request: TrainMapperRequest, watch: Progress) -> Trained:
    """Learn for ``request.minutes``. Raises BadRequest where no picture of this model answers to the prompt."""
    lesson = Lesson(bundle, request)
    optimizer = torch.optim.Adam(lesson.network.parameters(), lr=RATE, betas=(0.9, 0.99))
    seconds, begun, steps = 60 * request.minutes, time.monotonic(), 0
    while (spent := time.monotonic() - begun) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = RATE * schedule(spent / seconds)
        loss, made = lesson.loss(care_at(spent / seconds))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
        watch("train", int(spent), int(seconds), partial(made.__getitem__, 0))
    network = lesson.network.eval().requires_grad_(False)
    return Trained(
        request.prompt, request.neutral, bundle.info.fingerprint, steps, round(lesson.gain(), 3), network
    )


def worth_keeping(bundle: Bundle, trained: Trained) -> bool:
    """Does it do anything?"""
    return trained.gain >= apply.LEAST_GAIN * bundle.thresholds.standard_gain
