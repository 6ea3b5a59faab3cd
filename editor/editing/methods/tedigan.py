"""TediGAN's optimization by CLIP (Xia et al. 2021, arXiv 2104.08910): the picture's own latent, moved to fit
a text.

As in the paper, Adam moves the latent of the inverted picture. The loss is CLIP's distance between picture
and text, the difference of pixels to the first picture, and how far the encoder reads the picture from the
latent (in-domain inversion). Unlike the paper, there is no perceptual term, which needs a VGG network that no
bundle has; and there are fewer steps at a higher learning rate.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from editor.device import memory
from editor.device.gradient_descent import Budget
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import WPlusOffsets, search_offsets
from editor.editing.scoring import inversion_inconsistency

STEPS, RATE = 40, 0.1
CLIP_WEIGHT, PIXEL_WEIGHT, DOMAIN_WEIGHT = 1.0, 1.0, 0.02
"""Weights of 1 - cosine of picture and text, of the mean square of pixel differences, and of the mean square
of latent differences in W's standard deviations. The paper's are 1, 1 and 2, the last in units of its own W.
"""


class TediGAN(Method):
    """The latent after the search."""

    name = "tedigan"
    slow = True

    def find(self, task: EditTask) -> Candidate | None:
        """Return the delta of the whole search; None if the text fits no better after it."""
        bundle = task.bundle
        plan = memory.plan_search(bundle.generator, task.state.draws)
        state = replace(task.state, plan=plan)
        with torch.no_grad():
            objective = Objective.for_pictures(bundle, task.change, task.direction, state.before)
        space = WPlusOffsets(bundle)

        def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
            delta = space.delta(offset)
            pictures = state.pictures(delta)
            cosine = objective.sign * (bundle.clip.encode_image(pictures) @ objective.target)
            pixels = (pictures - objective.before).square().mean((1, 2, 3))
            domain = inversion_inconsistency(bundle, pictures, state.nearest_w(delta)).square()
            total = CLIP_WEIGHT * (1 - cosine) + PIXEL_WEIGHT * pixels + DOMAIN_WEIGHT * domain
            return total, pictures

        budget = Budget(STEPS, task.deadline)
        delta = space.delta(search_offsets(space.zeros(1), loss, budget, task.progress, RATE))
        gain = objective.gains(state.embed(delta))[0]
        return Candidate(delta[0].detach(), self.name) if float(gain) > 0 else None
