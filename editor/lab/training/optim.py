"""Averages of weights, and schedules of the learning rate."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Average(nn.Module):
    """Exponential moving average of a module's parameters; ``half_life`` in samples."""

    def __init__(self, module: nn.Module, half_life: float) -> None:
        super().__init__()
        self.half_life = half_life
        self.seen = 0
        self.shadow = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, samples: int) -> None:
        """Add a step of ``samples`` samples; the half-life is shorter while few have been seen."""
        self.seen += samples
        decay = 0.5 ** (samples / min(self.half_life, max(1.0, 0.1 * self.seen)))
        now = {name: value.detach() for name, value in module.named_parameters()}
        torch._foreach_lerp_([self.shadow[name] for name in now], list(now.values()), 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Copy the averages to a module of the same shape."""
        for name, value in module.named_parameters():
            value.copy_(self.shadow[name])

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """Return the averages and the number of samples."""
        return {"seen": self.seen, "shadow": self.shadow}

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """Restore what ``state_dict`` returned."""
        self.seen, self.shadow = state_dict["seen"], state_dict["shadow"]


def cosine_decay(fraction: float, warm_up: float = 0.01, hold: float = 0.3, floor: float = 0.01) -> float:
    """Return a learning-rate factor: linear warm-up, constant until ``hold``, half a cosine down to
    ``floor``.
    """
    if fraction < warm_up:
        return max(fraction / warm_up, 0.02)
    if fraction < hold:
        return 1.0
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (fraction - hold) / (1 - hold)))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def take_step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """Do one step down the gradient of a loss."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
