"""StyleCLIP's latent optimization as published (Patashnik et al. 2021, arXiv 2103.17249, section 4), for
comparison.

Adam searches W+ from the picture against CLIP's view of one sentence; the squared distance in W+ is the only
other term, and the last step is the result. The published slip is repeated: CLIP sees pictures in [-1, 1],
enlarged by repeating pixels, without the mean and standard deviation it was trained with
(``editor.editing.methods.optimization`` prepares them as CLIP needs them). The identity term needs a face
recogniser that no bundle has, and is left out.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.device.gradient_descent import Budget, GradientDescent, cosine_decay
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.networks.published_clip import PublishedClip

STEPS, RATE, DISTANCE_WEIGHT = 300, 0.1, 0.008
SIDE = 224
"""Side to which the published code enlarges pictures, whatever their own."""

published_schedule = partial(cosine_decay, start=0.0)
"""Up over the first twentieth of the search, down along a cosine over the last quarter."""


def text_loss(clip: PublishedClip, pictures: Tensor, text: Tensor, as_published: bool = True) -> Tensor:
    """Return 1 - cosine of pictures [N, 3, R, R] and texts [M, D]: [N, M], with gradients."""
    prepared = clip.prepare_as_published(pictures) if as_published else clip.prepare(pictures)
    return 1 - clip.logits(clip.embed(prepared), text) / 100


class PublishedOptimization(Method):
    """The published search, for a published text-image model that sees 224 pixels."""

    name = "styleclip-optimization"
    slow = True

    def supports(self, bundle: Bundle) -> bool:
        """Return whether the bundle has such a model."""
        return isinstance(bundle.clip, PublishedClip) and bundle.clip.side == SIDE

    @torch.enable_grad()
    def find(self, task: EditTask) -> Candidate | None:
        """Return the step from the picture to the end of the search."""
        clip, synthesis, state = task.bundle.clip, task.bundle.generator.synthesis, task.state
        regional = state.mask is not None or bool(state.regions)
        assert isinstance(clip, PublishedClip)
        text = clip.encode_sentences([task.change.prompt])
        offset = torch.zeros_like(state.w)[None].requires_grad_(True)
        optimizer = torch.optim.Adam([offset], lr=RATE)
        descent = GradientDescent(optimizer, Budget(STEPS, task.deadline), published_schedule, task.progress)
        for _ in descent:
            delta = synthesis.style_steps(offset)
            # without clamping, as published; regions, which the published code lacks, are kept
            pictures = state.pictures(delta) if regional else synthesis(state.styles[None] + delta)
            loss = text_loss(clip, pictures, text).sum() * task.change.sign
            descent.minimise(loss + DISTANCE_WEIGHT * offset.square().sum(), pictures.detach())
        return Candidate(synthesis.style_steps(offset.detach())[0], self.name)
