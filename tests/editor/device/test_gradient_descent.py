"""The optimisation loop: how it ends, what it reports, and its learning rates."""

from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor

from editor.api.errors import Cancelled
from editor.device import gradient_descent
from editor.device.gradient_descent import Budget, GradientDescent, Plateau, cosine_decay, linear_decay


class Reports:
    """A progress callback that remembers its reports, and cancels at one of them."""

    def __init__(self, cancel_at: int = 10_000) -> None:
        self.seen: list[tuple[str, int, int]] = []
        self.pictures: list[Tensor] = []
        self.cancel_at = cancel_at

    def __call__(self, stage: str, step: int, total: int, picture: object = None) -> None:
        self.seen.append((stage, step, total))
        if callable(picture):
            self.pictures.append(picture())
        if len(self.seen) == self.cancel_at:
            raise Cancelled()


def descend(
    budget: Budget, reports: Reports, plateau: Plateau | None = None
) -> tuple[GradientDescent, float]:
    """Move a number from 0 towards 1; return the loop and where the number ends."""
    x = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.25)
    descent = GradientDescent(optimizer, budget, progress=reports, stage="refine", plateau=plateau)
    for _ in descent:
        descent.minimise((x - 1).square(), torch.full((1, 3, 2, 2), 2.0))
    return descent, float(x.detach())


def test_it_takes_all_its_steps_and_reports_each_once() -> None:
    reports = Reports()
    descent, end = descend(Budget(3), reports)
    assert (descent.steps, end) == (3, pytest.approx(1 - 0.5**3))
    assert reports.seen == [("refine", step, 3) for step in (1, 2, 3)]
    assert all(picture.shape == (3, 2, 2) and float(picture.max()) == 1 for picture in reports.pictures)


def test_a_slow_backward_pass_reports_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_descent, "SLOW_STEP", -1.0)
    reports = Reports()
    descend(Budget(2), reports)
    assert [step for _, step, _ in reports.seen] == [1, 1, 2, 2]


def test_a_deadline_that_has_passed_leaves_one_evaluation_and_no_step() -> None:
    reports = Reports()
    descent, end = descend(Budget(10, deadline=time.monotonic()), reports)
    assert (descent.steps, end, len(reports.seen)) == (1, 0.0, 1)


def test_a_budget_of_time_counts_seconds() -> None:
    reports = Reports()
    descent, _ = descend(Budget(deadline=time.monotonic() + 0.4), reports)
    assert descent.steps > 1
    assert set(reports.seen) == {("refine", 0, 0)}


def test_a_plateau_ends_it_and_progress_starts_the_wait_again() -> None:
    plateau = Plateau(patience=2, share=0.01)
    assert [plateau.update(torch.tensor([loss])) for loss in (1.0, 1.0, 0.5, 0.5, 0.499)] == [
        False,
        False,
        False,
        False,
        True,
    ]
    reports = Reports()
    descent, _ = descend(Budget(1000), reports, Plateau(patience=3, share=0.01))
    assert descent.steps < 1000


def test_it_is_cancelled_between_two_steps() -> None:
    reports = Reports(cancel_at=2)
    with pytest.raises(Cancelled):
        descend(Budget(10), reports)
    assert len(reports.seen) == 2


def test_learning_rates_rise_hold_and_fall() -> None:
    assert [linear_decay(t) for t in (0.0, 0.5, 1.0)] == [1.0, 1.0, 0.1]
    assert cosine_decay(0.0, start=0.0) == 0.0 < cosine_decay(0.0) < cosine_decay(0.5) == 1.0
    assert cosine_decay(0.8) > cosine_decay(0.9) > cosine_decay(1.0) == 0.0
