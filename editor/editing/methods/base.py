"""What every editing method is: from a wish and the picture as it is now to a StyleSpace delta.

All methods give the same thing, a delta for strength 1, so that wishes found by different methods add up, scale and
are undone alike. ``editor.editing.methods.registry`` has them by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.batching import draw
from editor.device.memory import Plan, at_once
from editor.device.progress import Progress
from editor.networks.stylespace import PreviewCallback


@dataclass(frozen=True)
class Part:
    """A step [C] in StyleSpace that acts only where ``mask`` [R, R], 0 to 1, lets it."""

    step: Tensor
    mask: Tensor


@dataclass(frozen=True)
class State:
    """Where the picture is now.

    ``w``: W+ of the inversion [num_ws, w_dim]; ``base``: its styles [C]; ``added``: what is added to them everywhere [C];
    ``parts``: what is added in regions. ``mask`` [R, R] is where the next wish may act, None for everywhere. ``plan``: how
    pictures are drawn for a search, which may be smaller [3, S, S].
    """

    w: Tensor
    base: Tensor
    added: Tensor
    parts: tuple[Part, ...] = ()
    mask: Tensor | None = None
    plan: Plan | None = None

    @property
    def styles(self) -> Tensor:
        """StyleSpace [C] of the picture as it looks now, outside of all regions."""
        return self.base + self.added

    @property
    def looks(self) -> int:
        """How many pictures are drawn for each that is shown: regions are blended out of several."""
        return 1 + len(self.parts) + (self.mask is not None)

    def compared(self, bundle: Bundle, deltas: Tensor, watch: Progress) -> Tensor:
        """As ``pictures`` has them, a few at a time, so that others' jobs may go between."""
        groups = deltas.split(
            max(1, at_once(deltas.device, bundle.generator.config.resolution) // self.looks)
        )
        made = []
        for number, group in enumerate(groups):
            watch("measure", number, len(groups))
            made.append(self.pictures(bundle, group))
        watch("measure", len(groups), len(groups))
        return torch.cat(made)

    def pictures(self, bundle: Bundle, deltas: Tensor, seen: PreviewCallback | None = None) -> Tensor:
        """The picture with each of N further deltas [N, C] where the next wish may act: [N, 3, R, R] in [-1, 1].

        ``seen`` is shown a smaller one before, where there is a large one without regions to draw.
        """
        synthesis, plan = bundle.generator.synthesis, self.plan or Plan(bundle.generator.config.resolution)
        if self.mask is None and not self.parts:
            return draw(synthesis, self.styles[None] + deltas, plan.resolution, plan.checkpoint, seen).clamp(
                -1, 1
            )
        everywhere = deltas if self.mask is None else torch.zeros_like(deltas)
        rows = [self.styles + everywhere]
        rows += [rows[0] + part.step for part in self.parts]
        masks = [part.mask for part in self.parts]
        if self.mask is not None:
            rows.append(rows[0] + deltas)
            masks.append(self.mask)
        return synthesis.blended(torch.stack(rows, dim=1), torch.stack(masks), plan.checkpoint).clamp(-1, 1)

    def embed(self, bundle: Bundle, deltas: Tensor) -> Tensor:
        """Deltas [N, C] -> image embeddings [N, D] of the pictures they make."""
        return bundle.clip.encode_image(self.pictures(bundle, deltas))


@dataclass(frozen=True)
class Candidate:
    """A delta [C] for strength 1, how it was found, and ``most``, as ``Adjustment`` has it."""

    delta: Tensor
    method: MethodName
    threshold: float | None = None
    most: float | None = None


class Method(Protocol):
    """One way from words to a delta."""

    name: MethodName
    slow: bool
    """Takes seconds: run only when asked for, or when the fast ones do too little and the front end allows it."""

    def offered(self, bundle: Bundle) -> bool:
        """Has this bundle what the method needs?"""

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The delta that grants the wish from ``state``, None where the method knows no way.

        ``direction`` is the wish's unit direction [D] in the text-image space, already turned round for a negative
        strength, and the delta follows it.
        """
