"""Scores of edits, without labels."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from editor.api.protocol import Adjustment, Change
from editor.bundle import direction_bank
from editor.bundle.bundle import Bundle
from editor.bundle.text_image import VISIBLE_CHANGE
from editor.device.progress import no_progress
from editor.editing import text_directions
from editor.editing.apply import CandidateSearch
from editor.editing.calibration import STEPS, calibrate, choose_strength
from editor.editing.methods.base import Candidate, EditTask, PictureState
from editor.editing.methods.global_direction import GlobalDirection
from editor.editing.samples import samples_of
from editor.editing.scoring import MAX_GAIN, inversion_inconsistency, score
from editor.editing.session import EditSession
from editor.editing.text_directions import EditMeasure
from editor.imaging.arrays import to_array

GLASSES = Change(prompt="glasses")


def test_gain_counts_up_to_a_limit_and_collateral_change_costs(avatar: Bundle) -> None:
    wanted = text_directions.wanted_gain(avatar, GLASSES, -4.0)
    most = MAX_GAIN * wanted
    enough = score(avatar, GLASSES, EditMeasure(most, most - 4, 0.2), 0.3)
    assert score(avatar, GLASSES, EditMeasure(0.5 * wanted, 0.5 * wanted - 4, 0.2), 0.3) < enough
    assert score(avatar, GLASSES, EditMeasure(most + 3, most - 1, 0.2), 0.3) == enough
    assert score(avatar, GLASSES, EditMeasure(most, most - 4, 0.3), 0.3) < enough
    assert score(avatar, GLASSES, EditMeasure(most, most - 4, 0.2), 0.5) < enough


def test_the_opposite_gains_what_the_prompt_loses(avatar: Bundle) -> None:
    opposite = Change(prompt="glasses", strength=-1)
    assert (
        score(avatar, opposite, EditMeasure(-3.0, 1.0, 0.1), 0.0)
        > 0
        > score(avatar, opposite, EditMeasure(3.0, 7.0, 0.1), 0.0)
    )


def test_a_broken_picture_is_inconsistent(avatar: Bundle) -> None:
    samples, synthesis = samples_of(avatar, no_progress), avatar.generator.synthesis
    w = samples.w[:4]
    noise = (
        torch.randn(len(avatar.bank.s_std), generator=torch.Generator().manual_seed(0)) * avatar.bank.s_std
    )
    with torch.no_grad():
        own, broken = (synthesis(synthesis.styles(w) + step).clamp(-1, 1) for step in (0.0, 2.5 * noise))
        assert bool(
            (inversion_inconsistency(avatar, broken, w) > inversion_inconsistency(avatar, own, w)).all()
        )


def test_the_nearest_w_follows_the_deltas(avatar: Bundle, session: EditSession) -> None:
    step = 0.3 * avatar.encoder.w_std
    delta = avatar.generator.synthesis.style_steps(step[None])
    start = PictureState(avatar, session.w, session.base, delta[0])
    assert torch.allclose(start.nearest_w(delta)[0], session.w.mean(0) + 2 * step, atol=1e-3)


def test_a_direction_keeps_its_threshold(avatar: Bundle, session: EditSession) -> None:
    state, direction = session.state(()), text_directions.text_direction(avatar, GLASSES)
    usual = GlobalDirection().find(EditTask(state, GLASSES, direction))
    recipe = GLASSES.model_dump(exclude={"method"}) | {
        "method": "direction",
        "threshold": 0.2,
        "fingerprint": "",
    }
    layer = Adjustment(**recipe, delta=to_array(session.base))
    given = GlobalDirection().find(EditTask(state, layer, direction))
    assert usual is not None
    assert given is not None
    assert given.threshold == 0.2 != usual.threshold


def test_a_visible_direction_scores_above_no_change(avatar: Bundle, session: EditSession) -> None:
    search = CandidateSearch(session, [], GLASSES)
    (candidate,) = search.run(("direction",))
    nothing = score(avatar, GLASSES, EditMeasure(0.0, search.logit_before, 0.0), 0.1)
    assert candidate.score > nothing


def test_collateral_change_counts_visible_attributes(avatar: Bundle) -> None:
    one, far, two, faint = torch.zeros(4, avatar.bank.rows.shape[1])
    one[3], far[3], faint[3] = VISIBLE_CHANGE, 3 * VISIBLE_CHANGE, 0.1 * VISIBLE_CHANGE
    two[[3, 8]] = VISIBLE_CHANGE
    assert avatar.clip.collateral(torch.stack([one, far, two, faint])).tolist() == pytest.approx(
        [1.0, 1.0, 2.0, 0.01], rel=1e-4
    )


def test_companions_of_a_prompt_are_not_collateral_change(avatar: Bundle) -> None:
    older = text_directions.text_direction(avatar, Change(prompt="older"))
    wrinkles, smooth, green, blue = avatar.clip.encode_text(
        ["wrinkles", "smooth skin", "a green background", "a blue background"]
    )
    along = text_directions.companion_direction(avatar, older)
    assert along is not None
    assert abs(float(along @ older)) < 1e-4
    assert float(along @ (wrinkles - smooth)) > 3 * abs(float(along @ (green - blue)))
    before = avatar.neutral_embedding
    with_it, against_it = (
        text_directions.collateral_change(avatar, older, before, (before + side * 0.5 * along)[None])
        for side in (1, -1)
    )
    assert float(with_it) < 1e-3 < 0.5 < float(against_it)


def test_without_samples_there_are_no_companions(avatar: Bundle) -> None:
    bare = dataclasses.replace(avatar, bank=dataclasses.replace(avatar.bank, samples=None))
    assert text_directions.companion_direction(bare, text_directions.text_direction(bare, GLASSES)) is None


def test_costly_collateral_change_lowers_the_strength(
    avatar: Bundle, session: EditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, direction = session.state(()), text_directions.text_direction(avatar, GLASSES)
    found = direction_bank.find_direction(avatar.bank, direction)
    assert found is not None
    whole = Candidate(found.delta, "direction")
    free = choose_strength(EditTask(state, GLASSES, direction), whole, STEPS)
    monkeypatch.setattr(type(avatar.clip), "collateral", lambda self, moved: 100 * moved.norm(dim=-1))
    dear = choose_strength(EditTask(state, GLASSES, direction), whole, STEPS)
    assert 0 < float(dear.delta.norm()) < float(free.delta.norm())


def test_strength_is_capped_where_the_gain_ends(avatar: Bundle, session: EditSession) -> None:
    state, direction = session.state(()), text_directions.text_direction(avatar, GLASSES)
    found = direction_bank.find_direction(avatar.bank, direction)
    assert found is not None
    task, delta = (
        EditTask(state, GLASSES, direction),
        found.delta / 8,
    )  # all strengths are too weak, the last is best
    assert choose_strength(task, Candidate(delta, "direction"), (1.0, 2.0)).most is None
    there = calibrate(task, Candidate(found.delta, "direction")).delta
    over = choose_strength(task, Candidate(there, "direction"), (1.0, 1.5, 30.0))
    assert over.most in (1.0, 1.5)
    recipe = GLASSES.model_dump(exclude={"method"}) | {
        "method": "direction",
        "fingerprint": avatar.info.fingerprint,
    }
    layers = [
        Adjustment(**recipe | {"strength": strength}, most=1.0, delta=to_array(there))
        for strength in (0.5, 1.0, 3.0)
    ]
    half, whole, beyond = (session.delta(layer) for layer in layers)
    assert torch.equal(whole, beyond)
    assert torch.allclose(2 * half, whole)
