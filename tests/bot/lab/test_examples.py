"""Labelled sentences made from templates."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from bot.lab.examples import load, sentences
from bot.language.labels import ACTS, TAGS
from bot.language.text import tokenise


@pytest.mark.parametrize("code", ["en", "zh"])
def test_every_token_of_a_made_sentence_has_its_labels(code: str) -> None:
    made = list(islice(sentences(load(code, ["plaid"]), random.Random(1)), 300))
    for example in made:
        tokens = tokenise(example.text)
        assert len(tokens) == len(example.acts) == len(example.begins) == len(example.slots)
        assert set(example.acts) <= set(ACTS)
        assert set(example.slots) <= set(TAGS)
        assert example.begins[0]
    assert len({act for example in made for act in example.acts}) > 30


def test_all_acts_have_examples_in_both_languages() -> None:
    for code in ("en", "zh"):
        assert set(ACTS) - {"sep"} == set(load(code, ["plaid"]).acts)
