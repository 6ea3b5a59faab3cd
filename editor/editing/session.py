"""An edit session: one picture in the generator, the adjustments on it as tensors, and how it then looks."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import BadRequest, WrongBundle
from editor.api.protocol import Adjustment, Change, Inversion
from editor.api.strength import effective_strength
from editor.bundle.bundle import Bundle
from editor.device.batching import off_device
from editor.device.progress import ProgressCallback, no_progress
from editor.editing import masks
from editor.editing.methods.base import PictureState, RegionStep
from editor.editing.pictures import Picture
from editor.imaging.arrays import to_tensor
from editor.imaging.paste import blend_masked, paste_back
from editor.inversion.pivotal_tuning import tuned_bundle
from editor.networks.stylespace import PreviewCallback

MAX_REGIONS = 64
"""Cached regions: finding one takes a dozen pictures, and a follow-up must not wait for it."""


class EditSession:
    """A picture's W+ [num_ws, w_dim] and styles [C] on a bundle's device.

    ``bundle`` has the picture's own generator where it was tuned to the picture.
    """

    def __init__(
        self, bundle: Bundle, inversion: Inversion, progress: ProgressCallback = no_progress
    ) -> None:
        config, device = bundle.generator.config, bundle.bank.s_std.device
        self.bundle = tuned_bundle(bundle, inversion.tuning)
        self.geometry, self.progress = inversion.geometry, progress
        self.w = to_tensor(inversion.latent.w, (config.num_ws, config.w_dim), "latent").to(device)
        self.base = bundle.generator.synthesis.styles(self.w[None])[0]

    def delta(self, adjustment: Adjustment) -> Tensor:
        """Return an adjustment's delta [C] at its strength. Raises WrongBundle for another generator's."""
        if adjustment.fingerprint != self.bundle.info.fingerprint:
            raise WrongBundle()
        delta = to_tensor(adjustment.delta, tuple(self.base.shape), "delta").to(self.base.device)
        return effective_strength(adjustment.strength, adjustment.most) * delta

    def state(self, adjustments: Sequence[Adjustment], change: Change | None = None) -> PictureState:
        """Return the picture with adjustments, as the start of a further change."""
        state = PictureState(self.bundle, self.w, self.base, torch.zeros_like(self.base))
        regions: dict[Hashable, RegionStep] = {}
        for adjustment in adjustments:
            mask, step = self._mask(adjustment, state), self.delta(adjustment)
            if mask is None:
                state = replace(state, added=state.added + step)
                continue
            painted = adjustment.mask.data if adjustment.mask is not None else None
            key = painted or (adjustment.region, state.added.cpu().numpy().tobytes())
            regions[key] = RegionStep(regions[key].step + step if key in regions else step, mask)
        mask = self._mask(change, state) if change is not None else None
        return replace(state, regions=tuple(regions.values()), mask=mask)

    def _mask(self, change: Change, state: PictureState) -> Tensor | None:
        """Return where a change may act [R, R]; None if it names no region, or none that is found.

        Words are looked for in the picture as it is in ``state``: the hat may be an edit's.
        """
        if change.mask is not None:
            size = self.bundle.generator.config.resolution
            return masks.crop_painted_mask(change.mask, self.geometry, size).to(self.base.device)
        if not (words := change.region):
            return None
        where = hashlib.sha256(self.w.cpu().numpy().tobytes() + state.added.cpu().numpy().tobytes())
        key = (self.bundle.tuning, where.digest(), words)

        find = partial(masks.find_region, state, words, self.progress)
        return self.bundle.caches.get("regions", key, find, MAX_REGIONS)

    def paint(
        self, picture: Picture, adjustments: Sequence[Adjustment], preview: PreviewCallback | None = None
    ) -> Picture:
        """Paste the picture with adjustments into the user's picture, region by region.

        What is outside a region stays, bit for bit, as it was before that region's edits. ``preview``
        receives a smaller version first, where a large picture without regions is drawn. Raises BadRequest
        if the picture does not have the size of the one that was inverted.
        """
        pixels = picture.pixels
        if pixels.shape[:2] != (self.geometry.height, self.geometry.width):
            raise BadRequest("The picture is not the one that was made editable.")
        if not adjustments:
            return picture
        state, none = self.state(adjustments), torch.zeros_like(self.base)[None]
        before = self.bundle.reconstruct(self.w)[0].cpu()
        steps = [replace(state, regions=state.regions[:count]) for count in range(len(state.regions) + 1)]
        looks = [step.pictures(none, preview if len(steps) == 1 else None)[0].cpu() for step in steps]
        region_masks = [region.mask.cpu() for region in state.regions]
        with off_device():
            cropped = picture.square(self.geometry, before.shape[-1])

            def pasted(look: Tensor) -> np.ndarray:
                return paste_back(pixels, self.geometry, before, look, self.bundle.drawn, cropped)

            painted = pasted(looks[0])
            for mask, look in zip(region_masks, looks[1:], strict=True):
                painted = blend_masked(painted, pasted(look), self.geometry, mask)
        return Picture(painted)

    def basis(self, below: Sequence[Adjustment]) -> str:
        """Name the latent and the deltas below a delta, on which it was found; strengths may change."""
        digest = hashlib.sha256(self.w.detach().float().cpu().numpy().tobytes())
        for adjustment in below:
            digest.update(adjustment.delta.data)
        return digest.hexdigest()[:32]
