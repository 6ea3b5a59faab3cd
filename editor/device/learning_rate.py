"""The learning rate of searches that must end well after few steps."""

from __future__ import annotations

import torch


def set_falling(
    optimizer: torch.optim.Optimizer, rate: float, step: int, steps: int, last: float = 0.1
) -> None:
    """The whole ``rate`` for half of the steps, then linearly down, with a share ``last`` of it left over."""
    for group in optimizer.param_groups:
        group["lr"] = rate * min(1.0, 2.0 * (1 - step / steps) + last)
