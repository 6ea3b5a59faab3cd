"""GANSpace (Härkönen et al. 2020, arXiv 2004.02546): principal directions of W, applied to a range of layers.

As there: principal component analysis of many w, and edits that move some rows of W+ along one component. What differs:
the authors look at each component and name it by hand; here the text-image model names it, by what moving along it does
to a few pictures.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import samples
from editor.editing.calibration import calibrated, unit
from editor.editing.methods.base import Candidate, State
from editor.networks.styleclip_mapper import LEVELS

COMPONENTS, PICTURES = 24, 3
"""Components that are named, and pictures that each is tried on."""
REACH = 2.0
"""How far a component is moved to name it, in its deviations."""
LEAST = 0.1
"""Cosine with the wish below which no component is about it."""
_NAMED: dict[str, tuple[Tensor, Tensor]] = {}


def principal(w: Tensor, count: int) -> Tensor:
    """The first principal components of w [N, w_dim], each one deviation long: [count, w_dim]."""
    centred = w - w.mean(0)
    _, values, components = torch.linalg.svd(centred, full_matrices=False)
    return components[:count] * (values[:count, None] / (len(w) - 1) ** 0.5)


def nearest(rows: Tensor, direction: Tensor) -> tuple[int, float]:
    """The row [A, D] most along or against a direction [D], and the cosine."""
    cosines = rows @ direction
    best = int(cosines.abs().argmax())
    return best, float(cosines[best])


class GANSpace:
    """The component and range of layers whose effect is most what the wish says."""

    name: MethodName = "ganspace"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """One component, scaled; None where none is about the wish."""
        steps, rows = _named(bundle, watch)
        best, cosine = nearest(rows, direction)
        if abs(cosine) < LEAST:
            return None
        delta = unit(bundle, steps[best]) * (1.0 if cosine > 0 else -1.0)
        return calibrated(bundle, state, wish, direction, Candidate(delta, self.name), watch)


@torch.no_grad()
def _named(bundle: Bundle, watch: Progress) -> tuple[Tensor, Tensor]:
    """StyleSpace steps [A, C] of components on ranges of layers, and what they do in the text-image space [A, D]."""
    if bundle.info.fingerprint not in _NAMED:
        crowd, synthesis = samples.of(bundle, watch), bundle.generator.synthesis
        components = principal(crowd.w, COMPONENTS)
        steps = torch.cat(
            [
                synthesis.style_steps(_on(components, rows, synthesis.config.num_ws))
                for rows in (slice(None), *LEVELS.values())
            ]
        )
        styles = synthesis.styles(crowd.w[:PICTURES])
        rows = []
        for number, step in enumerate(steps):
            watch("fit", number, len(steps))
            up, down = (rendering.embed(bundle, styles + sign * REACH * step) for sign in (1, -1))
            rows.append(F.normalize((up - down).mean(0), dim=0))
        _NAMED[bundle.info.fingerprint] = steps, torch.stack(rows)
    return _NAMED[bundle.info.fingerprint]


def _on(components: Tensor, rows: slice, num_ws: int) -> Tensor:
    """Components [K, w_dim] as steps in W+ that move some rows: [K, num_ws, w_dim]."""
    steps = components.new_zeros(len(components), num_ws, components.shape[1])
    steps[:, rows] = components[:, None]
    return steps
