"""Projection to W, for pictures unlike any that a generator makes.

The encoder's answer for such a picture is a blend of everything it might be, which the mapping network never
produces. A search in W+ from there follows pixels that the generator cannot draw. Both look like fog, and no
edit of fog can be good. So this module looks for a W that the mapping network does produce, from a z: first
the one nearest to the encoder's answer, and from there the one whose reduced picture has the same colours in
the same places.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.device.gradient_descent import Budget, GradientDescent, linear_decay
from editor.inversion.search import InversionSearch
from editor.networks.generators import Generator

STARTS, STEPS, RATE = 8, 200, 0.1
"""Random starts, steps and learning rate of the search for the nearest W."""
PICTURE_STEPS, PICTURE_RATE = 40, 0.05
"""Steps and learning rate of the search by pictures."""
SIDE = 32
"""Side of the reduced pictures: finer detail is what the generator cannot draw."""
STAY_WEIGHT = 1.0
"""Penalty per squared standard deviation from the encoder's answer, in pixel differences."""
SEED = 20210331


@torch.enable_grad()
def nearest_z(generator: Generator, w: Tensor, w_std: Tensor) -> Tensor:
    """Return the z [z_dim] whose W is nearest to ``w`` [w_dim], of several searches."""
    source = torch.Generator().manual_seed(SEED)
    z = torch.randn(STARTS, generator.config.z_dim, generator=source).to(w.device).requires_grad_()
    descent = GradientDescent(torch.optim.Adam([z], lr=RATE), Budget(STEPS), linear_decay)
    distances = z.new_zeros(STARTS)
    for _ in descent:
        distances = ((generator.mapping(z) - w) / w_std).square().mean(1)
        descent.minimise(distances)
    return z.detach()[distances.argmin()]


@torch.enable_grad()
def project(search: InversionSearch, w: Tensor) -> Tensor:
    """Return the W that best matches the target and its encoding ``w``, as equal rows [num_ws, w_dim]."""
    generator, encoded = search.generator, w.mean(0)
    z = nearest_z(generator, encoded, search.w_std).requires_grad_()
    reduced = F.adaptive_avg_pool2d(search.target, SIDE)
    descent = search.descend(torch.optim.Adam([z], lr=PICTURE_RATE, betas=(0.8, 0.95)), PICTURE_STEPS)
    for _ in descent:
        found = generator.mapping(z[None])
        drawn = search.draw(found[:, None].expand(-1, len(w), -1))
        distance = (F.adaptive_avg_pool2d(drawn, SIDE) - reduced).abs().mean()
        loss = distance + STAY_WEIGHT * ((found - encoded) / search.w_std).square().mean()
        descent.minimise(loss, drawn)
    with torch.no_grad():
        return generator.mapping(z[None])[0].expand(len(w), -1).contiguous()
