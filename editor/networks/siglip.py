"""The embedded text-image model: an image tower and a text head over the shared text tower.

It is trained with SigLIP's sigmoid loss (Zhai et al. 2023, arXiv 2303.15343) instead of CLIP's softmax.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.convnet import ConvNet, resampled, scaled

TEXT_FEATURES = 384
"""Width of the shared text tower's sentence embedding."""


class ImageTower(nn.Module):
    """Image encoder; ``width`` is a share of the full size."""

    def __init__(self, dim: int, width: float = 1.0) -> None:
        super().__init__()
        self.body = ConvNet(scaled((24, 48, 96, 160, 224), width), (0, 1, 2, 2, 0))
        (hidden,) = scaled((320,), width)
        self.hidden = nn.Sequential(nn.ReLU(), nn.Linear(self.body.outputs, hidden), nn.ReLU())
        self.out = nn.Linear(hidden, dim)

    def features(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> [N, 320 at full width].

        Other sizes are resampled to 128 pixels first.
        """
        return self.hidden(self.body(resampled(images)))

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> unit [N, dim]."""
        return F.normalize(self.out(self.features(images)).float(), dim=1)


class TextHead(nn.Module):
    """Maps sentence embeddings to the joint space; ``width`` is a share of the full size."""

    def __init__(self, dim: int, width: float = 1.0) -> None:
        super().__init__()
        wide, narrow = scaled((768, 512), width)
        self.layers = nn.Sequential(
            nn.Linear(TEXT_FEATURES, wide),
            nn.GELU(),
            nn.Dropout(0.1),
            nn.Linear(wide, narrow),
            nn.GELU(),
            nn.Linear(narrow, dim),
        )

    def forward(self, sentences: Tensor) -> Tensor:
        """Unit [N, 384] -> unit [N, dim].

        Features are scaled to about 1; without this, learning is far slower.
        """
        return F.normalize(self.layers(sentences * TEXT_FEATURES**0.5).float(), dim=1)


class JointSpace(nn.Module):
    """Image tower and text head with the temperature and bias of the sigmoid loss."""

    def __init__(self, dim: int = 192, width: float = 1.0) -> None:
        super().__init__()
        self.image = ImageTower(dim, width)
        self.text = TextHead(dim, width)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.bias = nn.Parameter(torch.tensor(-2.0))

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, dim], [M, dim] -> [N, M]."""
        return image_embeddings @ text_embeddings.t() * self.log_scale.exp() + self.bias
