"""Distances between pictures: by pixels, for searches, and by a network's features, for measurements."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.networks.convnet import resampled
from editor.networks.published_clip import PublishedClip


def pixel_distance(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 distance of pictures [N, 3, R, R] in [-1, 1] at full, half and quarter resolution: [N]."""
    difference = made - wanted
    total = difference.abs().mean(dim=(1, 2, 3))
    for _ in range(2):
        difference = F.avg_pool2d(difference, 2)
        total = total + 0.5 * difference.abs().mean(dim=(1, 2, 3))
    return total


@torch.no_grad()
def perceptual_distance(bundle: Bundle, one: Tensor, other: Tensor) -> Tensor:
    """Distance of pictures [N, 3, R, R] by the features of the bundle's own image tower: [N].

    This is LPIPS (Zhang et al. 2018, arXiv 1801.03924) without the learnt weights: features are scaled to
    length 1 at every position, and squared differences are averaged over positions and stages. No search uses
    it.
    """
    stages = [F.normalize(stage, dim=1) for stage in _features(bundle, torch.cat([one, other]))]
    pairs = [stage.split(len(one)) for stage in stages]
    return torch.stack([(a - b).square().sum(1).mean(1) for a, b in pairs]).mean(0)


def _features(bundle: Bundle, images: Tensor) -> list[Tensor]:
    """Return the features [N, C, positions] after each stage of the image tower."""
    clip = bundle.clip
    if isinstance(clip, PublishedClip):
        seen = clip.model.vision_model(
            pixel_values=clip.prepare(images), output_hidden_states=True, return_dict=True
        )
        return [state.transpose(1, 2) for state in seen.hidden_states[1:]]
    body, found = clip.space.image.body, []
    x = resampled(images)
    for stage in (*body.first.children(), *body.second.children()):
        x = stage(x)
        found.append(x.flatten(2))
    return found
