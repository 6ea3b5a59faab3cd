"""StyleSpace (Wu et al. 2021, arXiv 2011.12799): single channels, found from a few examples.

As in the paper (section 5, detection from a handful of exemplars), a channel is about something if the
exemplars' styles are far to one side of the population's and agree about it: theta = |mean| / standard
deviation of their standardised differences. Unlike the paper, exemplars are the pictures that the text
describes best, not chosen by hand; and of the first few channels, the one that suits this picture best is
used, which the authors choose by looking.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.editing.calibration import calibrate
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.samples import samples_of

EXEMPLARS = 30
RANKED = 8
"""Channels that are tried on the picture."""
REACH = 5.0
"""How far they are moved, in standard deviations, as in the paper."""


def rank_channels(exemplars: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Rank channels by theta.

    Args:
        exemplars: Styles of the exemplars [N, C].
        mean: The population's mean [C].
        std: The population's standard deviation [C].

    Returns:
        The channels, best first, and the side [C] of the mean on which the exemplars are.
    """
    differences = (exemplars - mean) / std
    middle, spread = differences.mean(0), differences.std(0)
    return (middle.abs() / spread.clamp_min(1e-3)).argsort(descending=True), middle.sign()


class StyleSpace(Method):
    """One channel."""

    name = "stylespace"

    @torch.no_grad()
    def find(self, task: EditTask) -> Candidate | None:
        """Return the best channel in which the exemplars agree; None if none moves the picture."""
        samples, bank = samples_of(task.bundle, task.progress), task.bundle.bank
        chosen = samples.scores(task.direction).argsort(descending=True)[:EXEMPLARS]
        exemplars = task.bundle.generator.synthesis.styles(samples.w[chosen])
        order, side = rank_channels(exemplars, bank.s_mean, bank.s_std)
        channels = order[:RANKED]
        deltas = torch.zeros(RANKED, len(bank.s_std)).to(bank.s_std)
        deltas[torch.arange(RANKED, device=channels.device), channels] = side[channels] * bank.s_std[channels]
        gains = (task.state.embed(REACH * deltas) - task.state.embedding_before) @ task.direction
        best = int(gains.argmax())
        if float(gains[best]) <= 0:
            return None
        return calibrate(task, Candidate(deltas[best], self.name))
