"""StyleCLIP's latent optimization as its authors run it (Patashnik et al. 2021, arXiv 2103.17249, section 4), to be compared with.

Adam over W+ from the picture, against CLIP's view of one sentence, with the squared distance in W+ as the only other term; the
last place is taken. Their slip is followed: CLIP is shown pictures in [-1, 1], enlarged by repeating pixels, without the mean and
deviation it was trained with (``editor.editing.methods.optimization`` prepares them as CLIP needs them). Their identity term wants a
face recogniser that no bundle holds, and is left out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing.methods.base import Candidate, State
from editor.networks.published_clip import PublishedClip

STEPS, RATE, DISTANCE = 300, 0.1, 0.008
"""Steps, Adam's rate, and the weight of the squared distance."""
SIDE = 224
"""Pixels that the published enlargement ends at, whatever it begins with."""


def loss(clip: PublishedClip, pictures: Tensor, text: Tensor, as_published: bool = True) -> Tensor:
    """What pictures [N, 3, R, R] lack of a text's embedding [M, D], in cosine: [N, M], with gradients."""
    prepared = clip.prepare_as_published(pictures) if as_published else clip.prepare(pictures)
    return 1 - clip.logits(clip.embed(prepared), text) / 100


def rate(t: float) -> float:
    """Adam's rate at ``t`` of the search, 0 to 1: up over the first twentieth, down by a cosine over the last quarter."""
    return RATE * (0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / 0.25))) * min(1.0, t / 0.05)


class PublishedOptimization:
    """The search; slow, and offered where the text-image model is a published one that sees 224 pixels."""

    name: MethodName = "styleclip-optimization"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Where what it slips on is there."""
        return isinstance(bundle.clip, PublishedClip) and bundle.clip.side == SIDE

    @torch.enable_grad()
    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The step from the picture to the last place of the search."""
        assert isinstance(bundle.clip, PublishedClip)
        synthesis, text = bundle.generator.synthesis, bundle.clip.encode_sentences([wish.prompt])
        offset = torch.zeros_like(state.w)[None].requires_grad_(True)
        optimizer = torch.optim.Adam([offset], lr=RATE)
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = rate(step / STEPS)
            delta = synthesis.style_steps(offset)
            pictures = _pictures(bundle, state, delta)
            lacking = loss(bundle.clip, pictures, text).sum() * wish.sign
            optimizer.zero_grad()
            (lacking + DISTANCE * offset.square().sum()).backward()
            optimizer.step()
            watch("find", step + 1, STEPS, lambda made=pictures: made[0])  # type: ignore[misc]
        return Candidate(synthesis.style_steps(offset.detach())[0], self.name)


def _pictures(bundle: Bundle, state: State, delta: Tensor) -> Tensor:
    """As published, pictures are not clamped; a region, which they do not know, is kept to."""
    if state.mask is not None or state.parts:
        return state.pictures(bundle, delta)
    return bundle.generator.synthesis(state.styles[None] + delta)
