"""Batches of drawings, made ahead of training by other processes, each used several times.

Drawing limits the speed of training: a picture takes milliseconds of a core. The content of a batch depends
only on the run's seed and the batch's number. It is the same for any number of processes, and after an
interruption.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from editor.lab.training.run import Run

Batch = TypeVar("Batch")
BLOCK = 64
"""Batches that are reused before the next ones are drawn."""
AHEAD = 6
"""Batches that each process may be ahead."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class NumberedDataset(Dataset[Any]):
    """Items that are made from their number."""

    make: Callable[[int], Any]

    def __getitem__(self, number: int) -> Any:
        return self.make(number)


def supply(
    run: Run, options: SimpleNamespace, draw: Callable[..., Batch], **settings: Any
) -> Iterator[Batch]:
    """Yield batches of ``draw(rng, domain=..., count=..., **settings)`` without end."""
    make = partial(draw, domain=run.domain.name, count=options.batch, **settings)
    return batches(run, make, options.workers, options.reuse)


def batches(
    run: Run, make: Callable[[np.random.Generator], Batch], workers: int = 0, reuse: int = 1
) -> Iterator[Batch]:
    """Yield the run's batches from its current step on, on its device, without end.

    Each block of batches is used ``reuse`` times: first in the order in which they are drawn, then shuffled.
    With ``workers``, ``make`` must be picklable.
    """
    block, place = divmod(run.step, BLOCK * reuse)
    first = run.step if reuse == 1 else block * BLOCK
    drawn = (
        on(run.device, batch)
        for batch in each(partial(_seeded, make=make, seed=run.seed), itertools.count(first), workers)
    )
    if reuse == 1:
        yield from drawn
    held: list[Batch] = []
    while True:
        while place < BLOCK * reuse:
            number = _order(run.seed, block, place // BLOCK)[place % BLOCK]
            while len(held) <= number:
                held.append(next(drawn))
            yield held[number]
            place += 1
        held, block, place = [], block + 1, 0


def _seeded(number: int, make: Callable[[np.random.Generator], Any], seed: int) -> Any:
    return make(np.random.default_rng((seed, 0, number)))


def _order(seed: int, block: int, time: int) -> list[int]:
    """Return the order of a block when it is used for the ``time``-th time."""
    if time == 0:
        return list(range(BLOCK))
    return [int(number) for number in np.random.default_rng((seed, 9, block, time)).permutation(BLOCK)]


def each(make: Callable[[int], Batch], numbers: Iterable[int], workers: int = 0) -> Iterator[Batch]:
    """Yield ``make(number)`` in order, made by ``workers`` other processes if there are any."""
    if workers == 0:
        return map(make, numbers)
    loader = DataLoader(
        NumberedDataset(make),
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        prefetch_factor=AHEAD,
        multiprocessing_context="spawn",
    )
    return iter(loader)


def on(device: torch.device, batch: Any) -> Any:
    """Move a tensor, or the tensors of a dataclass of them, to a device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=device.type != "cpu")
    if is_dataclass(batch) and not isinstance(batch, type):
        return type(batch)(**{field.name: on(device, getattr(batch, field.name)) for field in fields(batch)})
    if isinstance(batch, dict):
        return {name: on(device, part) for name, part in batch.items()}
    return batch
