"""Latent optimization: the search on known answers, and its results on the embedded bundle."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from editor.api.errors import Cancelled
from editor.api.protocol import Change, CompareRequest, CompareResult, InvertResult, MethodName, PictureData
from editor.bundle.bundle import Bundle
from editor.device.gradient_descent import Budget, cosine_decay
from editor.device.progress import no_progress
from editor.editing import text_directions
from editor.editing.engine import PREVIEW_SECONDS, Engine
from editor.editing.methods import optimization
from editor.editing.methods.base import Candidate, EditTask
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import (
    PATIENCE,
    Optimization,
    StyleOffsets,
    WPlusOffsets,
    search_offsets,
)
from editor.editing.session import EditSession

GOAL = torch.tensor([[1.0, -2.0], [0.5, 0.0]])


def squares(offset: Tensor) -> tuple[Tensor, Tensor]:
    """Least at ``GOAL``, where it is 1."""
    return (offset - GOAL).square().sum(1) + 1.0, torch.zeros(len(offset), 3, 1, 1)


class Steps:
    """A progress callback that counts steps and cancels the work at step ``last``."""

    def __init__(self, last: int = 10_000) -> None:
        self.seen, self.last = 0, last

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        self.seen = step
        if step == self.last:
            raise Cancelled()


def test_each_row_reaches_its_own_minimum() -> None:
    assert float(squares(torch.zeros(2, 2))[0].min()) > 1.2
    assert float(squares(search_offsets(torch.zeros(2, 2), squares, Budget(300), no_progress))[0].max()) < 1.1


def test_a_row_returns_its_best_step() -> None:
    steps: list[float] = []

    def wandering(offset: Tensor) -> tuple[Tensor, Tensor]:
        steps.append(float(offset.detach()[0, 0]))
        return (offset[:, 0] - 0.3).abs() + 1.0, torch.zeros(1, 3, 1, 1)

    best = float(search_offsets(torch.zeros(1, 1), wandering, Budget(40), no_progress, rate=0.5)[0, 0])
    assert best == min(steps, key=lambda place: abs(place - 0.3))
    assert best != steps[-1]


def test_it_stops_on_a_plateau() -> None:
    flat = Steps()
    search_offsets(
        torch.zeros(1, 2),
        lambda offset: (offset.sum(1) * 0 + 1.0, torch.zeros(1, 3, 1, 1)),
        Budget(300),
        flat,
    )
    assert flat.seen == PATIENCE + 1


def test_it_is_cancelled_within_one_step() -> None:
    evaluated = []

    def counted(offset: Tensor) -> tuple[Tensor, Tensor]:
        evaluated.append(1)
        return squares(offset)

    with pytest.raises(Cancelled):
        search_offsets(torch.zeros(2, 2), counted, Budget(300), Steps(last=4))
    assert len(evaluated) == 4


def test_at_the_deadline_it_returns_the_best_so_far() -> None:
    steps = Steps()
    begin = torch.zeros(2, 2)
    assert torch.equal(search_offsets(begin, squares, Budget(300, deadline=time.monotonic()), steps), begin)
    assert steps.seen == 1
    assert not torch.equal(
        search_offsets(begin, squares, Budget(300, deadline=time.monotonic() + 60), steps), begin
    )


def test_the_rate_rises_holds_and_falls() -> None:
    assert cosine_decay(0) < cosine_decay(0.02) < cosine_decay(0.5) == 1.0
    assert cosine_decay(0.8) > cosine_decay(0.9) > cosine_decay(0.99)


# on the embedded bundle


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that takes a second or two."""
    monkeypatch.setattr(optimization, "STEPS", 14)


def find(
    bundle: Bundle,
    session: EditSession,
    change: Change,
    space: type[WPlusOffsets] | type[StyleOffsets] = WPlusOffsets,
) -> Candidate:
    found = Optimization("optimization", space).find(
        EditTask(session.state(()), change, text_directions.text_direction(bundle, change))
    )
    assert found is not None
    return found


