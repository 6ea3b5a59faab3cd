"""How far two pictures are apart: by their pixels, for searches, and as a network sees them, for measuring."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.bundle.bundle import Bundle
from editor.networks.convnet import resampled
from editor.networks.published_clip import PublishedClip


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Per-picture distance [N]: L1 at full, half and quarter resolution, pixels in [-1, 1]."""
    difference = made - wanted
    total = difference.abs().mean(dim=(1, 2, 3))
    for _ in range(2):
        difference = F.avg_pool2d(difference, 2)
        total = total + 0.5 * difference.abs().mean(dim=(1, 2, 3))
    return total


@torch.no_grad()
def perceptual(bundle: Bundle, one: Tensor, other: Tensor) -> Tensor:
    """Per-picture distance [N] of pictures [N, 3, R, R] by the features of the bundle's own image tower.

    As LPIPS has it (Zhang et al. 2018, arXiv 1801.03924) but for the learnt weights: at each stage every place's features
    are scaled to length 1, and the squared differences are averaged over places and stages. No search uses it.
    """
    count = len(one)
    stages = _stages(bundle, torch.cat([one, other]))
    gaps = [
        (a - b).square().sum(1).mean(1)
        for a, b in (F.normalize(stage, dim=1).split(count) for stage in stages)
    ]
    return torch.stack(gaps).mean(0)


def _stages(bundle: Bundle, images: Tensor) -> list[Tensor]:
    """Features [N, C, places] after each stage of the image tower."""
    clip = bundle.clip
    if isinstance(clip, PublishedClip):
        seen = clip.model.vision_model(
            pixel_values=clip.prepare(images), output_hidden_states=True, return_dict=True
        )
        return [state.transpose(1, 2) for state in seen.hidden_states[1:]]
    body, found = clip.space.image.body, []
    x = resampled(images)
    for stage in (*_children(body.first), *_children(body.second)):
        x = stage(x)
        found.append(x.flatten(2))
    return found


def _children(stages: nn.Sequential) -> list[nn.Module]:
    return list(stages.children())
