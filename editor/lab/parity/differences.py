"""The differences between two implementations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from editor.lab.parity.cases import ENLARGED, IMAGE, NETWORK, Case


@dataclass(frozen=True)
class Difference:
    """``most``: the largest absolute difference.

    ``size``: the largest absolute value of the published result.
    """

    most: float
    size: float

    def __str__(self) -> str:
        return f"{self.most:.1e} of {self.size:.2g}"


@dataclass(frozen=True)
class Compared:
    """A case and the difference of each result.

    ``default``: where the published code has an error, the differences of ours without repeating it.
    """

    case: Case
    differences: dict[str, Difference]
    default: dict[str, Difference] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether all differences are allowed."""
        return bool(self.differences) and all(
            found.most <= allowed(name, self.case) for name, found in self.differences.items()
        )

    def summary(self) -> str:
        """Return the differences in a line."""
        return ", ".join(f"{name} {found}" for name, found in self.differences.items())

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "name": self.case.name,
            "repository": self.case.repository,
            "fits": self.fits,
            "differences": {name: asdict(found) for name, found in self.differences.items()},
            "without_published_errors": {name: asdict(found) for name, found in self.default.items()},
        }


def allowed(result: str, case: Case) -> float:
    """Return the largest difference that a result may have."""
    if result == "image":
        return IMAGE
    again = case.options.get("steps", 1) > 1 and not case.options.get("double")
    rounded = result in ("fs3", "delta") and case.options.get("levels")
    return ENLARGED if again or rounded else NETWORK


def difference(mine: Tensor, published: Tensor) -> Difference:
    """Return the largest absolute difference; NaN equals NaN."""
    mine, published = mine.double().reshape(-1), published.double().reshape(-1)
    size = float(published.nan_to_num(0.0).abs().max())
    if mine.shape != published.shape or not torch.equal(mine.isnan(), published.isnan()):
        return Difference(float("inf"), size)
    return Difference(float((mine - published).nan_to_num(0.0).abs().max()), size)


def compare(
    case: Case, published: Mapping[str, Tensor], compute: Callable[[Case], Mapping[str, Tensor]]
) -> Compared:
    """Compare; where the published code has an error, both repeating it and not."""

    def differences(which: Case) -> dict[str, Difference]:
        mine = compute(which)
        return {name: difference(mine[name], published[name]) for name in mine if name in published}

    by_default = {}
    if case.options.get("slips"):
        by_default = differences(replace(case, options={**case.options, "slips": False}))
    return Compared(case, differences(case), by_default)
