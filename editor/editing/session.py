"""One picture being edited: its place in the generator, the adjustments on it as tensors, and how it then looks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import BadRequest, WrongBundle
from editor.api.protocol import Adjustment, Change, Geometry, Inversion
from editor.api.strength import effective_strength
from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.device.batching import off_device
from editor.device.progress import Progress, no_progress
from editor.editing import masks as regions
from editor.editing.methods.base import Part, State
from editor.imaging.arrays import to_tensor
from editor.imaging.paste import blend_masked, paste_back
from editor.inversion import pivotal_tuning
from editor.networks.stylespace import PreviewCallback

MOST_FOUND = 64
"""Places that are remembered: finding one takes a dozen pictures, and a follow-up must not wait for it."""
_FOUND: dict[tuple[str, bytes, bytes, str | None], Tensor | None] = {}

MOST_BASES = 16
"""Unedited reconstructions that are remembered: each follow-up on a picture needs the same one."""
_BASES: dict[tuple[str, bytes], Tensor] = {}


class Canvas:
    """A picture's W+ [num_ws, w_dim] and styles [C] on a bundle's device, with the places that wishes name in it.

    ``bundle`` has the picture's own generator where it was tuned to it.
    """

    def __init__(
        self, bundle: Bundle, inversion: Inversion, device: torch.device, watch: Progress = no_progress
    ) -> None:
        config = bundle.generator.config
        self.bundle, self.device, self.geometry = bundle, device, inversion.geometry
        self.w = to_tensor(inversion.latent.w, (config.num_ws, config.w_dim), "latent").to(device)
        self.base = bundle.generator.synthesis.styles(self.w[None])[0]
        self.tuning = pivotal_tuning.digest(inversion.tuning) if inversion.tuning else ""
        self._watch = watch
        self._places: dict[str, Tensor | None] = {}

    def place(self, wish: Change, added: Tensor) -> tuple[str, Tensor] | None:
        """Where a wish may act, as a soft mask [R, R] and a name for it; None where it names no place, or none that is
        found here. Words are looked for in the picture with ``added`` [C] to its styles: the hat may be an edit's."""
        if wish.mask is None and not wish.region:
            return None
        data = (
            wish.mask.data
            if wish.mask is not None
            else f"{wish.region}".encode() + added.cpu().numpy().tobytes()
        )
        key = hashlib.sha256(data).hexdigest()
        if key not in self._places:
            self._places[key] = self._find(wish, added)
        found = self._places[key]
        return None if found is None else (key, found)

    def _find(self, wish: Change, added: Tensor) -> Tensor | None:
        if wish.mask is not None:
            return regions.painted(wish.mask, self.geometry, self.bundle.generator.config.resolution).to(
                self.device
            )
        at = self.w.cpu().numpy().tobytes() + self.tuning.encode()
        key = (self.bundle.info.fingerprint, at, added.cpu().numpy().tobytes(), wish.region)
        if key not in _FOUND:
            w = self.w.mean(0) + self.bundle.style_inverse @ added
            _FOUND[key] = regions.named(self.bundle, w, self.base + added, wish.region or "", self._watch)
            while len(_FOUND) > MOST_FOUND:
                del _FOUND[next(iter(_FOUND))]
        return _FOUND[key]

    def delta(self, layer: Adjustment) -> Tensor:
        """An adjustment's delta [C] at its strength; one of another generator is refused."""
        if layer.fingerprint != self.bundle.info.fingerprint:
            raise WrongBundle()
        return effective_strength(layer.strength, layer.most) * to_tensor(
            layer.delta, tuple(self.base.shape), "delta"
        ).to(self.device)

    def state(self, layers: Sequence[Adjustment], wish: Change | None = None) -> State:
        """The picture with adjustments, as the start of a further wish."""
        added = torch.zeros_like(self.base)
        parts: dict[str, Part] = {}
        for layer in layers:
            place, step = self.place(layer, added), self.delta(layer)
            if place is None:
                added = added + step
                continue
            key, mask = place
            parts[key] = Part(parts[key].step + step if key in parts else step, mask)
        found = self.place(wish, added) if wish is not None else None
        return State(self.w, self.base, added, tuple(parts.values()), None if found is None else found[1])

    def paint(
        self, picture: np.ndarray, layers: Sequence[Adjustment], seen: PreviewCallback | None = None
    ) -> np.ndarray:
        """The user's picture uint8 [H, W, 3] with the adjustments in it; ``seen`` as ``State.pictures`` has it.

        Region by region, so that what lies outside one stays, bit for bit, as it was before that region's wishes.
        """
        self._check(self.geometry, picture)
        state, nothing, before = self.state(layers), torch.zeros_like(self.base)[None], self._reconstruction()
        scenes = [
            State(self.w, self.base, state.added, state.parts[:count])
            for count in range(len(state.parts) + 1)
        ]
        looks = [
            scene.pictures(self.bundle, nothing, seen if len(scenes) == 1 else None)[0].cpu()
            for scene in scenes
        ]
        masks = [part.mask.cpu() for part in state.parts]
        with off_device():
            painted = paste_back(picture, self.geometry, before, looks[0], self.bundle.drawn)
            for mask, look in zip(masks, looks[1:], strict=True):
                painted = blend_masked(
                    painted,
                    paste_back(picture, self.geometry, before, look, self.bundle.drawn),
                    self.geometry,
                    mask,
                )
        return painted

    def _reconstruction(self) -> Tensor:
        """The picture without any adjustment [3, R, R], on the CPU. It is made alone, as edited ones are: what is computed in one
        batch may differ in the last bit from what is computed in another."""
        key = (self.bundle.info.fingerprint, self.w.cpu().numpy().tobytes())
        if key not in _BASES:
            _BASES[key] = rendering.render(self.bundle, self.base[None])[0].cpu()
            while len(_BASES) > MOST_BASES:
                del _BASES[next(iter(_BASES))]
        return _BASES[key]

    @staticmethod
    def _check(geometry: Geometry, picture: np.ndarray) -> None:
        if picture.shape[:2] != (geometry.height, geometry.width):
            raise BadRequest("The picture is not the one that was made editable.")


def basis_of(w: Tensor, below: Sequence[Adjustment]) -> str:
    """Names what a delta was found on: the latent and the deltas below it (their strengths may change freely)."""
    digest = hashlib.sha256(w.detach().float().cpu().numpy().tobytes())
    for layer in below:
        digest.update(layer.delta.data)
    return digest.hexdigest()[:32]
