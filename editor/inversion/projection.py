"""Pictures unlike any that a generator makes: the nearest of those that it does make.

What an encoder answers for such a picture is a blend of all that it might be, and lies where the mapping network never leads;
a search in W+ from there follows pixels that the generator cannot draw. Both look like fog, and no edit of fog can be good.
So the place in W is looked for that the mapping network does lead to, from a z: first the one nearest to the encoder's
answer, and from there the one whose picture, in small, has the same colours in the same places.
"""

from __future__ import annotations

import time
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.device.learning_rate import set_falling
from editor.device.memory import Plan
from editor.device.progress import Progress, no_progress
from editor.networks.generators import Generator

STARTS, STEPS, RATE = 8, 200, 0.1
"""Of the search for the nearest place: random beginnings, steps of Adam, and its rate."""
PICTURE_STEPS, PICTURE_RATE = 40, 0.05
"""Of the search by pictures."""
SMALL = 32
"""Pixels to a side at which pictures are compared: finer ones would be those that the generator cannot draw."""
STAY = 1.0
"""What a squared deviation of W from the encoder's answer costs, in differences of pixels in [-1, 1]."""
SEED = 20210331


@torch.enable_grad()
def nearest(generator: Generator, w: Tensor, unit: Tensor) -> Tensor:
    """The z [z_dim] whose place is nearest to w [w_dim], in W's deviations ``unit`` [w_dim], of several that are looked for."""
    source = torch.Generator().manual_seed(SEED)
    z = torch.randn(STARTS, generator.config.z_dim, generator=source).to(w.device).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=RATE)
    for step in range(STEPS):
        set_falling(optimizer, RATE, step, STEPS)
        apart = ((generator.mapping(z) - w) / unit).square().mean(1)
        optimizer.zero_grad()
        apart.sum().backward()
        optimizer.step()
    return z.detach()[apart.argmin()]


@torch.enable_grad()
def settled(
    generator: Generator,
    wanted: Tensor,
    w: Tensor,
    unit: Tensor,
    plan: Plan,
    watch: Progress = no_progress,
    ends: float = float("inf"),
) -> Tensor:
    """The place of the mapping network that stands for a picture ``wanted`` [3, S, S], which an encoder reads as ``w``
    [num_ws, w_dim]: W+ [num_ws, w_dim], the same w for every layer. Ends early when the clock passes ``ends``."""
    synthesis, answer = generator.synthesis, w.mean(0)
    z = nearest(generator, answer, unit).requires_grad_()
    small = F.adaptive_avg_pool2d(wanted[None], SMALL)
    optimizer = torch.optim.Adam([z], lr=PICTURE_RATE, betas=(0.8, 0.95))
    for step in range(PICTURE_STEPS):
        set_falling(optimizer, PICTURE_RATE, step, PICTURE_STEPS)
        place = generator.mapping(z[None])
        made = synthesis(
            synthesis.styles(place[:, None].expand(-1, len(w), -1)),
            wanted.shape[-1],
            checkpoint=plan.checkpoint,
        )
        apart = (F.adaptive_avg_pool2d(made, SMALL) - small).abs().mean()
        loss = apart + STAY * ((place - answer) / unit).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch("refine", step + 1, PICTURE_STEPS, partial(made.detach().clamp(-1, 1).__getitem__, 0))
        if time.monotonic() >= ends:
            break
    with torch.no_grad():
        return generator.mapping(z[None])[0].expand(len(w), -1).contiguous()
