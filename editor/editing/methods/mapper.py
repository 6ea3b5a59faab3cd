"""The text-conditioned mapper as a method: one network's step for every wish, from where the picture is now."""

from __future__ import annotations

from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing.calibration import SHARES, standard
from editor.editing.methods.base import Candidate, State


def place_in_w(bundle: Bundle, state: State) -> Tensor:
    """Where the picture is now, as the nearest w [w_dim]."""
    return state.w.mean(0) + bundle.style_inverse @ state.added


class TextMapping:
    """A step that depends on the picture, so that a wish with a target ("pink hair") is reached from any start."""

    name: MethodName = "mapper"
    slow = False

    def offered(self, bundle: Bundle) -> bool:
        """Where the bundle has the network."""
        return bundle.mapper is not None

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The network's step in W as a delta."""
        if bundle.mapper is None:
            return None
        w = place_in_w(bundle, state)
        delta = bundle.generator.synthesis.style_steps(bundle.mapper(w[None], direction[None]))[0]
        return standard(bundle, state, wish, direction, Candidate(delta, self.name), SHARES, watch)
