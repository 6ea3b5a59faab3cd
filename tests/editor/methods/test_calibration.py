"""How far a step must go: what the generator shows faintly needs more than the whole of it, and the user's own picture counts."""

from __future__ import annotations

from collections.abc import Callable

import torch

from editor import wishes
from editor.bundle import Bundle
from editor.canvas import Canvas
from editor.imaging.decode import decode
from editor.imaging.paste import crop
from editor.methods.base import unwatched
from editor.methods.calibration import SHARES
from editor.methods.mapper import TextMapping, place_in_w
from editor.protocol import InvertResult, Wish


def _share(bundle: Bundle, canvas: Canvas, prompt: str) -> float:
    """The share of the mapper's whole step that is taken."""
    wish = Wish(prompt=prompt)
    state, direction = canvas.state((), wish), wishes.text_direction(bundle, wish)
    found = TextMapping().find(bundle, state, wish, direction, unwatched)
    assert found is not None
    assert bundle.mapper is not None
    whole = bundle.generator.synthesis.style_steps(bundle.mapper(place_in_w(bundle, state)[None], direction[None]))[0]
    return float((found.delta @ whole) / (whole @ whole))


def test_what_is_shown_faintly_is_taken_further_than_the_whole_step(avatar: Bundle, canvas: Canvas) -> None:
    assert _share(avatar, canvas, "deep wrinkles") > max(SHARES) >= _share(avatar, canvas, "violet hair")


def test_a_wish_is_measured_on_the_users_picture_with_what_no_reconstruction_shows(
    avatar: Bundle, canvas: Canvas, sample: Callable[[int], InvertResult]
) -> None:
    pixels = decode(sample(1).picture.data).pixels.copy()
    height, width = pixels.shape[:2]
    pixels[height // 2 : height // 2 + height // 16, width // 2 : width // 2 + width // 16] = (0, 255, 0)
    marked = Canvas(avatar, sample(1).inversion, torch.device("cpu"), pixels)
    nothing, wish = torch.zeros_like(marked.base)[None], Wish(prompt="glasses")
    seen = marked.state((), wish).pictures(avatar, nothing)[0]
    assert torch.allclose(seen, crop(pixels, marked.geometry, seen.shape[-1]), atol=1e-5)
    assert float((seen - canvas.state((), wish).pictures(avatar, nothing)[0]).abs().max()) > 0.5


def test_a_picture_far_from_a_wish_is_to_gain_more_than_the_standard(avatar: Bundle) -> None:
    assert avatar.bank.samples is not None
    wish = Wish(prompt="no wrinkles at all")
    usual = avatar.clip.logits(avatar.bank.samples, avatar.clip.encode_text([wish.prompt]))[:, 0]
    start = float(usual.min())
    wanted = wishes.wanted_gain(avatar, wish, start)
    assert avatar.thresholds.standard_gain < wanted < float(usual.max()) - start
