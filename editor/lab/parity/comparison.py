"""Compare our networks with the published code on the same random weights.

Either the published code itself is run, or the stored results of such a run are used, and the checkpoints are
made again from their layouts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from editor.api.errors import EditorError
from editor.lab.parity import checkpoints, ours, vectors
from editor.lab.parity.cases import CASES, IMAGE, NETWORK, REPEATED, Case

LONGEST = 1800.0
"""Seconds that one case of the published code may take."""


@dataclass(frozen=True)
class Difference:
    """Largest absolute difference ``most``, and largest absolute value ``size`` of the published result."""

    most: float
    size: float

    def __str__(self) -> str:
        return f"{self.most:.1e} of {self.size:.2g}"


@dataclass(frozen=True)
class Compared:
    """A case and the difference of each result."""

    case: Case
    differences: dict[str, Difference]

    @property
    def fits(self) -> bool:
        """Whether all differences are allowed."""
        repeats = self.case.options.get("steps", 1) > 1 and not self.case.options.get("double")
        network = REPEATED if repeats else NETWORK
        found = self.differences.items()
        return bool(found) and all(one.most <= (IMAGE if name == "image" else network) for name, one in found)

    def __str__(self) -> str:
        return ", ".join(f"{name} {found}" for name, found in self.differences.items())

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "name": self.case.name,
            "repository": self.case.repository,
            "fits": self.fits,
            "differences": {name: asdict(found) for name, found in self.differences.items()},
        }


def difference(mine: Tensor, published: Tensor) -> Difference:
    """Return the largest absolute difference; NaN equals NaN."""
    mine, published = mine.double().reshape(-1), published.double().reshape(-1)
    size = float(published.nan_to_num(0.0).abs().max())
    if mine.shape != published.shape or not torch.equal(mine.isnan(), published.isnan()):
        return Difference(float("inf"), size)
    return Difference(float((mine - published).nan_to_num(0.0).abs().max()), size)


def compare(case: Case, repositories: Path | None = None, store: bool = False) -> Compared:
    """Compare the results of a case.

    ``repositories``: folder of the published code to run; without it the stored results are used. ``store``:
    keep what it gives for later runs without it.
    """
    with tempfile.TemporaryDirectory(prefix="parity-") as temporary:
        out = Path(temporary)
        if repositories is None:
            layout, constants = vectors.layout(case.name)
            checkpoints.write(layout, constants, out)
            return _compared(case, out, vectors.results(case.name), layout, vectors.picked)
        found, layout = _run_published(case, repositories, out)
        if store:
            vectors.store(case.name, found, layout, [one.name for one in CASES])
        return _compared(case, out, vectors.without_constants(found), layout, lambda result: result)


def _compared(
    case: Case,
    folder: Path,
    published: Mapping[str, Tensor],
    layout: Mapping[str, Any],
    pick: Callable[[Tensor], Tensor],
) -> Compared:
    mine = ours.compute(case, folder, published, layout)
    found = {name: difference(pick(mine[name]), published[name]) for name in mine if name in published}
    return Compared(case, found)


def _run_published(case: Case, repositories: Path, out: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return results and layout of the published code. Raises EditorError with its last line if it fails."""
    module = "editor.lab.parity.published"
    command = [sys.executable, "-m", module, case.name, str(repositories), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise EditorError(f"The published code of '{case.name}' failed: {last}")
    if (out / "clip.pt").exists() or case.kind == "clip":
        vocabulary = repositories / "CLIP" / "clip" / ours.VOCABULARY
        (out / ours.VOCABULARY).write_bytes(vocabulary.read_bytes())
    layout = json.loads((out / "layout.json").read_text(encoding="utf-8"))
    return load_file(out / "theirs.safetensors"), layout
