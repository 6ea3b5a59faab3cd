"""The domain check: how well a picture is reproduced, and what is outside the domain."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip(
    "skia", reason="no drawing library here: patterns are drawn with the training's", exc_type=ImportError
)

from bot import samples
from editor.api.protocol import InvertRequest, InvertResult
from editor.bundle.bundle import Thresholds
from editor.editing.engine import Engine
from editor.imaging.encode import png
from editor.inversion.domain_check import Likeness, shared_outlines
from editor.lab.training import data
from editor.lab.training.manifest import patterns as make_patterns


def inside(engine: Engine, picture: bytes) -> bool:
    result = engine.run(InvertRequest(picture=picture, quality="draft"), lambda *_: None, lambda: False)
    assert isinstance(result, InvertResult)
    return result.inversion.fidelity.in_domain


def test_outlines_ignore_light_and_plain_pictures_share_none() -> None:
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) - 0.5
    others = torch.cat(
        [picture, 0.5 * picture + 0.3, -picture, torch.full_like(picture, 0.2), picture.flip(3)]
    )
    found = shared_outlines(picture.expand_as(others), others).tolist()
    assert found == pytest.approx([1, 1, -1, 0, found[4]], abs=1e-4)
    assert abs(found[4]) < 0.3


@pytest.mark.parametrize("changes", [{"psnr": 9.0}, {"similarity": 0.1}, {"outlines": 0.1}])
def test_one_poor_measure_is_enough(changes: dict[str, float]) -> None:
    limits = Thresholds(
        standard_gain=1.0, shown=0.0, domain_similarity=0.5, domain_psnr=15.0, domain_outlines=0.4
    )
    good = {"psnr": 20.0, "similarity": 0.8, "outlines": 0.7}
    assert Likeness(**good).within(limits)
    assert not Likeness(**good | changes).within(limits)


def test_meaningless_patterns_are_outside_the_domain() -> None:
    engine = Engine.load([], "cpu")
    patterns = data.to_pictures(make_patterns(10, seed=91))
    assert not any(inside(engine, png(pixels).data) for pixels in patterns)
    assert all(inside(engine, samples.path_of(number).read_bytes()) for number in (1, 8, 15))
