"""Global directions in StyleSpace (Patashnik et al. 2021, arXiv 2103.17249, section 6).

The bank's rows say what moving one *atom* does in the text-image space. An atom is a single StyleSpace channel, as in
the paper, or a named axis of several channels where a bundle has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from editor.bundle.lazy_directions import LiveBank

DEFAULT_THRESHOLD = 0.15


@dataclass(frozen=True)
class Bank:
    """Relevance of atoms, with the statistics of StyleSpace.

    ``s_mean``, ``s_std``: [C], over the generator's own samples. ``relevance``: [C, D], unit rows, zero for a channel
    that was not measured. ``axes``: [K, C], StyleSpace steps of named axes, and ``axis_relevance``: [K, D], unit rows;
    both None in a bank of single channels. ``samples``: [N, D], unit embeddings of the generator's own
    pictures, which tell how far pictures of this domain go in any wish; None in a bank made elsewhere.
    """

    s_mean: Tensor
    s_std: Tensor
    relevance: Tensor
    axes: Tensor | None = None
    axis_relevance: Tensor | None = None
    samples: Tensor | None = None

    @property
    def rows(self) -> Tensor:
        """Relevance of all atoms [A, D]: the channels, then the axes."""
        return (
            self.relevance
            if self.axis_relevance is None
            else torch.cat([self.relevance, self.axis_relevance])
        )

    def answers(self, direction: Tensor) -> Tensor:
        """How relevant each atom is to a unit direction [D] of the text-image space, as a cosine: [A]."""
        return self.rows @ direction

    def span(self, energy: float) -> Tensor:
        """Projection [D, D] onto the directions in which moving atoms changes pictures at all: those with at least the share
        ``energy`` of the strongest one's."""
        values, vectors = torch.linalg.eigh(self.rows.t() @ self.rows)
        basis = vectors[:, values > energy * values.max()]
        return basis @ basis.t()

    def delta(self, weights: Tensor) -> Tensor:
        """Weights of atoms [A] -> StyleSpace delta [C]; channels in their deviations, axes in their own length."""
        channels = len(self.s_std)
        delta = weights[:channels] * self.s_std
        return delta if self.axes is None else delta + weights[channels:] @ self.axes

    def channels_only(self) -> Bank:
        """The same bank without its axes, as in the paper."""
        return Bank(self.s_mean, self.s_std, self.relevance, samples=self.samples)


@dataclass(frozen=True)
class Direction:
    """A found direction: the delta [C] at strength 1 before calibration, the threshold and how many atoms it moves."""

    delta: Tensor
    threshold: float
    atoms: int


def find(bank: Bank | LiveBank, text_direction: Tensor, threshold: float | None = None) -> Direction | None:
    """The direction for a unit text direction [D]; None where no atom responds above the threshold.

    Relevance below ``threshold`` (beta, in cosine) is dropped and the rest is divided by the largest, so that the most
    relevant atom moves by one deviation. Without a threshold the largest of 0.10 … 0.29 that leaves more than 20 atoms
    is taken, as the paper's authors do for faces; where even 0.10 leaves fewer, what is above it is taken.
    """
    relevance = bank.answers(text_direction)
    if threshold is None:
        candidates = [step / 100 for step in range(29, 9, -1)]
        threshold = next(
            (beta for beta in candidates if int((relevance.abs() >= beta).sum()) > 20), candidates[-1]
        )
    kept = torch.where(relevance.abs() >= threshold, relevance, torch.zeros_like(relevance))
    atoms = int((kept != 0).sum())
    if not atoms:
        return None
    return Direction(bank.delta(kept / kept.abs().max()), threshold, atoms)


def without(delta: Tensor, kept: Tensor) -> Tensor:
    """``delta`` [C] less what it shares with each row of ``kept`` [K, C]: "without changing X"."""
    basis, _ = torch.linalg.qr(kept.t().float())
    return delta - basis @ (basis.t() @ delta)
