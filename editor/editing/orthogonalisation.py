"""Variants of an edit that spare earlier edits: less of its delta, and a delta orthogonal to what opposes
theirs.

Which variant is used is measured on the picture (``editor.editing.scoring``); the unchanged candidate is
always among them. The variants were chosen on ten edits in a row in free wording, on twice twelve portraits
that the evaluation does not use. After the tenth edit 89 instead of 83 % of all edits were still visible;
right after each edit 89 % as before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from torch import Tensor

from editor.editing.methods.base import Candidate

SHARES = (1.0, 0.75)
"""Shares of a delta that are tried after earlier edits."""


def variants(candidate: Candidate, earlier: Sequence[Tensor], s_std: Tensor) -> list[Candidate]:
    """Return the candidate and, if there are ``earlier`` deltas [C], its sparing variants.

    ``s_std``: standard deviation of each style [C].
    """
    if not earlier:
        return [candidate]
    spared = without_opposing(candidate.delta, earlier, s_std)
    deltas = [candidate.delta] if spared is candidate.delta else [candidate.delta, spared]
    return [
        dataclasses.replace(
            candidate, delta=share * delta, most=None if candidate.most is None else candidate.most / share
        )
        for delta in deltas
        for share in SHARES
    ]


def without_opposing(delta: Tensor, earlier: Sequence[Tensor], s_std: Tensor) -> Tensor:
    """Remove the parts of a delta [C] that oppose earlier deltas; the same tensor if there are none."""
    for other in earlier:
        scaled = other / s_std
        opposing = (delta / s_std) @ scaled
        if opposing < 0:
            delta = delta - opposing / scaled.square().sum() * scaled * s_std
    return delta
