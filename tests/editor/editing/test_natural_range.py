"""Edits stay within what the generator's own pictures show."""

from __future__ import annotations

import pytest
import torch

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.editing import apply
from editor.editing.natural_range import OVERSHOOT, natural_multiple
from editor.editing.session import EditSession


def test_the_range_is_used_up_by_the_way_that_was_gone(session: EditSession, avatar: Bundle) -> None:
    state = session.state([])
    step = avatar.generator.mapping(torch.randn(1, avatar.generator.config.z_dim)) - session.w.mean(0)
    delta = avatar.generator.synthesis.style_steps(step)[0]
    whole = natural_multiple(state, delta)
    assert 0 < whole < torch.inf
    assert natural_multiple(state, 2 * delta) == pytest.approx(whole / 2, rel=0.02)
    layers, _ = apply.apply_change(session, [], Change(prompt="darker skin"))
    there = session.delta(layers[0])
    left = natural_multiple(session.state(layers), there)
    assert left == pytest.approx(max(0.0, natural_multiple(state, there) - OVERSHOOT), abs=0.05)


@pytest.mark.parametrize("prompt", ["darker skin", "very dark skin"])
def test_dark_skin_keeps_its_features(session: EditSession, prompt: str) -> None:
    layers, effect = apply.apply_change(session, [], Change(prompt=prompt))
    assert effect.verdict == "done"
    zero = torch.zeros_like(session.base)[None]
    picture = session.state(layers).pictures(zero)[0]
    cheeks = (picture[:, 66:80, 40:88] + 1) * 127.5
    assert float(cheeks.mean()) > 35  # the darkest skin that is drawn has a mean of 57
    assert float(cheeks[0].mean()) > 1.2 * float(cheeks[2].mean())  # brown rather than black
