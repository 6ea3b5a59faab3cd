"""Mappers as methods: one network for every prompt, or StyleCLIP's networks, each trained for one prompt."""

from __future__ import annotations

from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.bundle.prompt_mappers import TrainedMapper
from editor.editing.calibration import SHARES, choose_strength
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.text_directions import text_direction
from editor.networks.styleclip_mapper import StyleClipMapper

SAME = 0.95
"""Cosine of text directions from which a prompt says what a mapper was trained for."""


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


def matching_mapper(bundle: Bundle, direction: Tensor) -> TrainedMapper | StyleClipMapper | None:
    """Return the mapper that was trained for a text-image direction [D]; None if there is none."""
    known: list[tuple[Change, TrainedMapper | StyleClipMapper]] = [
        *((Change(prompt=one.prompt, neutral=one.neutral), one) for one in bundle.trained_mappers),
        *((Change(prompt=prompt), network) for prompt, network in bundle.published_mappers.items()),
    ]
    best, highest = None, SAME
    for change, mapper in known:
        cosine = float(text_direction(bundle, change) @ direction)
        if cosine >= highest:
            best, highest = mapper, cosine
    return best


class PromptMapping(Method):
    """The step of the mapper that was trained for the prompt, however it is worded."""

    name = "prompt-mapper"

    def supports(self, bundle: Bundle) -> bool:
        """Return whether the bundle has any such mapper."""
        return bool(bundle.trained_mappers or bundle.published_mappers)

    def find(self, task: EditTask) -> Candidate | None:
        """Return the network's step in W+ from where the picture is now."""
        bundle, state = task.bundle, task.state
        mapper = matching_mapper(bundle, task.direction)
        if mapper is None:
            return None
        synthesis, w_plus = bundle.generator.synthesis, state.w + bundle.style_inverse @ state.added
        if isinstance(mapper, TrainedMapper):
            delta = synthesis.style_steps(mapper.network(w_plus[None]))[0]
        else:
            delta = mapper.delta(synthesis, w_plus[None], state.styles[None])[0]
        return choose_strength(task, Candidate(delta, self.name), SHARES)
