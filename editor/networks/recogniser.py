"""Recognisers of named attributes: the judge that measures edits, and the helping head of the image tower."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from editor.networks.convnet import ConvNet, resampled, scaled


@dataclass(frozen=True)
class Attributes:
    """Names of what can be read: scales 0..1, amounts 0..1 (absent, present) and choices with their values."""

    scales: tuple[str, ...]
    amounts: tuple[str, ...]
    choices: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return (*self.scales, *self.amounts, *self.choices)

    @property
    def outputs(self) -> int:
        """Numbers a head must give."""
        return len(self.scales) + len(self.amounts) + sum(len(values) for values in self.choices.values())


@dataclass
class Reading:
    """What was read off N pictures: ``scales`` and ``amounts`` [N] in 0..1 and ``choices`` [N, values] probabilities."""

    scales: dict[str, Tensor]
    amounts: dict[str, Tensor]
    choices: dict[str, Tensor]


def split(attributes: Attributes, raw: Tensor) -> Reading:
    """Raw outputs [N, outputs] -> logits by name (apply ``activate`` to have values)."""
    parts = list(
        raw.float().split(
            [1] * (len(attributes.scales) + len(attributes.amounts))
            + [len(values) for values in attributes.choices.values()],
            dim=1,
        )
    )
    scales = {name: parts.pop(0)[:, 0] for name in attributes.scales}
    amounts = {name: parts.pop(0)[:, 0] for name in attributes.amounts}
    return Reading(scales, amounts, {name: parts.pop(0) for name in attributes.choices})


def activate(logits: Reading) -> Reading:
    """Logits -> values: a sigmoid for scales and amounts, a softmax for choices."""
    return Reading(
        {k: v.sigmoid() for k, v in logits.scales.items()},
        {k: v.sigmoid() for k, v in logits.amounts.items()},
        {k: v.softmax(1) for k, v in logits.choices.items()},
    )


class Judge(nn.Module):
    """Reads attributes off pictures [N, 3, H, W] in [-1, 1], resampled to 128 pixels. Used only to measure; ``width`` is a
    share of the full size."""

    def __init__(self, attributes: Attributes, width: float = 1.0) -> None:
        super().__init__()
        self.attributes = attributes
        self.body = ConvNet(scaled((24, 48, 96, 144, 192), width), (0, 1, 2, 1, 0))
        (hidden,) = scaled((256,), width)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Linear(self.body.outputs, hidden), nn.ReLU(), nn.Linear(hidden, attributes.outputs)
        )

    def forward(self, images: Tensor) -> Reading:
        """[N, 3, H, W] -> logits."""
        return split(self.attributes, self.head(self.body(resampled(images))))

    @torch.no_grad()
    def read(self, images: Tensor) -> Reading:
        """[N, 3, H, W] -> values, without gradients; call in eval mode."""
        return activate(self(images))
