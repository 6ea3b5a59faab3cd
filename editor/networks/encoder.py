"""The embedded inversion encoder, in e4e's form (Tov et al. 2021, arXiv 2102.02766)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from editor.networks.convnet import ConvNet, resampled, scaled


class Encoder(nn.Module):
    """Predicts a base w and an offset for each later row of W+; ``width`` is a share of the full size.

    Outputs are in units of W's deviation from its mean (``w_mean``, ``w_std``), which conditions the
    training.
    """

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, num_ws: int, w_dim: int, width: float = 1.0) -> None:
        super().__init__()
        self.num_ws, self.w_dim = num_ws, w_dim
        self.body = ConvNet(scaled((24, 48, 96, 192, 256), width), (0, 1, 2, 2, 0))
        (hidden,) = scaled((256,), width)
        self.hidden = nn.Sequential(nn.ReLU(), nn.Linear(self.body.outputs, hidden), nn.ReLU())
        self.base = nn.Linear(hidden, w_dim)
        self.offsets = nn.Linear(hidden, (num_ws - 1) * w_dim)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)
        self.register_buffer("w_mean", torch.zeros(w_dim))
        self.register_buffer("w_std", torch.ones(w_dim))

    def parts(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """[N, 3, H, W] in [-1, 1] -> base [N, w_dim] and offsets [N, num_ws - 1, w_dim], both
        standardised."""
        hidden = self.hidden(self.body(resampled(images))).float()
        return self.base(hidden), self.offsets(hidden).view(-1, self.num_ws - 1, self.w_dim)

    def assemble(self, base: Tensor, offsets: Tensor, released: int | None = None) -> Tensor:
        """Build W+ from its parts, with the first ``released`` offsets only (e4e's progressive training)."""
        if released is not None:
            mask = (torch.arange(self.num_ws - 1, device=offsets.device) < released).to(offsets)
            offsets = offsets * mask[None, :, None]
        rows = torch.cat([base[:, None], base[:, None] + offsets], dim=1)
        return self.w_mean + rows * self.w_std

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1], resampled to 128 pixels -> W+ [N, num_ws, w_dim]."""
        return self.assemble(*self.parts(images))


class MeanEncoder(nn.Module):
    """Stands in for a missing encoder: every inversion starts at the mean of W and relies on refinement."""

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, num_ws: int, w_mean: Tensor, w_std: Tensor) -> None:
        super().__init__()
        self.num_ws = num_ws
        self.register_buffer("w_mean", w_mean)
        self.register_buffer("w_std", w_std)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, R, R] -> W+ [N, num_ws, w_dim]."""
        return self.w_mean.expand(len(images), self.num_ws, -1)
