"""StyleCLIP's mapper as a method: a network that was trained for the very thing that is wished for."""

from __future__ import annotations

from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.bundle.prompt_mappers import Trained
from editor.device.progress import Progress
from editor.editing import text_directions
from editor.editing.calibration import SHARES, standard
from editor.editing.methods.base import Candidate, State
from editor.networks.styleclip_mapper import StyleClipMapper

SAME = 0.95
"""Cosine of text directions from which a wish says what a mapper was trained for."""


def fitting(bundle: Bundle, direction: Tensor) -> Trained | StyleClipMapper | None:
    """The mapper that was trained for a direction [D] of the text-image space, here or by others; None where there is none."""
    known: list[tuple[Change, Trained | StyleClipMapper]] = [
        (Change(prompt=trained.prompt, neutral=trained.neutral), trained) for trained in bundle.prompt_mappers
    ]
    known += [(Change(prompt=prompt), network) for prompt, network in bundle.prompts.items()]
    best, most = None, SAME
    for wish, mapper in known:
        alike = float(text_directions.text_direction(bundle, wish) @ direction)
        if alike >= most:
            best, most = mapper, alike
    return best


class PromptMapping:
    """The step of the mapper that fits the wish, however it is worded; no way where none was trained for it."""

    name: MethodName = "prompt-mapper"
    slow = False

    def offered(self, bundle: Bundle) -> bool:
        """Where any was trained."""
        return bool(bundle.prompt_mappers or bundle.prompts)

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The network's step in W+ from where the picture is now."""
        trained = fitting(bundle, direction)
        if trained is None:
            return None
        synthesis, ws = bundle.generator.synthesis, state.w + bundle.style_inverse @ state.added
        if isinstance(trained, StyleClipMapper):
            delta = trained.delta(synthesis, ws[None], state.styles[None])[0]
        else:
            delta = synthesis.style_steps(trained.network(ws[None]))[0]
        return standard(bundle, state, wish, direction, Candidate(delta, self.name), SHARES, watch)
