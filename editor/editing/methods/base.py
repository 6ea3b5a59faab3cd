"""The interface of editing methods: from a change and the picture as it is now to a StyleSpace delta.

All methods return a delta for strength 1, so that edits by different methods add up, scale and are undone
alike. ``editor.editing.methods.registry`` lists them by name.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.batching import draw
from editor.device.memory import MemoryPlan, max_rows
from editor.device.progress import ProgressCallback, no_progress
from editor.networks.stylespace import PreviewCallback


@dataclass(frozen=True)
class RegionStep:
    """A step [C] in StyleSpace that acts only where ``mask`` [R, R], 0 to 1, allows it."""

    step: Tensor
    mask: Tensor


@dataclass(frozen=True)
class PictureState:
    """The picture as it is now."""

    bundle: Bundle
    w: Tensor
    """W+ of the inversion [num_ws, w_dim]."""
    base: Tensor
    """Styles of the inversion [C]."""
    added: Tensor
    """What adjustments add to the styles everywhere [C]."""
    regions: tuple[RegionStep, ...] = ()
    """What adjustments add in regions."""
    mask: Tensor | None = None
    """Where the next change may act [R, R]; None for everywhere."""
    plan: MemoryPlan | None = None
    """How pictures are drawn for a search, perhaps smaller: [3, S, S]."""

    @property
    def styles(self) -> Tensor:
        """StyleSpace [C] of the picture outside of all regions."""
        return self.base + self.added

    @property
    def draws(self) -> int:
        """How many pictures are drawn for each result: regions are blended from several."""
        return 1 + len(self.regions) + (self.mask is not None)

    @cached_property
    def before(self) -> Tensor:
        """The picture without any further delta [1, 3, R, R]."""
        if self.plan is None and not self.regions and not bool(self.added.any()):
            return self.bundle.reconstruct(self.w)
        return replace(self, mask=None).pictures(torch.zeros_like(self.base)[None])

    @cached_property
    def embedding_before(self) -> Tensor:
        """Image embedding [D] of the picture without any further delta."""
        return self.bundle.clip.encode_image(self.before)[0]

    def nearest_w(self, deltas: Tensor) -> Tensor:
        """Return the w [N, w_dim] that is nearest to the picture with each of N further deltas [N, C]."""
        return self.w.mean(0) + (self.added + deltas) @ self.bundle.style_inverse.t()

    @property
    def current_w(self) -> Tensor:
        """The w [w_dim] that is nearest to the picture as it is now."""
        return self.w.mean(0) + self.bundle.style_inverse @ self.added

    def compare(self, deltas: Tensor, progress: ProgressCallback) -> Tensor:
        """Draw the picture with each of N further deltas [N, C], a few at a time: other jobs may run."""
        resolution = self.bundle.generator.config.resolution
        groups = deltas.split(max(1, max_rows(deltas.device, resolution) // self.draws))
        pictures = []
        for number, group in enumerate(groups):
            progress("measure", number, len(groups))
            pictures.append(self.pictures(group))
        progress("measure", len(groups), len(groups))
        return torch.cat(pictures)

    def pictures(self, deltas: Tensor, preview: PreviewCallback | None = None) -> Tensor:
        """Draw the picture with each of N further deltas [N, C] where the next change may act: [N, 3, R, R].

        ``preview`` receives a smaller version first, where a large picture without regions is drawn.
        """
        synthesis = self.bundle.generator.synthesis
        plan = self.plan or MemoryPlan(self.bundle.generator.config.resolution)
        if self.mask is None and not self.regions:
            rows = self.styles[None] + deltas
            return draw(synthesis, rows, plan.resolution, plan.checkpoint, preview).clamp(-1, 1)
        everywhere = self.styles + (deltas if self.mask is None else torch.zeros_like(deltas))
        variants = [everywhere, *(everywhere + region.step for region in self.regions)]
        masks = [region.mask for region in self.regions]
        if self.mask is not None:
            variants.append(everywhere + deltas)
            masks.append(self.mask)
        blended = synthesis.blended(torch.stack(variants, dim=1), torch.stack(masks), plan.checkpoint)
        return blended.clamp(-1, 1)

    def embed(self, deltas: Tensor) -> Tensor:
        """Return the image embeddings [N, D] of the picture with each of N further deltas [N, C]."""
        return self.bundle.clip.encode_image(self.pictures(deltas))


@dataclass(frozen=True)
class EditTask:
    """A change that a method is to find a delta for."""

    state: PictureState
    change: Change
    direction: Tensor
    """The change's unit direction [D] in the text-image space, reversed for a negative strength."""
    progress: ProgressCallback = no_progress
    deadline: float = math.inf
    """``time.monotonic`` at which a search ends with its best result so far."""

    @property
    def bundle(self) -> Bundle:
        """The bundle that edits the picture."""
        return self.state.bundle

    @property
    def cache_key(self) -> bytes:
        """Key of what is learnt for this direction and holds for all pictures."""
        return self.direction.cpu().numpy().tobytes()


@dataclass(frozen=True)
class Candidate:
    """A delta [C] for strength 1, and how it was found."""

    delta: Tensor
    method: MethodName
    threshold: float | None = None
    most: float | None = None
    """As in ``Adjustment``."""


class Method(ABC):
    """One way from a change to a delta."""

    name: MethodName
    slow: bool = False
    """Whether it takes seconds. It runs when named, or when fast ones do too little for a patient user."""

    def supports(self, bundle: Bundle) -> bool:
        """Return whether the bundle has what the method needs."""
        return True

    @abstractmethod
    def find(self, task: EditTask) -> Candidate | None:
        """Find a delta along the task's direction; None if there is none."""
