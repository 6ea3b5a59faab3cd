"""Batches are the same for any number of processes and after an interruption, and are reused in blocks."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import torch

from editor.lab.training.batches import BLOCK, batches, each
from editor.lab.training.run import Run


def numbers(rng: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(rng.integers(1 << 40, size=3))


def square(number: int) -> int:
    return number * number


def taken(run: Run, count: int, workers: int = 0, reuse: int = 1) -> list[list[int]]:
    supply = batches(run, numbers, workers, reuse)
    return [batch.tolist() for batch in itertools.islice(supply, count)]


def test_other_processes_draw_the_same_in_the_same_order(tmp_path: Path) -> None:
    run = Run(tmp_path, 1, seed=3)
    alone = taken(run, 7)
    assert alone == taken(run, 7, workers=2)
    assert len({tuple(batch) for batch in alone}) == 7
    assert list(each(square, range(5), workers=2)) == [0, 1, 4, 9, 16]


def test_each_batch_is_reused_in_another_order(tmp_path: Path) -> None:
    found = taken(Run(tmp_path, 1, seed=3), 2 * BLOCK + 1, reuse=2)
    first, second = found[:BLOCK], found[BLOCK : 2 * BLOCK]
    assert first == taken(Run(tmp_path, 1, seed=3), BLOCK)
    assert sorted(first) == sorted(second)
    assert first != second
    assert found[-1] not in first, "then come new ones"


def test_a_resumed_run_sees_the_same_batches(tmp_path: Path) -> None:
    for reuse in (1, 2):
        whole = taken(Run(tmp_path, 1, seed=3), BLOCK + 20, reuse=reuse)
        later = Run(tmp_path, 1, seed=3, step=BLOCK + 9)
        assert taken(later, 11, reuse=reuse) == whole[BLOCK + 9 :]
