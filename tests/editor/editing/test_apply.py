"""Choice among the candidates for a change."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from editor.api.protocol import Change, MethodName, PictureData
from editor.bundle.bundle import Bundle
from editor.editing import apply, orthogonalisation
from editor.editing.apply import CandidateSearch, ScoredCandidate
from editor.editing.methods import registry
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.session import EditSession
from editor.editing.text_directions import EditMeasure, wanted_gain

GLASSES = Change(prompt="glasses")
BLANK = PictureData(media_type="image/png", width=1, height=1, data=b"")


class Still(Method):
    """A method that finds a step which changes nothing, and so spoils nothing."""

    name: MethodName = "stylespace"

    def find(self, task: EditTask) -> Candidate | None:
        return Candidate(torch.zeros_like(task.state.base), self.name)


def test_a_gain_is_preferred_to_no_change(session: EditSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.METHODS, "stylespace", Still())
    layers, effect = apply.apply_change(session, [], GLASSES)
    assert (effect.verdict, len(layers)) == ("done", 1)
    assert layers[0].method in ("mapper", "direction")
    assert (
        apply.compare_methods(session, [], GLASSES, ["stylespace"], lambda _: BLANK)[0].effect.verdict
        == "refused"
    )


def test_among_useful_candidates_the_score_decides(session: EditSession) -> None:
    search = CandidateSearch(session, [], GLASSES)
    candidate = search.run(["mapper"])[0]

    def like(gain: float, score: float) -> ScoredCandidate:
        return dataclasses.replace(candidate, measure=EditMeasure(gain, gain - 4, 0.1), score=score)

    least = apply.LEAST_GAIN * min(
        search.expected_gain, wanted_gain(session.bundle, GLASSES, search.logit_before)
    )
    poor, good, better = like(0.9 * least, 9.0), like(1.1 * least, 1.0), like(2 * least, 2.0)
    assert max((poor, good, better), key=search.rank) is better
    assert max((poor, good), key=search.rank) is good


def test_only_a_named_method_is_tried(session: EditSession) -> None:
    layers, effect = apply.apply_change(session, [], GLASSES.model_copy(update={"method": "interfacegan"}))
    assert effect.method == "interfacegan"
    assert [layer.method for layer in layers] == ["interfacegan"]


def test_single_channels_are_not_automatic(avatar: Bundle) -> None:
    assert "stylespace" not in registry.automatic(avatar, GLASSES)
    assert registry.get("stylespace", avatar).supports(avatar)


def test_slow_methods_are_tried_for_patient_users_only(
    session: EditSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry.METHODS, "stylespace", Still())
    monkeypatch.setattr(registry, "automatic", lambda bundle, change: ("stylespace",))
    monkeypatch.setattr(registry, "patient", lambda bundle: ("mapper",))
    layers, effect = apply.apply_change(session, [], GLASSES)
    assert (layers, effect.verdict, effect.notes) == ([], "refused", ("not-here",))
    layers, effect = apply.apply_change(session, [], GLASSES, search_seconds=60.0)
    assert (effect.verdict, effect.method) == ("done", "mapper")


def test_undoing_an_earlier_edit_lowers_the_score(session: EditSession) -> None:
    layers, _ = apply.apply_change(session, [], Change(prompt="pink hair"))
    search = CandidateSearch(session, layers, GLASSES)
    candidate = search.run(["mapper"])[0]
    plain, earlier = (
        candidate.score + apply.UNDONE_WEIGHT * search._undone(candidate.embedding),
        search.earlier,
    )
    assert [layer.prompt for layer in earlier] == ["pink hair"]
    green = session.bundle.clip.encode_text(["green hair"])[0]
    undone = search._score(candidate.adjustment, candidate.picture, green, 0.0)
    search.earlier = []
    assert undone.score < search._score(candidate.adjustment, candidate.picture, green, 0.0).score - 1
    assert search._score(candidate.adjustment, candidate.picture, candidate.embedding, 0.0).score >= plain


def test_after_other_edits_sparing_variants_are_measured(session: EditSession) -> None:
    layers, _ = apply.apply_change(session, [], Change(prompt="pink hair"))
    assert len(CandidateSearch(session, [], GLASSES).run(["mapper"])) == 1
    search = CandidateSearch(session, layers, GLASSES)
    candidates = search.run(["mapper"])
    best = search.best(candidates)
    assert len(candidates) >= len(orthogonalisation.SHARES)
    assert best is not None
    assert search.rank(best) == max(search.rank(candidate) for candidate in candidates)
    assert len({candidate.adjustment.delta.data for candidate in candidates}) == len(candidates)


def test_candidates_to_be_refused_come_last(session: EditSession, monkeypatch: pytest.MonkeyPatch) -> None:
    search = CandidateSearch(session, [], GLASSES)
    candidate = search.run(["mapper"])[0]
    least = apply.LEAST_GAIN * search.expected_gain
    monkeypatch.setattr(
        "editor.editing.text_directions.wanted_gain", lambda *_: 2 * least
    )  # little is left to be gained here

    def gaining(gain: float, score: float) -> ScoredCandidate:
        return dataclasses.replace(
            candidate, measure=dataclasses.replace(candidate.measure, gain=gain), score=score
        )

    refused, dear = gaining(0.9 * least, 5.0), gaining(1.1 * least, -5.0)
    assert search.best([refused, dear]) is dear
    assert [search.effect(one).verdict == "refused" for one in (refused, dear)] == [True, False]
