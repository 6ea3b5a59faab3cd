"""Latent optimization: the search itself on known answers, and what it finds on the embedded bundle."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from editor.api.errors import Cancelled
from editor.api.protocol import Change, CompareRequest, CompareResult, InvertResult, MethodName, PictureData
from editor.bundle.bundle import Bundle
from editor.device.progress import no_progress, with_deadline
from editor.editing import text_directions
from editor.editing.engine import PREVIEW_SECONDS, Engine
from editor.editing.methods import optimization
from editor.editing.methods.base import Candidate
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import FLAT_STEPS, Optimization, Styles, WPlus, descend, schedule
from editor.editing.session import Canvas

GOAL = torch.tensor([[1.0, -2.0], [0.5, 0.0]])


def squares(offset: Tensor) -> tuple[Tensor, Tensor]:
    """Least at ``GOAL``, where it is 1."""
    return (offset - GOAL).square().sum(1) + 1.0, torch.zeros(len(offset), 3, 1, 1)


class Steps:
    """A watch that knows how many steps were begun, and calls the work off at step ``last``."""

    def __init__(self, last: int = 10_000) -> None:
        self.seen, self.last = 0, last

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        self.seen = step
        if step == self.last:
            raise Cancelled()


def test_each_row_goes_down_to_its_own_minimum() -> None:
    assert float(squares(torch.zeros(2, 2))[0].min()) > 1.2
    assert float(squares(descend(torch.zeros(2, 2), squares, 300, no_progress))[0].max()) < 1.1


def test_a_row_ends_at_its_best_place_and_not_at_its_last() -> None:
    steps: list[float] = []

    def wandering(offset: Tensor) -> tuple[Tensor, Tensor]:
        steps.append(float(offset.detach()[0, 0]))
        return (offset[:, 0] - 0.3).abs() + 1.0, torch.zeros(1, 3, 1, 1)

    best = float(descend(torch.zeros(1, 1), wandering, 40, no_progress, rate=0.5)[0, 0])
    assert best == min(steps, key=lambda place: abs(place - 0.3))
    assert best != steps[-1]


def test_it_stops_where_nothing_gets_better() -> None:
    flat = Steps()
    descend(torch.zeros(1, 2), lambda offset: (offset.sum(1) * 0 + 1.0, torch.zeros(1, 3, 1, 1)), 300, flat)
    assert flat.seen == FLAT_STEPS + 1


def test_it_is_called_off_within_one_step() -> None:
    evaluated = []

    def counted(offset: Tensor) -> tuple[Tensor, Tensor]:
        evaluated.append(1)
        return squares(offset)

    with pytest.raises(Cancelled):
        descend(torch.zeros(2, 2), counted, 300, Steps(last=4))
    assert len(evaluated) == 4


def test_when_its_time_is_over_the_best_place_so_far_is_its_answer() -> None:
    watch = Steps()
    begin = torch.zeros(2, 2)
    assert torch.equal(descend(begin, squares, 300, with_deadline(watch, seconds=0.0)), begin)
    assert watch.seen == 1
    assert not torch.equal(descend(begin, squares, 300, with_deadline(watch, seconds=60.0)), begin)


def test_the_rate_rises_holds_and_falls() -> None:
    assert schedule(0) < schedule(0.02) < schedule(0.5) == 1.0
    assert schedule(0.8) > schedule(0.9) > schedule(0.99)


# on the embedded bundle


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that takes a second or two."""
    monkeypatch.setattr(optimization, "STEPS", 14)


def find(
    bundle: Bundle, canvas: Canvas, wish: Change, space: type[WPlus] | type[Styles] = WPlus
) -> Candidate:
    found = Optimization("optimization", space).find(
        bundle, canvas.state(()), wish, text_directions.text_direction(bundle, wish), no_progress
    )
    assert found is not None
    return found


