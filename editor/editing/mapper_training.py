"""Training of a mapper for one prompt (StyleCLIP, Patashnik et al. 2021, arXiv 2103.17249, section 5).

As in the paper there is a network for each level, a CLIP term, an L2 term on the step and an identity term.
Unlike the paper, pictures are the generator's own samples, not inverted photographs; the terms are those of
``editor.editing.methods.objective``, because a small image tower is easily fooled; the penalty of a step
increases during the training; colours that the generator never draws are penalised from the start; and
training ends when its time is up, not after 50 000 steps.
"""

from __future__ import annotations

import time

import torch
from torch import Tensor

from editor.api.errors import BadRequest
from editor.api.protocol import Change, TrainMapperRequest
from editor.bundle.bundle import Bundle
from editor.bundle.prompt_mappers import TrainedMapper
from editor.device.gradient_descent import Budget, GradientDescent, cosine_decay
from editor.device.progress import ProgressCallback
from editor.editing import apply, text_directions
from editor.editing.colour_prior import ColourPrior
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import WPlusOffsets
from editor.networks.styleclip_mapper import LevelMapper

BATCH = 4
RATE = 3.0
"""Learning rate of Adam; the equalised layers with lr_mul 0.01 use a hundredth of it."""
FREE, CAREFUL = 0.1, 0.6
"""Shares of the training until which a step costs nothing, and from which it costs as much as in a search.

The cost grows with the first small step, while what steps towards a colour gain differs from picture to
picture: a mapper that pays from the start learns to stay where it is.
"""
RARITY_WEIGHT, PRIOR_SAMPLES = 0.5, 256
"""Penalty for rare colours in standard gains, and the samples that show which colours are rare."""
GAIN_SAMPLES, GAIN_BATCH = 64, 8
"""Samples that the gain is measured on."""


@torch.no_grad()
def sample_w_plus(bundle: Bundle, count: int, rng: torch.Generator) -> Tensor:
    """Return the W+ [count, num_ws, w_dim] of the generator's own pictures."""
    config, device = bundle.generator.config, bundle.bank.s_std.device
    w = bundle.generator.mapping(torch.randn(count, config.z_dim, generator=rng).to(device))
    return w[:, None].repeat(1, config.num_ws, 1)


class MapperTraining:
    """A mapper in training for one prompt on one bundle."""

    def __init__(self, bundle: Bundle, request: TrainMapperRequest) -> None:
        self.bundle, self.change = bundle, Change(prompt=request.prompt, neutral=request.neutral)
        if not text_directions.responds(bundle, self.change):
            raise BadRequest(f"Nothing in this model answers to '{request.prompt}'.")
        if not request.levels:
            raise BadRequest("A mapper needs at least one level to move.")
        self.direction = text_directions.text_direction(bundle, self.change)
        self.space = WPlusOffsets(bundle)
        self.rng = torch.Generator().manual_seed(request.seed)
        w = sample_w_plus(bundle, 4096, torch.Generator().manual_seed(1))[:, 0]
        self.network = LevelMapper(w.mean(0), w.std(0) + 1e-3, request.levels).to(w.device)
        drawn = sample_w_plus(bundle, PRIOR_SAMPLES, torch.Generator().manual_seed(3))
        with torch.no_grad():
            self.colours = ColourPrior(torch.cat([self.draw(part) for part in drawn.split(16)]))

    def draw(self, w_plus: Tensor) -> Tensor:
        """[N, num_ws, w_dim] -> [N, 3, R, R] in [-1, 1]."""
        return self.bundle.render(self.bundle.generator.synthesis.styles(w_plus))

    def loss(self, care: float) -> tuple[Tensor, Tensor]:
        """Return the loss of a batch of new samples and the mapper's pictures of them [N, 3, R, R].

        ``care``: share of the penalties for anything but the prompt.
        """
        w_plus = sample_w_plus(self.bundle, BATCH, self.rng)
        with torch.no_grad():
            before = self.draw(w_plus)
            objective = Objective.for_pictures(self.bundle, self.change, self.direction, before)
        step = self.network(w_plus)
        drawn = self.draw(w_plus + step)
        cost = self.space.cost(step / self.space.std)
        cost = cost + objective.inconsistency(drawn, (w_plus + step).mean(1))
        rarity = (self.colours.rarity(drawn) - self.colours.rarity(before)).clamp_min(0)
        losses = objective.loss(drawn, self.rng, care) + care * cost + RARITY_WEIGHT * rarity
        return losses.mean(), drawn

    @torch.no_grad()
    def gain(self) -> float:
        """Return the mean rise of the prompt's logit over samples that were not trained on."""
        w_plus = sample_w_plus(self.bundle, GAIN_SAMPLES, torch.Generator().manual_seed(2))
        text = self.bundle.clip.encode_text([self.change.prompt])
        before, after = (
            torch.cat([self.bundle.clip.encode_image(self.draw(part)) for part in rows.split(GAIN_BATCH)])
            for rows in (w_plus, w_plus + self.network(w_plus))
        )
        return float((self.bundle.clip.logits(after, text) - self.bundle.clip.logits(before, text)).mean())


def care_at(t: float) -> float:
    """Return the share of a step's cost that counts at ``t`` of the training, 0 to 1."""
    return min(1.0, max(0.0, (t - FREE) / (CAREFUL - FREE)))


@torch.enable_grad()
def train(bundle: Bundle, request: TrainMapperRequest, progress: ProgressCallback) -> TrainedMapper:
    """Train a mapper for ``request.minutes``.

    Raises:
        BadRequest: No picture of this model responds to the prompt.
    """
    training = MapperTraining(bundle, request)
    optimizer = torch.optim.Adam(training.network.parameters(), lr=RATE, betas=(0.9, 0.99))
    budget = Budget(deadline=time.monotonic() + 60 * request.minutes)
    descent = GradientDescent(optimizer, budget, cosine_decay, progress, "train")
    for t in descent:
        loss, drawn = training.loss(care_at(t))
        descent.minimise(loss, drawn.detach())
    return TrainedMapper(
        prompt=request.prompt,
        neutral=request.neutral,
        fingerprint=bundle.info.fingerprint,
        steps=descent.steps,
        network=training.network.eval().requires_grad_(False),
        gain=round(training.gain(), 3),
    )


def is_useful(bundle: Bundle, trained: TrainedMapper) -> bool:
    """Return whether a mapper gains enough to be kept."""
    return trained.gain >= apply.LEAST_GAIN * bundle.thresholds.standard_gain
