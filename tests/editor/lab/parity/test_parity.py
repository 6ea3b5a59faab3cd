"""Our networks against results of the published code, on the same random weights."""

from __future__ import annotations

import json

import pytest
import torch

from editor.__main__ import main
from editor.lab.parity import vectors
from editor.lab.parity.cases import CASES, REPOSITORIES, by_name
from editor.lab.parity.comparison import Compared, Difference, compare, difference

QUICK = (
    "ada, skip, 32 px, narrow",
    "ada, resnet, 32 px, narrow, labels",
    "ada, orig, 32 px, narrow",
    "stylegan3's StyleGAN2, 64 px",
    "StyleGAN3-T, 32 px, narrow",
    "StyleGAN3-R, 32 px, narrow, labels",
    "first StyleGAN2 (TensorFlow), 64 px, read by stylegan3",
    "first StyleGAN2 (TensorFlow), resnet, read by stylegan3",
    "rosinality, 16 px",
    "mapper, three levels",
    "CLIP, two layers",
    "CLIP, two layers, half precision",
    "loss of the optimizer, 64 px, as published",
)
SLOW = tuple(case.name for case in CASES if case.name not in QUICK and not case.large)


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_ours_gives_what_the_published_code_gave(name: str) -> None:
    found = compare(by_name(name))
    assert found.differences
    assert found.fits, str(found)


def test_every_case_is_stored_in_little_space() -> None:
    assert vectors.names() == [case.name for case in CASES]
    assert sum(path.stat().st_size for path in vectors.FOLDER.iterdir()) < 500_000


def test_another_answer_is_seen() -> None:
    numbers = torch.tensor([1.0, float("nan"), -3.0])
    assert difference(numbers, numbers) == Difference(0.0, 3.0)
    assert difference(numbers + 0.5, numbers).most == 0.5
    assert difference(torch.zeros(3), numbers).most == float("inf")
    case = by_name("rosinality, 16 px")
    assert Compared(case, {"W": Difference(9e-5, 1), "image": Difference(9e-4, 1)}).fits
    assert not Compared(case, {"W": Difference(2e-4, 1)}).fits
    assert not Compared(case, {"image": Difference(2e-3, 1)}).fits


def test_the_table_without_the_published_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parity", "--only", "rosinality, 16"]) == 0
    assert "ok    rosinality, 16 px  W " in capsys.readouterr().out
    assert main(["parity", "--only", "rosinality, 16", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["cases"]
    assert found["repository"] == "stylegan2-pytorch"
    assert {"W", "S", "image"} <= set(found["differences"])


def test_every_case_names_a_known_repository_and_maker() -> None:
    assert {case.repository for case in CASES} == set(REPOSITORIES)
    assert len({case.name for case in CASES}) == len(CASES)
