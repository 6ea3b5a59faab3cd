"""StyleCLIP's global directions as its authors compute them (Patashnik et al.

2021, arXiv 2103.17249, section 6).

Correct by default. On request it repeats two errors of the published code: a shallow copy, so that every
measured channel stays at its mean while the later ones are measured; and 0 / 0 where no channel exceeds the
threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.bundle.text_image import TextImage
from editor.networks.generators import Generator

REACH = 5.0
"""Distance in standard deviations by which a channel is moved up and down."""


@dataclass(frozen=True)
class Recipe:
    """How to follow the published code: ``as_published`` repeats its errors.

    With ``side``, pictures are rounded to 256 levels and resized to that many pixels by Pillow, as there;
    None leaves both to the text-image model.
    """

    as_published: bool = False
    side: int | None = None


@torch.no_grad()
def relevance_rows(
    generator: Generator,
    clip: TextImage,
    styles: Tensor,
    mean: Tensor,
    std: Tensor,
    spans: Sequence[tuple[int, int]],
    recipe: Recipe | None = None,
) -> Tensor:
    """Unit relevance rows [channels of ``spans``, D], over the pictures of ``styles`` [N, C]."""
    recipe = recipe or Recipe()
    base, rows = styles.clone(), []
    for start, stop in spans:
        for channel in range(start, stop):
            around = base if recipe.as_published else styles.clone()
            around[:, channel] = mean[channel]
            rows.append(_row(generator, clip, around, channel, float(std[channel]), recipe))
    return torch.stack(rows)


def _row(
    generator: Generator, clip: TextImage, styles: Tensor, channel: int, std: float, recipe: Recipe
) -> Tensor:
    ends = []
    for side in (-REACH, REACH):
        moved = styles.clone()
        moved[:, channel] += side * std
        pictures = generator.synthesis(moved)
        ends.append(
            clip.encode_image(pictures.clamp(-1, 1) if recipe.side is None else saved(pictures, recipe.side))
        )
    difference = F.normalize(ends[1] - ends[0], dim=1)
    return F.normalize(difference.mean(0), dim=0)


def saved(pictures: Tensor, side: int) -> Tensor:
    """[N, 3, H, W] in [-1, 1] after saving and opening: 256 levels, resized to ``side`` pixels by Pillow's
    bicubic filter.
    """
    levels = ((pictures + 1) * 127.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    small = [
        np.array(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
        for picture in levels
    ]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).to(pictures.device).float() / 127.5 - 1


def text_direction(target: Tensor, neutral: Tensor) -> Tensor:
    """Unit direction [D] from the embeddings of every template of two texts [T, D] each."""
    ends = [F.normalize(F.normalize(rows, dim=1).mean(0), dim=0) for rows in (target, neutral)]
    return F.normalize(ends[0] - ends[1], dim=0)


def weights(rows: Tensor, direction: Tensor, threshold: float, as_published: bool = False) -> Tensor | None:
    """Weight of each channel [A], 1 for the most relevant.

    None (NaN as published) if none exceeds the threshold.
    """
    relevance = rows @ direction
    kept = torch.where(relevance.abs() >= threshold, relevance, torch.zeros_like(relevance))
    most = kept.abs().max()
    if most == 0 and not as_published:
        return None
    return kept / most


def spread(weights: Tensor, spans: Sequence[tuple[int, int]], std: Tensor) -> Tensor:
    """Weights of the spans' channels in a row -> StyleSpace delta [C], zero elsewhere."""
    delta, place = torch.zeros_like(std), 0
    for start, stop in spans:
        delta[start:stop] = weights[place : place + stop - start] * std[start:stop]
        place += stop - start
    return delta
