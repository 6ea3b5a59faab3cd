"""Where unseen pictures go: each drawn domain's own to its own bundle, and what nobody knows to none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from editor.api.protocol import InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.imaging.encode import png
from editor.lab.evaluation.uploads import never, quiet
from editor.lab.training import data, domains, record
from editor.lab.training.manifest import strangers


def routes(engine: Engine, folders: Mapping[str, Path], count: int, seed: int) -> dict[str, dict[str, Any]]:
    """For each loaded bundle that was trained on drawings: how many of ``count`` unseen ones of its domain went where, and
    how many were called outside all domains; the same for as many patterns that show nothing ("strangers").

    Without refinement, which changes neither the bundle nor, but for the better, the fidelity.
    """
    found = {}
    for name in engine.loaded:
        if record.read(folders[name]):
            domain = domains.of_bundle(folders[name])
            found[name] = _where(engine, domain.render(domain.portraits.sample(count, seed), 128))
    return found | {"strangers": _where(engine, data.to_pictures(strangers(count, seed)))}


def _where(engine: Engine, pictures: np.ndarray) -> dict[str, Any]:
    """The routes of pictures, uint8 [N, H, W, 3]."""
    inversions = []
    for pixels in pictures:
        result = engine.run(InvertRequest(picture=png(pixels).data, quality="draft"), quiet, never)
        assert isinstance(result, InvertResult)
        inversions.append(result.inversion)
    went = [inversion.latent.bundle for inversion in inversions]
    outside = sum(not inversion.fidelity.in_domain for inversion in inversions)
    return {"to": {name: went.count(name) for name in sorted(set(went))}, "called outside": outside}
