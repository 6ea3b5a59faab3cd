"""One picture being edited: its place in the generator, the adjustments on it as tensors, and how it then looks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from editor import regions, wishes
from editor.arrays import to_tensor
from editor.bundle import Bundle
from editor.errors import BadRequest, WrongBundle
from editor.imaging.paste import limited, paste_back
from editor.methods.base import Part, State
from editor.protocol import Adjustment, Geometry, Inversion, Wish


class Canvas:
    """A picture's W+ [num_ws, w_dim] and styles [C] on a bundle's device, with the places that wishes name in it."""

    def __init__(self, bundle: Bundle, inversion: Inversion, device: torch.device) -> None:
        config = bundle.generator.config
        self.bundle, self.device, self.geometry = bundle, device, inversion.geometry
        self.w = to_tensor(inversion.latent.w, (config.num_ws, config.w_dim), "latent").to(device)
        self.base = bundle.generator.synthesis.styles(self.w[None])[0]
        self._places: dict[str, Tensor | None] = {}

    def place(self, wish: Wish) -> Tensor | None:
        """Where a wish may act, as a soft mask [R, R]; None where it names no place, or none that is found here."""
        if wish.mask is None and not wish.region:
            return None
        key = _place_key(wish)
        if key not in self._places:
            found = self._find(wish)
            self._places[key] = None if found is None else found.to(self.device)
        return self._places[key]

    def _find(self, wish: Wish) -> Tensor | None:
        if wish.mask is not None:
            return regions.painted(wish.mask, self.geometry, self.bundle.generator.config.resolution)
        return regions.named(self.bundle, self.base, wish.region or "")

    def delta(self, layer: Adjustment) -> Tensor:
        """An adjustment's delta [C] at its strength; one of another generator is refused."""
        if layer.fingerprint != self.bundle.info.fingerprint:
            raise WrongBundle()
        return wishes.reach(layer.strength) * to_tensor(layer.delta, tuple(self.base.shape), "delta").to(self.device)

    def state(self, layers: Sequence[Adjustment], wish: Wish | None = None) -> State:
        """The picture with adjustments, as the start of a further wish."""
        added = torch.zeros_like(self.base)
        parts: dict[str, Part] = {}
        for layer in layers:
            place, step = self.place(layer), self.delta(layer)
            if place is None:
                added += step
                continue
            key = _place_key(layer)
            parts[key] = Part(parts[key].step + step if key in parts else step, place)
        return State(self.w, self.base, added, tuple(parts.values()), None if wish is None else self.place(wish))

    def paint(self, picture: np.ndarray, layers: Sequence[Adjustment]) -> np.ndarray:
        """The user's picture uint8 [H, W, 3] with the adjustments in it.

        Region by region, so that what lies outside one stays, bit for bit, as it was before that region's wishes.
        """
        self._check(self.geometry, picture)
        state, nothing = self.state(layers), torch.zeros_like(self.base)[None]
        if not state.parts:
            before, after = wishes.render(self.bundle, torch.stack([self.base, state.styles]))
            return paste_back(picture, self.geometry, before.cpu(), after.cpu())
        scenes = [State(self.w, self.base, nothing[0])]
        scenes += [State(self.w, self.base, state.added, state.parts[:count]) for count in range(len(state.parts) + 1)]
        before, *looks = (scene.pictures(self.bundle, nothing)[0].cpu() for scene in scenes)
        painted = paste_back(picture, self.geometry, before, looks[0])
        for part, look in zip(state.parts, looks[1:], strict=True):
            painted = limited(painted, paste_back(picture, self.geometry, before, look), self.geometry, part.mask.cpu())
        return painted

    @staticmethod
    def _check(geometry: Geometry, picture: np.ndarray) -> None:
        if picture.shape[:2] != (geometry.height, geometry.width):
            raise BadRequest("The picture is not the one that was made editable.")


def _place_key(wish: Wish) -> str:
    return f"mask {hashlib.sha256(wish.mask.data).hexdigest()}" if wish.mask is not None else f"region {wish.region}"


def basis_of(w: Tensor, below: Sequence[Adjustment]) -> str:
    """Names what a delta was found on: the latent and the deltas below it (their strengths may change freely)."""
    digest = hashlib.sha256(w.detach().float().cpu().numpy().tobytes())
    for layer in below:
        digest.update(layer.delta.data)
    return digest.hexdigest()[:32]
