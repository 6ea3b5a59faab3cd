"""What a change is worth, without labels."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from editor.api.protocol import Adjustment, Change
from editor.bundle import direction_bank
from editor.bundle.bundle import NOTICED, Bundle
from editor.device.progress import no_progress
from editor.editing import samples, text_directions
from editor.editing.apply import Grant
from editor.editing.calibration import STEPS, calibrated, standard
from editor.editing.methods.base import Candidate, State
from editor.editing.methods.global_direction import GlobalDirection
from editor.editing.scoring import ENOUGH, misread, places_of, worth
from editor.editing.session import Canvas
from editor.editing.text_directions import Measure
from editor.imaging.arrays import to_array

GLASSES = Change(prompt="glasses")


def test_gain_counts_as_far_as_it_is_wanted_and_what_else_changes_costs(avatar: Bundle) -> None:
    wanted = text_directions.wanted_gain(avatar, GLASSES, -4.0)
    most = ENOUGH * wanted
    enough = worth(avatar, GLASSES, Measure(most, most - 4, 0.2), 0.3)
    assert worth(avatar, GLASSES, Measure(0.5 * wanted, 0.5 * wanted - 4, 0.2), 0.3) < enough
    assert worth(avatar, GLASSES, Measure(most + 3, most - 1, 0.2), 0.3) == enough
    assert worth(avatar, GLASSES, Measure(most, most - 4, 0.3), 0.3) < enough
    assert worth(avatar, GLASSES, Measure(most, most - 4, 0.2), 0.5) < enough


def test_the_opposite_of_a_wish_gains_by_what_the_wish_loses(avatar: Bundle) -> None:
    opposite = Change(prompt="glasses", strength=-1)
    assert (
        worth(avatar, opposite, Measure(-3.0, 1.0, 0.1), 0.0)
        > 0
        > worth(avatar, opposite, Measure(3.0, 7.0, 0.1), 0.0)
    )


def test_a_picture_that_left_what_the_generator_knows_is_misread(avatar: Bundle) -> None:
    crowd, synthesis = samples.of(avatar, no_progress), avatar.generator.synthesis
    w = crowd.w[:4]
    noise = (
        torch.randn(len(avatar.bank.s_std), generator=torch.Generator().manual_seed(0)) * avatar.bank.s_std
    )
    with torch.no_grad():
        own, broken = (synthesis(synthesis.styles(w) + step).clamp(-1, 1) for step in (0.0, 2.5 * noise))
        assert bool((misread(avatar, broken, w) > misread(avatar, own, w)).all())


def test_a_place_is_where_the_deltas_lead(avatar: Bundle, canvas: Canvas) -> None:
    step = 0.3 * avatar.encoder.w_std
    delta = avatar.generator.synthesis.style_steps(step[None])
    start = State(canvas.w, canvas.base, delta[0])
    assert torch.allclose(places_of(avatar, start, delta)[0], canvas.w.mean(0) + 2 * step, atol=1e-3)


def test_a_direction_keeps_a_threshold_that_it_was_given(avatar: Bundle, canvas: Canvas) -> None:
    state, direction = canvas.state(()), text_directions.text_direction(avatar, GLASSES)
    usual = GlobalDirection().find(avatar, state, GLASSES, direction, no_progress)
    recipe = GLASSES.model_dump(exclude={"method"}) | {
        "method": "direction",
        "threshold": 0.2,
        "fingerprint": "",
    }
    layer = Adjustment(**recipe, delta=to_array(canvas.base))
    given = GlobalDirection().find(avatar, state, layer, direction, no_progress)
    assert usual is not None
    assert given is not None
    assert given.threshold == 0.2 != usual.threshold


def test_a_direction_that_shows_the_wish_is_worth_more_than_nothing(avatar: Bundle, canvas: Canvas) -> None:
    work = Grant(canvas, [], GLASSES)
    (trial,) = work.trials(("direction",), no_progress)
    nothing = worth(avatar, GLASSES, Measure(0.0, work.start_logit, 0.0), 0.1)
    assert trial.worth > nothing


def test_what_changes_beside_a_wish_is_counted_by_attributes_that_are_seen_to_change(avatar: Bundle) -> None:
    one, far, two, faint = torch.zeros(4, avatar.bank.rows.shape[1])
    one[3], far[3], faint[3] = NOTICED, 3 * NOTICED, 0.1 * NOTICED
    two[[3, 8]] = NOTICED
    assert avatar.clip.collateral(torch.stack([one, far, two, faint])).tolist() == pytest.approx(
        [1.0, 1.0, 2.0, 0.01], rel=1e-4
    )


def test_what_comes_along_with_a_wish_in_the_models_own_pictures_is_not_beside_it(avatar: Bundle) -> None:
    older = text_directions.text_direction(avatar, Change(prompt="older"))
    wrinkles, smooth, green, blue = avatar.clip.encode_text(
        ["wrinkles", "smooth skin", "a green background", "a blue background"]
    )
    along = text_directions.companions(avatar, older)
    assert along is not None
    assert abs(float(along @ older)) < 1e-4
    assert float(along @ (wrinkles - smooth)) > 3 * abs(float(along @ (green - blue)))
    before = avatar.neutral_embedding
    with_it, against_it = (
        text_directions.beside(avatar, older, before, (before + side * 0.5 * along)[None]) for side in (1, -1)
    )
    assert float(with_it) < 1e-3 < 0.5 < float(against_it)


def test_a_bundle_without_pictures_of_its_own_knows_no_companions(avatar: Bundle) -> None:
    bare = dataclasses.replace(avatar, bank=dataclasses.replace(avatar.bank, samples=None))
    assert text_directions.companions(bare, text_directions.text_direction(bare, GLASSES)) is None


def test_the_strength_that_spoils_least_is_taken_of_those_that_grant_enough(
    avatar: Bundle, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, direction = canvas.state(()), text_directions.text_direction(avatar, GLASSES)
    found = direction_bank.find(avatar.bank, direction)
    assert found is not None
    whole = Candidate(found.delta, "direction")
    free = standard(avatar, state, GLASSES, direction, whole, STEPS, no_progress)
    monkeypatch.setattr(type(avatar.clip), "collateral", lambda self, moved: 100 * moved.norm(dim=-1))
    dear = standard(avatar, state, GLASSES, direction, whole, STEPS, no_progress)
    assert 0 < float(dear.delta.norm()) < float(free.delta.norm())


def test_no_strength_goes_beyond_where_the_wish_is_as_true_as_it_gets(avatar: Bundle, canvas: Canvas) -> None:
    state, direction = canvas.state(()), text_directions.text_direction(avatar, GLASSES)
    found = direction_bank.find(avatar.bank, direction)
    assert found is not None
    delta = found.delta / 8  # of which all strengths are sure to be too weak, and the last one the best
    assert (
        standard(
            avatar, state, GLASSES, direction, Candidate(delta, "direction"), (1.0, 2.0), no_progress
        ).most
        is None
    )
    there = calibrated(
        avatar, state, GLASSES, direction, Candidate(found.delta, "direction"), no_progress
    ).delta
    over = standard(
        avatar, state, GLASSES, direction, Candidate(there, "direction"), (1.0, 1.5, 30.0), no_progress
    )
    assert over.most in (1.0, 1.5)
    recipe = GLASSES.model_dump(exclude={"method"}) | {
        "method": "direction",
        "fingerprint": avatar.info.fingerprint,
    }
    layers = [
        Adjustment(**recipe | {"strength": strength}, most=1.0, delta=to_array(there))
        for strength in (0.5, 1.0, 3.0)
    ]
    half, whole, beyond = (canvas.delta(layer) for layer in layers)
    assert torch.equal(whole, beyond)
    assert torch.allclose(2 * half, whole)
