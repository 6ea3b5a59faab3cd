"""The interface of text-image models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class TextImageModel(Protocol):
    """A text-image model as editing needs it. Embeddings are unit vectors [N, D] of one joint space."""

    def encode_image(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> [N, D]."""

    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> [N, D]."""

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, D], [M, D] -> [N, M]: above 0 if the text describes the picture."""

    def collateral(self, moved: Tensor) -> Tensor:
        """Map unwanted changes of image embeddings [N, D] to the logits [N] that avoiding them is worth."""
