"""How far two implementations are apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from editor.lab.parity.cases import ENLARGED, IMAGE, NETWORK, Case


@dataclass(frozen=True)
class Difference:
    """``most``: largest absolute difference. ``size``: largest absolute value of the published result."""

    most: float
    size: float

    def said(self) -> str:
        """Both, for a table."""
        return f"{self.most:.1e} of {self.size:.2g}"


@dataclass(frozen=True)
class Compared:
    """A case and the difference of each result; ``default``, where the published code slips: ours without following it."""

    case: Case
    differences: dict[str, Difference]
    default: dict[str, Difference] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Are all differences within what is allowed?"""
        return bool(self.differences) and all(
            found.most <= allowed(name, self.case) for name, found in self.differences.items()
        )

    def said(self) -> str:
        """The differences in a line."""
        return ", ".join(f"{name} {found.said()}" for name, found in self.differences.items())


def allowed(result: str, case: Case) -> float:
    """The largest difference that a result may have."""
    if result == "image":
        return IMAGE
    again = case.options.get("steps", 1) > 1 and not case.options.get("double")
    cut = result in ("fs3", "delta") and case.options.get("levels")
    return ENLARGED if again or cut else NETWORK


def difference(mine: Tensor, published: Tensor) -> Difference:
    """The largest absolute difference; where both are no number they agree."""
    mine, published = mine.double().reshape(-1), published.double().reshape(-1)
    size = float(published.nan_to_num(0.0).abs().max())
    if mine.shape != published.shape or not torch.equal(mine.isnan(), published.isnan()):
        return Difference(float("inf"), size)
    return Difference(float((mine - published).nan_to_num(0.0).abs().max()), size)


def measured(
    case: Case, published: Mapping[str, Tensor], compute: Callable[[Case], Mapping[str, Tensor]]
) -> Compared:
    """Compare; where the published code slips, both following it and not."""

    def differences(which: Case) -> dict[str, Difference]:
        mine = compute(which)
        return {name: difference(mine[name], published[name]) for name in mine if name in published}

    by_default = (
        differences(replace(case, options={**case.options, "slips": False}))
        if case.options.get("slips")
        else {}
    )
    return Compared(case, differences(case), by_default)
