"""StyleSpace (Wu et al. 2021, arXiv 2011.12799): single channels, found from few examples.

As there (section 5, detection from a handful of exemplars): a channel is about something if the exemplars' styles lie far
to one side of the population's and agree about it, theta = |mean| / deviation of their standardised differences. What
differs: exemplars are the pictures that the text describes best, not chosen by hand; and of the first few channels the one
that serves this picture best is taken, which the authors do by looking.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import samples
from editor.editing.calibration import calibrated
from editor.editing.methods.base import Candidate, State

EXEMPLARS = 30
RANKED = 8
"""Channels that are tried on the picture."""
TRIED = 5.0
"""How far, in deviations, as the authors move them."""


def ranked(exemplars: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Channels by theta, best first, and the side [C] on which the exemplars [N, C] lie of the population's mean [C]."""
    differences = (exemplars - mean) / std
    middle, spread = differences.mean(0), differences.std(0)
    return (middle.abs() / spread.clamp_min(1e-3)).argsort(descending=True), middle.sign()


class StyleSpace:
    """One channel."""

    name: MethodName = "stylespace"
    slow = False

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    @torch.no_grad()
    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The best of the channels in which the exemplars agree; None where none moves the picture towards the wish."""
        crowd, bank = samples.of(bundle, watch), bundle.bank
        chosen = crowd.scores(direction).argsort(descending=True)[:EXEMPLARS]
        order, side = ranked(bundle.generator.synthesis.styles(crowd.w[chosen]), bank.s_mean, bank.s_std)
        channels = order[:RANKED]
        deltas = torch.zeros(RANKED, len(bank.s_std)).to(bank.s_std)
        deltas[torch.arange(RANKED, device=channels.device), channels] = side[channels] * bank.s_std[channels]
        embeddings = state.embed(bundle, torch.cat([torch.zeros_like(deltas[:1]), TRIED * deltas]))
        gains = (embeddings[1:] - embeddings[0]) @ direction
        best = int(gains.argmax())
        found = Candidate(deltas[best], self.name)
        return calibrated(bundle, state, wish, direction, found, watch) if float(gains[best]) > 0 else None
