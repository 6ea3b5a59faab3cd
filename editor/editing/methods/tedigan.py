"""TediGAN's optimization by CLIP (Xia et al. 2021, arXiv 2104.08910): the picture's own latent, moved until it fits a text.

As there: Adam on the latent of the inverted picture; the loss is CLIP's distance between picture and text, the difference
of pixels to the picture it began with, and how far the encoder reads the picture from the latent (in-domain inversion). What
differs: their perceptual term needs a VGG network that no bundle has; and steps are fewer, at a higher rate.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device import memory
from editor.device.progress import Progress
from editor.editing.methods.base import Candidate, State
from editor.editing.methods.objective import READING, Objective
from editor.editing.methods.optimization import WPlus, descend

STEPS, RATE = 40, 0.1
CLIP, PIXELS, DOMAIN = 1.0, 1.0, 0.02
"""Weights: of 1 - cosine of picture and text, of the mean square of pixel differences, of the mean square of latent
differences in W's deviations. Theirs are 1, 1 and 2, the last in their W's own units."""


class TediGAN:
    """The latent after the search."""

    name: MethodName = "tedigan"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The delta of the whole search; None where the text fits no better after it."""
        state = replace(state, plan=memory.plan(bundle.generator, state.looks))
        with torch.no_grad():
            before = state.pictures(bundle, torch.zeros_like(state.base)[None])
            objective = Objective.of(bundle, wish, direction, before)
        space = WPlus(bundle)

        def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
            delta = space.delta(offset)
            pictures = state.pictures(bundle, delta)
            fits = objective.sign * (bundle.clip.encode_image(pictures) @ objective.target)
            pixels = (pictures - before).square().mean((1, 2, 3))
            place = state.w.mean(0) + (state.added + delta) @ bundle.style_inverse.t()
            domain = (objective.reading(pictures, place) / READING).square()
            return CLIP * (1 - fits) + PIXELS * pixels + DOMAIN * domain, pictures

        delta = space.delta(descend(space.zeros(1), loss, STEPS, watch, RATE))
        gained = objective.gains(state.embed(bundle, delta))
        return Candidate(delta[0].detach(), self.name) if float(gained[0]) > 0 else None
