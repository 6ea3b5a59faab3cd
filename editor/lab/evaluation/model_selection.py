"""Model selection test: which bundle unseen pictures are assigned to, and which are called out of domain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from editor.api.protocol import InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.imaging.encode import png
from editor.lab.running import run_job
from editor.lab.training import data, domains, record
from editor.lab.training.manifest import patterns


def assignments(
    engine: Engine, folders: Mapping[str, Path], count: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Count the bundles chosen for ``count`` unseen drawings of each drawn domain, and for as many patterns.

    Inverts without refinement, which does not change the choice and can only raise the fidelity.
    """
    pictures: dict[str, np.ndarray] = {}
    for name in engine.loaded:
        if record.read(folders[name]):
            domain = domains.of_bundle(folders[name])
            pictures[name] = domain.render(domain.portraits.sample(count, seed), 128)
    pictures["patterns"] = data.to_pictures(patterns(count, seed))
    found = {}
    for name, drawings in pictures.items():
        inversions = [
            run_job(engine, InvertRequest(picture=png(pixels).data, quality="draft"), InvertResult).inversion
            for pixels in drawings
        ]
        chosen = Counter(inversion.latent.bundle for inversion in inversions)
        outside = sum(not inversion.fidelity.in_domain for inversion in inversions)
        found[name] = {"to": dict(sorted(chosen.items())), "out_of_domain": outside}
    return found
