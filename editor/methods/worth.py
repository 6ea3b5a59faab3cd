"""What a change is worth, measured on its picture without any label: this is what methods, thresholds and strengths are
chosen by.

Three things are measured. How much of the wish it gained, as far as that is wanted. Its drift: what else changed as the
text-image model sees it. And how it is misread: a network that was never asked about texts, the encoder, should still read
the picture as the place in W that it was made from; where it does not, the picture left what the generator knows.
"""

from __future__ import annotations

from torch import Tensor

from editor import wishes
from editor.bundle import Bundle
from editor.methods.base import State
from editor.networks.convnet import resampled
from editor.protocol import Wish

DRIFT, MISREAD = 10.0, 2.0
"""Logits of gain that a unit of drift is worth, and a deviation of W by which a picture is misread. Half as much again was
tried and left a direction that shows the wish behind one that does nothing."""


def misread(bundle: Bundle, pictures: Tensor, places: Tensor) -> Tensor:
    """How far from their places w [N, w_dim] the encoder reads pictures [N, 3, R, R], in W's deviations: [N]."""
    read = bundle.encoder(resampled(pictures)).mean(1)
    return ((read - places) / bundle.encoder.w_std).square().mean(1).sqrt()


def places_of(bundle: Bundle, state: State, deltas: Tensor) -> Tensor:
    """Where the picture with each of N further deltas [N, C] lies, as the nearest w [N, w_dim]."""
    return state.w.mean(0) + (state.added + deltas) @ bundle.style_inverse.t()


def worth(bundle: Bundle, wish: Wish, measure: wishes.Measure, read: float) -> float:
    """In logits; ``read`` is what ``misread`` says, 0 where a change acts in a region only and no place is its own."""
    sign = -1.0 if wish.strength < 0 else 1.0
    wanted = wishes.wanted_gain(bundle, wish, measure.final - measure.gain)
    return min(sign * measure.gain, wanted) - DRIFT * measure.drift - MISREAD * read
