"""Outcomes of possible and impossible edits, and the prompts that are used to measure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.api.protocol import Effect
from editor.bundle.manifest import EMBEDDED
from editor.editing.engine import Engine
from editor.lab.evaluation import comparison, rejection, sequential_edits
from editor.lab.evaluation.rejection import outcome, read
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet
from editor.lab.training import domains

AVATARS = domains.named("avatars")
DEVELOP = rejection.CASES.with_name("refusals_develop.jsonl")


def effect(verdict: Literal["done", "weak", "refused"], satisfied: bool = False) -> Effect:
    figures = {"gain": 0.0, "identity": 1.0, "changed": 0.0, "outside": 0.0}
    return Effect(prompt="a hat", verdict=verdict, method=None, satisfied=satisfied, **figures)


def test_an_edit_that_the_picture_shows_already_counts_as_granted() -> None:
    assert [outcome(effect("refused")), outcome(effect("weak")), outcome(effect("done"))] == [
        "refused",
        "weak",
        "granted",
    ]
    assert outcome(effect("refused", satisfied=True)) == "granted"


def test_unpredictable_attributes_are_left_out_and_a_line_that_is_neither_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(
        '{"prompt": "a car", "impossible": true}\n\n{"prompt": "a hat", "attribute": "hat"}\n'
        '{"prompt": "a big nose", "attribute": "nose_size"}\n'
    )
    assert read(path, ["hat"]) == {"a car": False, "a hat": True}
    path.write_text('{"prompt": "a car"}\n')
    with pytest.raises(ValueError, match="impossible"):
        read(path, ["hat"])


@pytest.mark.parametrize(
    "path",
    [rejection.CASES, DEVELOP, comparison.CASES, sequential_edits.CASES],
    ids=lambda path: path.stem,
)
def test_no_measured_prompt_was_trained_on(path: Path) -> None:
    trained = {phrase.text.lower() for phrase in AVATARS.lexicon.phrases if not phrase.unseen}
    prompts = [json.loads(line)["prompt"].lower() for line in path.read_text(encoding="utf-8").splitlines()]
    assert not trained & set(prompts)
    assert len(set(prompts)) == len(prompts)


def test_reported_prompts_are_not_those_that_limits_are_tuned_on() -> None:
    parts = [read(path, AVATARS.attributes.names) for path in (rejection.CASES, DEVELOP)]
    assert not set(parts[0]) & set(parts[1])
    for part in parts:
        assert list(part.values()).count(False) >= 40
        assert list(part.values()).count(True) >= 60


def test_each_edit_is_counted_and_a_wrong_outcome_named(avatars: Engine) -> None:
    tested = EvaluatedBundle.of(avatars, "avatar", EMBEDDED / "avatar")
    cases = {"a bicycle": False, "a spaceship": True}
    found = rejection.rejection(UploadSet.make(tested, 1, 5), cases)
    assert found["impossible"] == {"edits": 1, "refused": 1.0, "weak": 0.0, "granted": 0.0, "wrong": {}}
    assert found["possible"]["wrong"] == {"a spaceship": ["refused", "refused"]}
    assert found["with_suggestions"] == 1.0
