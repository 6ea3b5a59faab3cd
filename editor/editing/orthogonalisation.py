"""Ways to grant a wish that spare the wishes before it: less of a delta, and a delta without what goes against theirs.

Which way is taken is measured on the picture, as everything else is (``editor.editing.scoring``): what was found is always among
them. Chosen on ten wishes in a row in words of their own, on twice twelve portraits kept apart from evaluation: after the tenth
89 instead of 83 % of all wishes were read, right after each of them 89 % as before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from torch import Tensor

from editor.editing.methods.base import Candidate

SHARES = (1.0, 0.75)
"""Of a delta that are tried where there are earlier ones."""


def ways(found: Candidate, earlier: Sequence[Tensor], unit: Tensor) -> list[Candidate]:
    """The candidate, and where there are ``earlier`` deltas [C] its sparing ways; ``unit`` [C] is a deviation of each style."""
    if not earlier:
        return [found]
    spared = without(found.delta, earlier, unit)
    deltas = [found.delta] if spared is found.delta else [found.delta, spared]
    return [
        dataclasses.replace(
            found, delta=share * delta, most=None if found.most is None else found.most / share
        )
        for delta in deltas
        for share in SHARES
    ]


def without(delta: Tensor, earlier: Sequence[Tensor], unit: Tensor) -> Tensor:
    """A delta [C] less its part against each earlier one, in styles' deviations; itself where nothing goes against any."""
    for other in earlier:
        along = other / unit
        against = (delta / unit) @ along
        if against < 0:
            delta = delta - against / along.square().sum() * along * unit
    return delta
