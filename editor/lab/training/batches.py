"""Batches of drawings, made ahead of the training loop by processes of their own, and each used several times.

Drawing is what training waits for: a picture takes milliseconds of one core. What a batch holds depends on the run's
seed and the batch's number alone, so it is the same however many processes draw, and a resumed run goes on as an
uninterrupted one would have.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from editor.lab.training.run import Run

Batch = TypeVar("Batch")
BLOCK = 64
"""Batches that are used again and again before the next ones are."""
AHEAD = 6
"""Batches that each process may be ahead."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Source(Dataset[Any]):
    """Things by their number."""

    make: Callable[[int], Any]

    def __getitem__(self, number: int) -> Any:
        return self.make(number)


def _seeded(number: int, make: Callable[[np.random.Generator], Any], seed: int) -> Any:
    return make(np.random.default_rng((seed, 0, number)))


def batches(
    run: Run, make: Callable[[np.random.Generator], Batch], workers: int = 0, reuse: int = 1
) -> Iterator[Batch]:
    """The run's batches from its present step on, on its device, without end.

    ``make`` must be picklable where there are ``workers``. With a ``reuse`` of R, blocks of batches are gone through R
    times, the first time as they are drawn and then in another order each time.
    """
    block, place = divmod(run.step, BLOCK * reuse)
    held: list[Batch] = []
    drawn = _drawn(run, make, workers, first=run.step if reuse == 1 else block * BLOCK)
    if reuse == 1:
        yield from drawn
    while True:
        while place < BLOCK * reuse:
            number = _order(run.seed, block, place // BLOCK)[place % BLOCK]
            while len(held) <= number:
                held.append(next(drawn))
            yield held[number]
            place += 1
        held, block, place = [], block + 1, 0


def _order(seed: int, block: int, time: int) -> list[int]:
    """The order in which a block is gone through for the ``time``-th time."""
    order = (
        np.arange(BLOCK) if time == 0 else np.random.default_rng((seed, 9, block, time)).permutation(BLOCK)
    )
    return [int(number) for number in order]


def _drawn(
    run: Run, make: Callable[[np.random.Generator], Batch], workers: int, first: int
) -> Iterator[Batch]:
    numbered = partial(_seeded, make=make, seed=run.seed)
    return (on(run.device, batch) for batch in _made(numbered, itertools.count(first), workers))


def each(make: Callable[[int], Batch], count: int, workers: int = 0) -> Iterator[Batch]:
    """``make(0)`` to ``make(count - 1)``, in order, made by other processes where there are ``workers``."""
    return _made(make, range(count), workers)


def _made(make: Callable[[int], Batch], numbers: Iterable[int], workers: int) -> Iterator[Batch]:
    if workers == 0:
        return (make(number) for number in numbers)
    return iter(
        DataLoader(
            Source(make),
            batch_size=None,
            sampler=numbers,
            num_workers=workers,
            prefetch_factor=AHEAD,
            multiprocessing_context="spawn",
            worker_init_fn=_one_thread,
            collate_fn=_as_it_is,
        )
    )


def _one_thread(number: int) -> None:
    torch.set_num_threads(1)


def _as_it_is(batch: Batch) -> Batch:
    return batch


def on(device: torch.device, batch: Any) -> Any:
    """A batch with its tensors on a device: a tensor, or a dataclass, tuple or dictionary of them."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=device.type != "cpu")
    if is_dataclass(batch) and not isinstance(batch, type):
        return type(batch)(**{field.name: on(device, getattr(batch, field.name)) for field in fields(batch)})
    if isinstance(batch, dict):
        return {name: on(device, part) for name, part in batch.items()}
    return tuple(on(device, part) for part in batch) if isinstance(batch, tuple) else batch
