"""The teacher mapping: from the physical description of a drawn portrait to w."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from editor.networks.stylegan2 import EqualLinear


class TeacherMapping(nn.Module):
    """Maps descriptions to w by a linear path, which keeps W disentangled, and a small correction."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, inputs: int, w_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.linear = EqualLinear(inputs, w_dim)
        self.mlp = nn.Sequential(
            EqualLinear(inputs, hidden, activate=True),
            EqualLinear(hidden, hidden, activate=True),
            EqualLinear(hidden, w_dim),
        )
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("deviation", torch.ones(inputs))

    def standardise(self, sample: Tensor) -> None:
        """Set the input statistics from a sample of descriptions [N, P]."""
        self.mean.copy_(sample.mean(0))
        self.deviation.copy_(sample.std(0) + 1e-3)

    def forward(self, description: Tensor) -> Tensor:
        """[N, P] -> [N, w_dim]."""
        x = (description - self.mean) / self.deviation
        return self.linear(x) + 0.5 * self.mlp(x)
