"""The inversion encoder in e4e's form (Tov et al. 2021, arXiv 2102.02766): a base w and an offset for each later row."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from editor.networks.convnet import ConvNet, resampled, scaled


class Encoder(nn.Module):
    """Pictures [N, 3, H, W] in [-1, 1], resampled to 128 pixels -> W+ [N, num_ws, w_dim].

    Outputs are in units of W's deviation around its mean (``w_mean``, ``w_std``), which conditions the training. ``width``
    is a share of the full size.
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
        """Base [N, w_dim] and offsets [N, num_ws - 1, w_dim], both standardised."""
        hidden = self.hidden(self.body(resampled(images))).float()
        return self.base(hidden), self.offsets(hidden).view(-1, self.num_ws - 1, self.w_dim)

    def assemble(self, base: Tensor, offsets: Tensor, released: int | None = None) -> Tensor:
        """W+ from its parts; only the first ``released`` offsets count (e4e's progressive release)."""
        if released is not None:
            mask = (torch.arange(self.num_ws - 1, device=offsets.device) < released).to(offsets)
            offsets = offsets * mask[None, :, None]
        rows = torch.cat([base[:, None], base[:, None] + offsets], dim=1)
        return self.w_mean + rows * self.w_std

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] -> W+ [N, num_ws, w_dim]."""
        return self.assemble(*self.parts(images))
