"""Which of several trials a wish is granted by."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress, no_progress
from editor.editing import apply, orthogonalisation
from editor.editing.apply import Grant, Trial
from editor.editing.methods import registry
from editor.editing.methods.base import Candidate, State
from editor.editing.session import Canvas
from editor.editing.text_directions import Measure, wanted_gain

GLASSES = Change(prompt="glasses")


@dataclasses.dataclass(frozen=True)
class Still:
    """A method that finds a step which changes nothing, and so spoils nothing."""

    name: MethodName = "stylespace"
    slow: bool = False

    def offered(self, bundle: Bundle) -> bool:
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: torch.Tensor, watch: Progress
    ) -> Candidate | None:
        return Candidate(torch.zeros_like(state.base), self.name)


def test_what_grants_the_wish_goes_before_what_spoils_nothing(
    canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.METHODS, "stylespace", Still())
    layers, effect = apply.grant(canvas, [], GLASSES, no_progress)
    assert (effect.verdict, len(layers)) == ("done", 1)
    assert layers[0].method in ("mapper", "direction")
    assert apply.compare(canvas, [], GLASSES, ["stylespace"], no_progress)[0].effect.verdict == "refused"


def test_of_those_that_do_something_the_worth_decides(canvas: Canvas) -> None:
    work = Grant(canvas, [], GLASSES)
    trial = work.trials(["mapper"], no_progress)[0]

    def like(gain: float, worth: float) -> Trial:
        return dataclasses.replace(trial, measure=Measure(gain, gain - 4, 0.1), worth=worth)

    least = apply.LEAST_GAIN * min(work.expected, wanted_gain(canvas.bundle, GLASSES, work.start_logit))
    poor, good, better = like(0.9 * least, 9.0), like(1.1 * least, 1.0), like(2 * least, 2.0)
    assert max((poor, good, better), key=work.rank) is better
    assert max((poor, good), key=work.rank) is good


def test_a_method_that_is_named_is_the_only_one_tried(canvas: Canvas) -> None:
    layers, effect = apply.grant(
        canvas, [], GLASSES.model_copy(update={"method": "interfacegan"}), no_progress
    )
    assert effect.method == "interfacegan"
    assert [layer.method for layer in layers] == ["interfacegan"]


def test_a_single_channel_is_only_looked_for_where_it_is_named(avatar: Bundle) -> None:
    assert "stylespace" not in registry.automatic(avatar, GLASSES)
    assert registry.get("stylespace", avatar).offered(avatar)


def test_only_with_patience_slow_methods_are_tried_where_quick_ones_do_too_little(
    canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.METHODS, "stylespace", Still())
    monkeypatch.setattr(registry, "automatic", lambda bundle, wish: ("stylespace",))
    monkeypatch.setattr(registry, "slow", lambda bundle: ("mapper",))
    layers, effect = apply.grant(canvas, [], GLASSES, no_progress)
    assert (layers, effect.verdict, effect.notes) == ([], "refused", ("not-here",))
    layers, effect = apply.grant(canvas, [], GLASSES, no_progress, patience=60.0)
    assert (effect.verdict, effect.method) == ("done", "mapper")


def test_what_undoes_an_earlier_wish_is_worth_less(canvas: Canvas) -> None:
    layers, _ = apply.grant(canvas, [], Change(prompt="pink hair"), no_progress)
    work = Grant(canvas, layers, GLASSES)
    trial = work.trials(["mapper"], no_progress)[0]
    plain, earlier = trial.worth + apply.UNDONE * work._undone(trial.embedding), work.earlier
    assert [layer.prompt for layer in earlier] == ["pink hair"]
    green = canvas.bundle.clip.encode_text(["green hair"])[0]
    undone = work._trial(trial.layer, trial.picture, green, 0.0)
    work.earlier = []
    assert undone.worth < work._trial(trial.layer, trial.picture, green, 0.0).worth - 1
    assert work._trial(trial.layer, trial.picture, trial.embedding, 0.0).worth >= plain


def test_after_other_wishes_ways_that_spare_them_are_measured_too(canvas: Canvas) -> None:
    layers, _ = apply.grant(canvas, [], Change(prompt="pink hair"), no_progress)
    assert len(Grant(canvas, [], GLASSES).trials(["mapper"], no_progress)) == 1
    work = Grant(canvas, layers, GLASSES)
    trials = work.trials(["mapper"], no_progress)
    best = work.best(trials)
    assert len(trials) >= len(orthogonalisation.SHARES)
    assert best is not None
    assert work.rank(best) == max(work.rank(trial) for trial in trials)
    assert len({trial.layer.delta.data for trial in trials}) == len(trials)


def test_what_would_be_refused_comes_after_all_that_would_not_however_little_it_spoils(
    canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Grant(canvas, [], GLASSES)
    trial = work.trials(["mapper"], no_progress)[0]
    least = apply.LEAST_GAIN * work.expected
    monkeypatch.setattr(
        "editor.editing.text_directions.wanted_gain", lambda *_: 2 * least
    )  # little is left to be gained here

    def gaining(gain: float, worth: float) -> Trial:
        return dataclasses.replace(trial, measure=dataclasses.replace(trial.measure, gain=gain), worth=worth)

    refused, dear = gaining(0.9 * least, 5.0), gaining(1.1 * least, -5.0)
    assert work.best([refused, dear]) is dear
    assert [work.effect(one).verdict == "refused" for one in (refused, dear)] == [True, False]
