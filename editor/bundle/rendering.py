"""Pictures of a bundle's generator, and their embeddings."""

from __future__ import annotations

from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.device.batching import draw


def render(bundle: Bundle, styles: Tensor) -> Tensor:
    """Draw styles [N, C] as pictures [N, 3, R, R] in [-1, 1]."""
    return draw(bundle.generator.synthesis, styles).clamp(-1, 1)


def embed(bundle: Bundle, styles: Tensor) -> Tensor:
    """Draw styles [N, C] and return the image embeddings [N, D] of the pictures."""
    return bundle.clip.encode_image(render(bundle, styles))
