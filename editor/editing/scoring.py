"""What a change is worth, measured on its picture without any label: this is what methods, thresholds and strengths are
chosen by.

Three things are measured. How much of the wish it gained, as far as that is wanted. What changed beside it, as the
text-image model sees that. And how it is misread: a network that was never asked about texts, the encoder, should still read
the picture as the place in W that it was made from; where it does not, the picture left what the generator knows.

A method's strengths and the methods themselves are chosen by the same. Set on 60 wishes in words of their own on 12 portraits,
with a judge: with the whole of what changed beside, 1.2 times the gain that is wanted and strengths chosen without reading the
picture, 90.5 % of the wishes succeeded and 0.22 other attributes changed; so 92.5 % and 0.24.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.editing import text_directions
from editor.editing.methods.base import State
from editor.networks.convnet import resampled

BESIDE = 0.75
"""Of what avoiding the changes beside a wish is worth, that counts: part of it belongs to the wish after all."""
MISREAD = 2.5
"""Logits of gain that a deviation of W is worth by which a picture is misread."""
ENOUGH = 1.5
"""Times the gain that is wanted up to which more counts: what has only just come true is easily read as not."""


def misread(bundle: Bundle, pictures: Tensor, places: Tensor) -> Tensor:
    """How far from their places w [N, w_dim] the encoder reads pictures [N, 3, R, R], in W's deviations: [N]."""
    read = bundle.encoder(resampled(pictures)).mean(1)
    return ((read - places) / bundle.encoder.w_std).square().mean(1).sqrt()


def places_of(bundle: Bundle, state: State, deltas: Tensor) -> Tensor:
    """Where the picture with each of N further deltas [N, C] lies, as the nearest w [N, w_dim]."""
    return state.w.mean(0) + (state.added + deltas) @ bundle.style_inverse.t()


def misread_at(bundle: Bundle, state: State, pictures: Tensor, deltas: Tensor) -> Tensor:
    """How the pictures [N, 3, R, R] of further deltas [N, C] are misread: [N]; 0 where the next wish acts in a region only, since
    such a change has no place in W of its own."""
    if state.mask is not None or not len(pictures):
        return torch.zeros(len(pictures), device=pictures.device)
    return misread(bundle, pictures, places_of(bundle, state, deltas))


def seen(wanted: float, gains: Tensor, beside: Tensor) -> Tensor:
    """What changes are worth as the text-image model sees them, in logits [N], by their gains [N] and ``wishes.beside`` [N]."""
    return gains.clamp(max=ENOUGH * wanted) - BESIDE * beside


def worth(bundle: Bundle, wish: Change, measure: text_directions.Measure, read: float) -> float:
    """In logits; ``read`` is what ``misread`` says, 0 where a change acts in a region only and no place is its own."""
    wanted = text_directions.wanted_gain(bundle, wish, measure.final - measure.gain)
    gain, beside = torch.tensor(wish.sign * measure.gain), torch.tensor(measure.beside)
    return float(seen(wanted, gain, beside)) - MISREAD * read
