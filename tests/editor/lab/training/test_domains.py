"""Domains by name, by a bundle's record and by portraits; every domain is complete."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

pytest.importorskip(
    "skia", reason="no drawing library here: the drawn domains go untested", exc_type=ImportError
)

from editor.lab.training import domains, record
from editor.lab.training.domain import Domain
from editor.lab.training.joint_space import embed_phrase, embed_scenes
from editor.lab.training.run import Run, start


@pytest.fixture(params=domains.NAMES)
def domain(request: pytest.FixtureRequest) -> Domain:
    return domains.named(request.param)


def test_a_bundle_says_its_domain_and_an_option_overrules(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text(json.dumps({"judge": {"domain": "critters"}}))
    usual = {"minutes": 1, "seed": 0, "domain": None, "runs": tmp_path, "name": "x", "bundle": None}
    usual |= {"device": "cpu", "threads": torch.get_num_threads()}

    def chosen(**options: object) -> str:
        return start(SimpleNamespace(**usual | options)).domain.name

    assert chosen() == "avatars"
    assert chosen(bundle=tmp_path) == "critters"
    assert chosen(domain="critters") == "critters"
    with pytest.raises(KeyError, match="plants"):
        domains.named("plants")


def test_a_record_names_every_domain_but_the_default(tmp_path: Path, domain: Domain) -> None:
    run = Run(tmp_path / "run", 1, domain=domain)
    options = SimpleNamespace(minutes=1.0, domain=None, bundle=tmp_path)
    run.write_record("judge", options, {})
    assert domains.of_bundle(tmp_path) is domain
    command = record.read(tmp_path)["judge"]["command"]
    assert ("--domain critters" in command) == (domain.name == "critters")


def test_every_domain_is_complete(domain: Domain) -> None:
    rng = np.random.default_rng(0)
    portraits = domain.draw(rng, 12)
    assert domains.of(portraits) is domain
    assert portraits.physical().shape[1] >= len(domain.portraits.PHYSICAL)
    assert set(domain.small_attributes) <= set(domain.portraits.AMOUNTS)
    assert set(domain.key_colours) <= set(domain.portraits.CHOICES["background_color"])
    assert domain.dim == embed_scenes(portraits, portraits.labels()).shape[1]
    for phrase in domain.lexicon.phrases[::400]:
        assert np.linalg.norm(embed_phrase(domain, phrase)) == pytest.approx(1.0, abs=1e-5)


def test_recombined_portraits_take_each_attribute_from_one_of_two(domain: Domain) -> None:
    plain = domain.draw(np.random.default_rng(1), 30, recombined=0.0)
    mixed = domain.draw(np.random.default_rng(1), 30, recombined=1.0)
    same = (plain.scalars == mixed.scalars).mean()
    assert 0.3 < same < 0.7


def test_avatars_are_drawn_from_the_numbers_that_their_weights_were_trained_on() -> None:
    """The embedded weights know exactly these numbers; whoever changes them must train anew."""
    numbers = domains.named("avatars").portraits.sample(300, 5).physical()
    assert numbers.shape == (300, 61)
    assert float(numbers.astype(np.float64).sum()) == pytest.approx(8051.962, abs=1e-2)
