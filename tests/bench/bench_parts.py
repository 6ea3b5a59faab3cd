"""Benchmarks of small parts: ``python -m pytest tests/bench/bench_parts.py``. Not run by ``make test``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from editor.api.protocol import InvertRequest, Job
from editor.imaging.encode import png
from editor.networks.stylegan2 import GeneratorConfig, Synthesis
from editor.serving.queue import FairQueue
from tests.conftest import make_png

Benchmark = Callable[..., Any]


@pytest.mark.parametrize("batch", [1, 4])
def test_synthesis(benchmark: Benchmark, batch: int) -> None:
    made = Synthesis(GeneratorConfig(resolution=128)).eval().requires_grad_(False)
    with torch.no_grad():
        styles = made.styles(torch.randn(batch, 128))
        assert benchmark(made, styles).shape == (batch, 3, 128, 128)


def test_a_job_through_the_queue_past_a_thousand_users(benchmark: Benchmark) -> None:
    queue = FairQueue()
    for number in range(1000):
        queue.push(f"user{number}", f"job{number}")

    def through() -> int:
        queue.push("late", "late")
        place = queue.position("late")
        queue.remove("late")
        return place

    assert benchmark(through) == 1000


def test_a_job_from_the_wire(benchmark: Benchmark) -> None:
    body = Job(user="ann", request=InvertRequest(picture=make_png(1024, 1024))).model_dump_json()
    assert benchmark(Job.model_validate_json, body).user == "ann"


def test_encoding_a_result(benchmark: Benchmark) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    assert benchmark(png, pixels).width == 512
