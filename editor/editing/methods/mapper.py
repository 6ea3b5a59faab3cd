"""The text-conditioned mapper as a method: one network's step for every prompt and picture."""

from __future__ import annotations

from editor.bundle.bundle import Bundle
from editor.editing.calibration import SHARES, choose_strength
from editor.editing.methods.base import Candidate, EditTask, Method


class TextMapping(Method):
    """A step that depends on the picture, so that a target ("pink hair") is reached from any start."""

    name = "mapper"

    def supports(self, bundle: Bundle) -> bool:
        """Return whether the bundle has the network."""
        return bundle.mapper is not None

    def find(self, task: EditTask) -> Candidate | None:
        """Return the network's step in W as a delta."""
        mapper = task.bundle.mapper
        if mapper is None:
            return None
        step = mapper(task.state.current_w[None], task.direction[None])
        delta = task.bundle.generator.synthesis.style_steps(step)[0]
        return choose_strength(task, Candidate(delta, self.name), SHARES)
