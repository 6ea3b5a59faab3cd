"""A classifier of named attributes.

It measures edits, and training uses it as an auxiliary head of the image tower.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from editor.networks.convnet import ConvNet, resampled, scaled


@dataclass(frozen=True)
class Attributes:
    """Names of scales in [0, 1], of amounts from 0 (absent) to 1, and of choices with their values."""

    scales: tuple[str, ...]
    amounts: tuple[str, ...]
    choices: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        return (*self.scales, *self.amounts, *self.choices)

    @property
    def outputs(self) -> int:
        """Number of outputs that a head needs."""
        return len(self.scales) + len(self.amounts) + sum(len(values) for values in self.choices.values())


@dataclass
class AttributeValues:
    """Predictions for N pictures: [N] in [0, 1] each, and [N, values] of probabilities for choices."""

    scales: dict[str, Tensor]
    amounts: dict[str, Tensor]
    choices: dict[str, Tensor]


def split(attributes: Attributes, raw: Tensor) -> AttributeValues:
    """Split raw outputs [N, outputs] into logits by name; ``activate`` turns them into values."""
    parts = list(
        raw.float().split(
            [1] * (len(attributes.scales) + len(attributes.amounts))
            + [len(values) for values in attributes.choices.values()],
            dim=1,
        )
    )
    scales = {name: parts.pop(0)[:, 0] for name in attributes.scales}
    amounts = {name: parts.pop(0)[:, 0] for name in attributes.amounts}
    return AttributeValues(scales, amounts, {name: parts.pop(0) for name in attributes.choices})


def activate(logits: AttributeValues) -> AttributeValues:
    """Turn logits into values: a sigmoid for scales and amounts, a softmax for choices."""
    return AttributeValues(
        {k: v.sigmoid() for k, v in logits.scales.items()},
        {k: v.sigmoid() for k, v in logits.amounts.items()},
        {k: v.softmax(1) for k, v in logits.choices.items()},
    )


class AttributeClassifier(nn.Module):
    """Predicts the attributes of pictures; ``width`` is a share of the full size."""

    def __init__(self, attributes: Attributes, width: float = 1.0) -> None:
        super().__init__()
        self.attributes = attributes
        self.body = ConvNet(scaled((24, 48, 96, 144, 192), width), (0, 1, 2, 1, 0))
        (hidden,) = scaled((256,), width)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Linear(self.body.outputs, hidden), nn.ReLU(), nn.Linear(hidden, attributes.outputs)
        )

    def forward(self, images: Tensor) -> AttributeValues:
        """[N, 3, H, W] in [-1, 1], resampled to 128 pixels -> logits."""
        return split(self.attributes, self.head(self.body(resampled(images))))

    @torch.no_grad()
    def read(self, images: Tensor) -> AttributeValues:
        """[N, 3, H, W] in [-1, 1] -> values, without gradients. Call it in eval mode."""
        return activate(self(images))
