"""Ways to a direction bank: what agreement and cost are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from editor.lab.evaluation.recipes.agreement import Way, agreement, by_rows, delta, halves, ways
from editor.lab.evaluation.recipes.cost import Passes, Work
from editor.lab.evaluation.recipes.document import duration
from editor.lab.evaluation.recipes.rows import Rows, _belongs

PASSES = Passes(forward=4.0, seen=1.0, there=1.5, back=0.5, tangent=3.0, channels=10, dim=6, reused=0.9)
TEXTS = torch.eye(6)[:3]
STD = torch.linspace(0.5, 2, 8)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_cost_counts_passes() -> None:
    assert PASSES.seconds(Work(steps=3)) == 3 * 2 * 10 * 1.0
    assert PASSES.seconds(Work(steps=3), full=True) == 3 * 2 * 10 * 4.0
    assert PASSES.seconds(Work(there=5, back=5, share=0.5)) == 5 * 1.5 + 5 * 3 * 0.5
    first = PASSES.seconds(Work(there=5, back=5, more=2, texts=1))
    assert first == 5 * (1.5 + 2 * 0.5) + 5 * (1.5 + 0.5)


def test_a_way_agrees_with_itself_and_its_opposite_does_not() -> None:
    way = by_rows("one", normal(4, 8, 6), TEXTS, Work())
    same = agreement(way, way, STD)
    assert (same.mean, same.least, same.rows) == pytest.approx((1, 1, 1))
    turned = Way("turned", -way.answers, Work())
    assert agreement(turned, way, STD).mean == pytest.approx(-1)


def test_texts_that_the_published_way_knows_no_answer_to_do_not_count() -> None:
    way = by_rows("one", normal(4, 8, 6), TEXTS, Work())
    silent = way.answers.clone()
    silent[:, 1] = 0.1
    assert agreement(way, Way("silent", silent, Work()), STD).texts == 2


def test_the_threshold_makes_all_or_nothing_of_a_channel() -> None:
    assert delta(torch.tensor([0.14, -0.16, 0.15]), torch.ones(3)).tolist() == pytest.approx([0, -0.16, 0.15])


def test_slopes_that_are_steps_in_small_agree_with_them_whatever_the_pictures_scale() -> None:
    steps = normal(60, 8, 6) + 2 * normalize(normal(8, 6, seed=1), dim=1)
    found = Rows(torch.arange(8), steps, 0.01 * steps, torch.zeros(8), STD)
    named = {
        way.name: agreement(way, by_rows("", steps, TEXTS, Work()), STD).mean for way in ways(found, TEXTS)
    }
    assert named["gradients, 60 pictures"] == pytest.approx(1, abs=1e-5)
    assert named["gradients, 1 picture"] == pytest.approx(named["steps, 1 picture"], abs=1e-5)
    assert named["gradients, 1 picture"] < 0.99
    assert named["each text by itself, 50 pictures"] > 0.95
    assert halves(found, TEXTS)["steps"].mean == pytest.approx(halves(found, TEXTS)["gradients"].mean)


def test_durations_in_words() -> None:
    assert [duration(seconds) for seconds in (59, 600, 9000, 864_000)] == [
        "59 s",
        "10 minutes",
        "2.5 hours",
        "10 days",
    ]


def test_what_was_measured_of_another_generator_is_not_taken(tmp_path: Path) -> None:
    _belongs(tmp_path / "study", "one")
    _belongs(tmp_path / "study", "one")
    with pytest.raises(ValueError, match="another generator"):
        _belongs(tmp_path / "study", "other")
