"""The text-image model of a bundle: embedded, or published (``editor.networks.published_clip``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.networks.published_clip import PublishedClip
from editor.networks.siglip import JointSpace
from editor.networks.text import TextTower

PHRASINGS = ("{}", "a person with {}", "someone {}", "{} face", "looking {}", "with {}")
"""Sentences around a prompt: for attributes that a person has, and for what a person is."""
VISIBLE_CHANGE = 0.175
"""Change along an axis of the embedded space from which its attribute visibly changes."""
NONSENSE_TEXTS = 200
"""Number of random texts that stand for no meaning."""


@dataclass
class EmbeddedTextImageModel:
    """The shared text tower and a bundle's own joint space of texts and pictures."""

    tower: TextTower
    space: JointSpace

    def encode_image(self, images: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> unit [N, D], with gradients."""
        return self.space.image(images)

    @torch.no_grad()
    def encode_text(self, texts: Sequence[str]) -> Tensor:
        """N texts -> unit [N, D]."""
        return self.space.text(self.tower.encode(list(texts)))

    def encode_phrasings(self, text: str) -> Tensor:
        """Encode a text in several sentences -> unit [F, D]. They agree if the text means something."""
        return self.encode_text([phrasing.format(text) for phrasing in PHRASINGS])

    def encode_nonsense(self) -> Tensor:
        """Encode random pairs of known words -> unit [N, D]."""
        words, rng = np.array(list(self.tower.index)), np.random.default_rng(0)
        return self.encode_text([" ".join(pair) for pair in rng.choice(words, (NONSENSE_TEXTS, 2))])

    def logits(self, image_embeddings: Tensor, text_embeddings: Tensor) -> Tensor:
        """[N, D], [M, D] -> [N, M]: above 0 if the text describes the picture."""
        return self.space.logits(image_embeddings, text_embeddings)

    def collateral(self, moved: Tensor) -> Tensor:
        """Estimate how many attributes change visibly in unexplained embedding changes [N, D] -> [N], in
        logits.

        The space has an axis for each attribute of its domain. An attribute that changes visibly counts as
        one logit, however far it moves. A change too small to see hardly counts.
        """
        return (moved.abs() / VISIBLE_CHANGE).clamp(max=1.0).square().sum(-1)


TextImage = EmbeddedTextImageModel | PublishedClip
