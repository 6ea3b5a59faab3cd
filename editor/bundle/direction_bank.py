"""Global directions in StyleSpace (Patashnik et al. 2021, arXiv 2103.17249, section 6).

The bank holds the relevance of *atoms*: what moving each of them does in the text-image space. An atom is a
single StyleSpace channel, as in the paper, or a named axis of several channels where a bundle has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from editor.bundle.lazy_directions import LazyDirectionBank
from editor.device.progress import ProgressCallback, no_progress

AUTOMATIC_THRESHOLDS = tuple(step / 100 for step in range(29, 9, -1))
LEAST_ATOMS = 20
"""The automatic threshold leaves more atoms than this, as in the authors' code for faces."""


@dataclass(frozen=True)
class DirectionBank:
    """Relevance of atoms, and the statistics of StyleSpace over the generator's own samples."""

    s_mean: Tensor
    """Mean of the channels [C]."""
    s_std: Tensor
    """Standard deviation of the channels [C]."""
    relevance: Tensor
    """Relevance of the channels [C, D]: unit rows, zero for a channel that was not measured."""
    axes: Tensor | None = None
    """StyleSpace steps [K, C] of the named axes; None in a bank of single channels."""
    axis_relevance: Tensor | None = None
    """Relevance of the named axes [K, D]: unit rows; None in a bank of single channels."""
    samples: Tensor | None = None
    """Image embeddings [N, D] of the generator's own pictures; None in a bank made elsewhere."""

    @property
    def rows(self) -> Tensor:
        """Relevance of all atoms [A, D]: the channels, then the axes."""
        if self.axis_relevance is None:
            return self.relevance
        return torch.cat([self.relevance, self.axis_relevance])

    def relevance_to(self, direction: Tensor, progress: ProgressCallback = no_progress) -> Tensor:
        """Return the cosine of each atom [A] with a unit direction [D] of the text-image space."""
        return self.rows @ direction

    def span(self, energy: float) -> Tensor:
        """Return the projection [D, D] onto the directions in which moving atoms changes pictures.

        ``energy`` is the least share of the strongest direction's energy.
        """
        values, vectors = torch.linalg.eigh(self.rows.t() @ self.rows)
        basis = vectors[:, values > energy * values.max()]
        return basis @ basis.t()

    def delta(self, weights: Tensor) -> Tensor:
        """Weights of atoms [A] -> StyleSpace delta [C].

        Channels count in standard deviations, axes in their length.
        """
        channels = len(self.s_std)
        delta = weights[:channels] * self.s_std
        return delta if self.axes is None else delta + weights[channels:] @ self.axes

    def channels_only(self) -> DirectionBank:
        """Return the bank without its axes, as in the paper."""
        return DirectionBank(self.s_mean, self.s_std, self.relevance, samples=self.samples)


@dataclass(frozen=True)
class Direction:
    """A global direction: its delta [C] before calibration, the threshold, and how many atoms it moves."""

    delta: Tensor
    threshold: float
    atoms: int


def find_direction(
    bank: DirectionBank | LazyDirectionBank,
    text_direction: Tensor,
    threshold: float | None = None,
    progress: ProgressCallback = no_progress,
) -> Direction | None:
    """Find the StyleSpace direction for a unit text direction [D]. None if no atom is relevant.

    Its most relevant atom moves by one standard deviation. ``threshold`` is the least relevance (beta, a
    cosine) of an atom that moves; it is chosen automatically when None.
    """
    relevance = bank.relevance_to(text_direction, progress)
    if threshold is None:
        enough = (beta for beta in AUTOMATIC_THRESHOLDS if int((relevance.abs() >= beta).sum()) > LEAST_ATOMS)
        threshold = next(enough, AUTOMATIC_THRESHOLDS[-1])
    kept = torch.where(relevance.abs() >= threshold, relevance, torch.zeros_like(relevance))
    atoms = int((kept != 0).sum())
    if not atoms:
        return None
    return Direction(bank.delta(kept / kept.abs().max()), threshold, atoms)


def without_shared(delta: Tensor, kept: Tensor) -> Tensor:
    """Remove from ``delta`` [C] what it shares with the rows of ``kept`` [K, C]: "without changing X"."""
    basis, _ = torch.linalg.qr(kept.t().float())
    return delta - basis @ (basis.t() @ delta)
