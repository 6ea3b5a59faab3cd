"""The relevance of StyleSpace channels, measured one by one as StyleCLIP's authors do (Patashnik et al. 2021,
arXiv 2103.17249, section 6): a reference for ``editor.checkpoints.measuring``."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.checkpoints.measuring import REACH
from editor.networks.generators import Generator
from editor.networks.text_image_model import TextImageModel


@torch.no_grad()
def relevance_rows(
    generator: Generator,
    clip: TextImageModel,
    styles: Tensor,
    mean: Tensor,
    std: Tensor,
    channels: Iterable[int],
) -> Tensor:
    """Unit relevance rows [channels, D], over the pictures of ``styles`` [N, C]."""
    rows = []
    for channel in channels:
        ends = []
        for side in (-REACH, REACH):
            moved = styles.clone()
            moved[:, channel] = mean[channel] + side * std[channel]
            ends.append(clip.encode_image(generator.synthesis(moved).clamp(-1, 1)))
        rows.append(F.normalize(F.normalize(ends[1] - ends[0], dim=1).mean(0), dim=0))
    return torch.stack(rows)