def gains(bundle: Bundle, canvas: Canvas, wish: Change, deltas: Tensor) -> Tensor:
    """Logits gained [N] by deltas [N, C]."""
    state = canvas.state(())
    embeddings = state.embed(bundle, torch.cat([torch.zeros_like(deltas[:1]), deltas]))
    logits = bundle.clip.logits(embeddings, bundle.clip.encode_text([wish.prompt]))[:, 0]
    return logits[1:] - logits[0]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("space", [WPlus, Styles])
def test_what_it_finds_is_a_delta_that_scales(
    avatar: Bundle, canvas: Canvas, space: type[WPlus] | type[Styles]
) -> None:
    wish = Change(prompt="glasses")
    delta = find(avatar, canvas, wish, space).delta
    found = gains(avatar, canvas, wish, torch.tensor([0.25, 0.5, 1.0])[:, None] * delta).tolist()
    assert 0 < found[0] < found[1] < found[2]
    assert found[2] > 0.5 * avatar.thresholds.standard_gain


def test_a_step_in_w_plus_is_the_same_step_in_stylespace(avatar: Bundle, canvas: Canvas) -> None:
    space = WPlus(avatar)
    offset = torch.randn(space.zeros(2).shape, generator=torch.Generator().manual_seed(0))
    moved = avatar.generator.synthesis.styles(canvas.w + offset * avatar.encoder.w_std)
    assert torch.allclose(canvas.base + space.delta(offset), moved, atol=1e-4)


def test_rows_that_part_from_each_other_cost_more_than_going_as_far_together(avatar: Bundle) -> None:
    space = WPlus(avatar)
    together, apart = torch.ones_like(space.zeros(1)), torch.ones_like(space.zeros(1))
    apart[:, ::2] = -1
    assert float(space.cost(apart)) > 2 * float(space.cost(together)) > 0


def test_the_same_search_finds_the_same(
    avatar: Bundle, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimization, "STEPS", 6)
    first, second = (find(avatar, canvas, Change(prompt="glasses")).delta for _ in range(2))
    assert torch.equal(first, second)


def test_the_encoder_reads_a_picture_as_its_own_place_and_not_as_anothers(
    avatar: Bundle, sample: Callable[[int], InvertResult]
) -> None:
    canvases = [Canvas(avatar, sample(number).inversion, torch.device("cpu")) for number in (1, 2)]
    pictures = torch.cat(
        [canvas.state(()).pictures(avatar, torch.zeros_like(canvas.base)[None]) for canvas in canvases]
    )
    objective = Objective.of(
        avatar,
        Change(prompt="a beard"),
        text_directions.text_direction(avatar, Change(prompt="a beard")),
        pictures,
    )
    places = torch.stack([canvas.w.mean(0) for canvas in canvases])
    own, swapped = objective.reading(pictures, places), objective.reading(pictures, places.flip(0))
    assert bool((swapped > 2 * own).all())


def compare(
    engine: Engine, inverted: InvertResult, method: MethodName, report: Callable[..., None]
) -> CompareResult:
    wish = Change(prompt="glasses")
    request = CompareRequest(
        picture=inverted.picture.data, inversion=inverted.inversion, change=wish, methods=(method,)
    )
    result = engine.run(request, report, lambda: False)
    assert isinstance(result, CompareResult)
    return result


@pytest.mark.usefixtures("short")
def test_previews_come_at_most_about_twice_a_second(
    avatars: Engine, sample: Callable[[int], InvertResult]
) -> None:
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
def test_several_restarts_are_searched_in_one_batch(
    avatar: Bundle, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = set()
    monkeypatch.setattr(optimization, "RESTARTS", 3)
    monkeypatch.setattr(optimization, "STEPS", 2)
    synthesis = avatar.generator.synthesis
    hook = synthesis.register_forward_pre_hook(lambda module, arguments: batches.add(len(arguments[0])))
    wish = Change(prompt="glasses")
    Optimization("optimization", WPlus).find(
        avatar, canvas.state(()), wish, text_directions.text_direction(avatar, wish), no_progress
    )
    hook.remove()
    assert batches == {1, 3}