def gains(bundle: Bundle, session: EditSession, change: Change, deltas: Tensor) -> Tensor:
    """Logits gained [N] by deltas [N, C]."""
    state = session.state(())
    embeddings = state.embed(torch.cat([torch.zeros_like(deltas[:1]), deltas]))
    logits = bundle.clip.logits(embeddings, bundle.clip.encode_text([change.prompt]))[:, 0]
    return logits[1:] - logits[0]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("space", [WPlusOffsets, StyleOffsets])
def test_the_result_is_a_delta_that_scales(
    avatar: Bundle, session: EditSession, space: type[WPlusOffsets] | type[StyleOffsets]
) -> None:
    change = Change(prompt="glasses")
    delta = find(avatar, session, change, space).delta
    found = gains(avatar, session, change, torch.tensor([0.25, 0.5, 1.0])[:, None] * delta).tolist()
    assert 0 < found[0] < found[1] < found[2]
    assert found[2] > 0.5 * avatar.thresholds.standard_gain


def test_w_plus_steps_are_exact_in_stylespace(avatar: Bundle, session: EditSession) -> None:
    space = WPlusOffsets(avatar)
    offset = torch.randn(space.zeros(2).shape, generator=torch.Generator().manual_seed(0))
    moved = avatar.generator.synthesis.styles(session.w + offset * avatar.encoder.w_std)
    assert torch.allclose(session.base + space.delta(offset), moved, atol=1e-4)


def test_rows_that_differ_cost_more(avatar: Bundle) -> None:
    space = WPlusOffsets(avatar)
    together, apart = torch.ones_like(space.zeros(1)), torch.ones_like(space.zeros(1))
    apart[:, ::2] = -1
    assert float(space.cost(apart)) > 2 * float(space.cost(together)) > 0


def test_the_same_search_finds_the_same(
    avatar: Bundle, session: EditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimization, "STEPS", 6)
    first, second = (find(avatar, session, Change(prompt="glasses")).delta for _ in range(2))
    assert torch.equal(first, second)


def test_the_encoder_reads_its_own_picture(avatar: Bundle, sample: Callable[[int], InvertResult]) -> None:
    sessions = [EditSession(avatar, sample(number).inversion) for number in (1, 2)]
    pictures = torch.cat(
        [session.state(()).pictures(torch.zeros_like(session.base)[None]) for session in sessions]
    )
    objective = Objective.for_pictures(
        avatar,
        Change(prompt="a beard"),
        text_directions.text_direction(avatar, Change(prompt="a beard")),
        pictures,
    )
    places = torch.stack([session.w.mean(0) for session in sessions])
    own, swapped = (
        objective.inconsistency(pictures, places),
        objective.inconsistency(pictures, places.flip(0)),
    )
    assert bool((swapped > 2 * own).all())


def compare(
    engine: Engine, inverted: InvertResult, method: MethodName, report: Callable[..., None]
) -> CompareResult:
    change = Change(prompt="glasses")
    request = CompareRequest(
        picture=inverted.picture.data, inversion=inverted.inversion, change=change, methods=(method,)
    )
    result = engine.run(request, report, lambda: False)
    assert isinstance(result, CompareResult)
    return result


@pytest.mark.usefixtures("short")
def test_previews_are_limited_in_time(avatars: Engine, sample: Callable[[int], InvertResult]) -> None:
    seen: list[PictureData] = []
    result = compare(
        avatars,
        sample(1),
        "optimization",
        lambda stage, step, total, preview: preview and seen.append(preview),
    )
    assert 1 <= len(seen) <= 1 + result.rows[0].milliseconds / 1000 / PREVIEW_SECONDS
    assert all(len(preview.data) < 10_000 and preview.width == 128 for preview in seen)


@pytest.mark.usefixtures("short")
def test_restarts_share_a_batch(
    avatar: Bundle, session: EditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = set()
    monkeypatch.setattr(optimization, "RESTARTS", 3)
    monkeypatch.setattr(optimization, "STEPS", 2)
    synthesis = avatar.generator.synthesis
    hook = synthesis.register_forward_pre_hook(lambda module, arguments: batches.add(len(arguments[0])))
    change = Change(prompt="glasses")
    Optimization("optimization", WPlusOffsets).find(
        EditTask(session.state(()), change, text_directions.text_direction(avatar, change))
    )
    hook.remove()
    assert batches == {1, 3}
