"""Carry an edit over to the picture's own detail.

A generator draws an edit small, often much smaller than the user's picture. Enlarging that drawing, or its
difference to the picture, smears outlines. In most places an edit only changes colours, though: within a
small window it is an affine map of colours. That map is fitted at the generator's size and applied to the
picture at its own size, so that edges and detail stay the picture's own (in the spirit of guided image
filtering, He et al. 2013, and bilateral guided upsampling, Chen et al. 2016). Where the edit moves what is
there, the picture's own pixels are moved first (``editor.imaging.motion``). Where neither explains the edit
there is new content, which comes from the synthesis.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.imaging.motion import helpful_motion, moved
from editor.imaging.windows import box_mean, dilate, erode, smoothstep, spread

WINDOW = 3
"""Radius in pixels of the windows in which one map of colours is fitted."""
REGULARISATION = 0.002
"""Pull of each map towards the identity, as a variance of colours in [-1, 1]."""
LARGEST_FIT = 256
"""Pixels at which maps are fitted at most: colours change slowly, and the fit costs one inverse for each
pixel."""
RESIDUAL_FROM, RESIDUAL_FULL = 0.10, 0.20
"""Error of the fit from which, over more than a line, there is new content."""
EDGE_FROM, EDGE_FULL = 0.12, 0.24
"""Step between neighbouring pixels that is an edge."""
EDGE_SHIFT = 2
"""Pixels by which the synthesis may misplace an edge that is there."""
EDGE_KEPT = 0.35
"""Share of an edge's step below which it is gone, or was not there before."""
CHANGE_FROM, CHANGE_FULL = 0.08, 0.20
"""Change of a pixel over which new content spreads from where it is found to the whole feature."""
GROWTH = 20
"""Pixels by which it spreads at most, at 128 pixels."""


@dataclass(frozen=True)
class Transfer:
    """How to edit a picture of any size.

    Attributes:
        motion: Where each pixel comes from [1, 2, R, R], across and down, in halves of the square's side.
        colours: Affine maps of colours [1, 12, R, R]: a row-major 3 x 3 matrix and an offset for each pixel.
        new: Where the synthesis holds new content [1, 1, R, R], 0 to 1.
    """

    motion: Tensor
    colours: Tensor
    new: Tensor


def apply_colours(maps: Tensor, colours: Tensor) -> Tensor:
    """Apply affine maps [12, H, W] to colours [3, H, W]."""
    matrix, offset = maps[:9].unflatten(0, (3, 3)), maps[9:]
    return (matrix * colours).sum(1) + offset


def fit(picture: Tensor, before: Tensor, after: Tensor) -> Transfer:
    """Fit how an edit changes a picture.

    Args:
        picture: The user's picture [3, R, R] in [-1, 1] at the generator's size.
        before: The unedited synthesis [3, R, R].
        after: The edited synthesis [3, R, R].
    """
    size = picture.shape[-1]
    if size > LARGEST_FIT:
        small = [
            F.interpolate(x[None], size=(LARGEST_FIT,) * 2, mode="area")[0] for x in (picture, before, after)
        ]
        found = fit(*small)
        return Transfer(
            *(
                F.interpolate(maps, size=(size, size), mode="bilinear", align_corners=False)
                for maps in (found.motion, found.colours, found.new)
            )
        )
    motion = helpful_motion(before[None], after[None])
    picture, before = (moved(one[None], motion)[0] for one in (picture, before))
    change = after - before
    target = picture + change
    colours = _fitted(picture, target)
    error = (apply_colours(colours[0], picture) - target).abs().amax(0)[None, None]
    return Transfer(motion * 2 / size, colours, _new_content(picture[None], target[None], change, error))


def _fitted(picture: Tensor, target: Tensor) -> Tensor:
    """Regress target on picture colours [3, R, R] in every window: [1, 12, R, R]."""
    size = picture.shape[-1]
    mean, wanted = box_mean(picture[None], WINDOW)[0], box_mean(target[None], WINDOW)[0]

    def covariance(one: Tensor, one_mean: Tensor) -> Tensor:
        products = (one[:, None] * picture[None]).reshape(1, 9, size, size)
        centred = box_mean(products, WINDOW)[0].view(3, 3, size, size) - one_mean[:, None] * mean[None]
        return centred.permute(2, 3, 0, 1) + REGULARISATION * torch.eye(3)

    matrix = covariance(target, wanted) @ torch.linalg.inv(covariance(picture, mean))
    offset = wanted.permute(1, 2, 0) - (matrix @ mean.permute(1, 2, 0)[..., None])[..., 0]
    maps = torch.cat([matrix.flatten(2), offset], 2).permute(2, 0, 1)[None]
    return box_mean(maps, WINDOW)


def _steps(pictures: Tensor) -> Tensor:
    """Length of the gradient [N, 1, H, W] of pictures [N, 3, H, W], of the channel where it is largest."""
    across = F.pad(pictures[..., 1:] - pictures[..., :-1], (0, 1, 0, 0))
    down = F.pad(pictures[..., 1:, :] - pictures[..., :-1, :], (0, 0, 0, 1))
    return (across.square() + down.square()).sqrt().amax(1, keepdim=True)


def _new_content(picture: Tensor, target: Tensor, change: Tensor, error: Tensor) -> Tensor:
    """Where the edit draws something else than other colours [1, 1, R, R].

    It is found where edges appear or vanish, or where the maps of colours fail on more than a line, and
    spreads from there over what changed, so that whole features are taken from the synthesis.
    """
    before, after = _steps(picture), _steps(target)
    appeared = smoothstep(after, EDGE_FROM, EDGE_FULL) * (dilate(before, EDGE_SHIFT) < EDGE_KEPT * after)
    vanished = smoothstep(before, EDGE_FROM, EDGE_FULL) * (dilate(after, EDGE_SHIFT) < EDGE_KEPT * before)
    edges = torch.maximum(appeared, vanished)
    edges = torch.where(box_mean(edges, 1) > 0.25, edges, torch.zeros_like(edges))  # not a single pixel
    failed = smoothstep(box_mean(error, 1), RESIDUAL_FROM, RESIDUAL_FULL)
    seeds = torch.maximum(edges, dilate(erode(failed, 1), 1).minimum(failed))
    if not bool((seeds > 0).any()):
        return torch.zeros_like(seeds)
    changed = smoothstep(box_mean(change.abs().amax(0)[None, None], 1), CHANGE_FROM, CHANGE_FULL)
    allowed, grown = torch.maximum(changed, seeds), seeds
    for _ in range(round(GROWTH * picture.shape[-1] / 128 / 2)):
        grown = torch.minimum(dilate(grown, 2), allowed)
    closed = erode(dilate(grown, 4), 4)
    return spread(closed, 1)
