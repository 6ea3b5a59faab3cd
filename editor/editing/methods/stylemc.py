"""StyleMC (Kocasari et al. 2022, arXiv 2112.08493): one direction in StyleSpace for a text, found once and for all pictures.

As there: the direction is optimized over a small batch of random pictures at low resolution with a CLIP term and an identity
term, and then serves every picture. What differs: the CLIP term is ``editor.editing.methods.objective``'s, identity is what the
bundle's own encoder reads, and the direction is kept short by absolute values, so that few channels move.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import samples
from editor.editing.calibration import calibrated, unit
from editor.editing.methods.base import Candidate, State
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import Styles, descend

PICTURES, STEPS, RATE = 6, 30, 0.12
_FOUND: dict[tuple[str, bytes], Tensor] = {}
MOST_FOUND = 64


@torch.enable_grad()
def direction_of(bundle: Bundle, wish: Change, direction: Tensor, watch: Progress) -> Tensor:
    """The delta [C] that serves a handful of the generator's pictures best."""
    w = samples.of(bundle, watch).w[:PICTURES]
    styles = bundle.generator.synthesis.styles(w)
    with torch.no_grad():
        objective = Objective.of(bundle, wish, direction, bundle.generator.synthesis(styles).clamp(-1, 1))
    space, rng = Styles(bundle), torch.Generator().manual_seed(0)

    def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
        delta = space.delta(offset)
        pictures = bundle.generator.synthesis(styles + delta).clamp(-1, 1)
        read = objective.reading(pictures, w + delta @ bundle.style_inverse.t())
        return (objective.wish(pictures, rng) + read).mean()[None] + space.cost(offset), pictures

    return space.delta(descend(space.zeros(1), loss, STEPS, watch, RATE))[0].detach()


class StyleMC:
    """The text's direction, found when first asked for, and scaled to each picture."""

    name: MethodName = "stylemc"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The direction, calibrated; None where the search found that nothing helps."""
        key = (bundle.info.fingerprint, direction.cpu().numpy().tobytes())
        if key not in _FOUND:
            _FOUND[key] = direction_of(bundle, wish, direction, watch)
            while len(_FOUND) > MOST_FOUND:
                del _FOUND[next(iter(_FOUND))]
        delta = _FOUND[key]
        found = Candidate(unit(bundle, delta), self.name)
        return calibrated(bundle, state, wish, direction, found, watch) if bool(delta.any()) else None
