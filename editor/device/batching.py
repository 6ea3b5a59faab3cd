"""Pictures of several jobs drawn in one go, where a device draws many in little more time than one.

A job that is about to draw lines up behind all others that are ready to go on. So they come to their own pictures too, and
whoever is first at the device again draws those of all of them, as rows of one batch. Nothing waits for a clock: a job that is
alone goes on at once. Rows of a batch may differ in the last bit from the same rows drawn alone; that is why it is a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from editor.api.errors import Cancelled
from editor.device.scheduler import Turn, Turns
from editor.networks.stylespace import PreviewCallback


@dataclass(eq=False)
class Rows:
    """What one job wants drawn: styles [N, C] by a synthesis, at its full resolution or a smaller one."""

    synthesis: nn.Module
    styles: Tensor
    resolution: int | None
    cancelled: Callable[[], bool]
    pictures: Tensor | None = None
    error: Exception | None = None

    @property
    def over(self) -> bool:
        """Somebody has drawn them, or tried to."""
        return self.pictures is not None or self.error is not None

    def fits(self, other: Rows) -> bool:
        """Whether both can be rows of one batch."""
        return self.synthesis is other.synthesis and self.resolution == other.resolution


class Batcher:
    """Gathers rows of the jobs that take turns at one device. Only the holder of the turn touches it."""

    def __init__(self, turns: Turns, most: int = 1) -> None:
        self.turns, self.most = turns, most
        """``most``: rows of a batch; 1 draws every job's alone."""
        self._waiting: list[Rows] = []

    def draw(self, turn: Turn, rows: Rows, seen: PreviewCallback | None = None) -> Tensor:
        """Rows -> pictures [N, 3, R, R], by this job or by another one that was first. Raises Cancelled, and what drawing them
        raises."""
        self._waiting.append(rows)
        self.turns.line_up(turn)
        if not rows.over:
            self._draw(self._gathered(rows), seen)
        if rows.error is not None:
            raise rows.error
        assert rows.pictures is not None
        return rows.pictures

    def _gathered(self, first: Rows) -> list[Rows]:
        """These and whatever fits beside them, the oldest first; what is no longer wanted is left to its own job."""
        self._waiting.remove(first)
        if first.cancelled():
            raise Cancelled()
        group, room = [first], self.most - len(first.styles)
        for rows in [rows for rows in self._waiting if rows.fits(first) and not rows.cancelled()]:
            if len(rows.styles) <= room:
                room -= len(rows.styles)
                group.append(rows)
                self._waiting.remove(rows)
        return group

    def _draw(self, group: list[Rows], seen: PreviewCallback | None = None) -> None:
        """One batch; where it fails, each half of it, until what fails fails alone. What memory had no room for once is not
        tried again."""
        alone = len(group) == 1
        try:
            styles = torch.cat([rows.styles for rows in group])
            pictures = group[0].synthesis(styles, group[0].resolution, preview=seen if alone else None)
        except Exception as error:
            if alone:
                group[0].error = error
                return
            if isinstance(error, torch.OutOfMemoryError):
                self.most = max(1, min(self.most, len(styles) // 2))
        else:
            for rows, made in zip(group, pictures.split([len(rows.styles) for rows in group]), strict=True):
                rows.pictures = made
            return
        # after the except clause: until its end the error keeps alive what took the memory
        for half in (group[: len(group) // 2], group[len(group) // 2 :]):
            self._draw(half)


@dataclass(frozen=True)
class Seat:
    """A job's place at the device, for whatever draws on its thread. ``apart``: work of the processor lets go of the device."""

    batcher: Batcher
    turn: Turn
    cancelled: Callable[[], bool]
    apart: bool


_SEAT: ContextVar[Seat | None] = ContextVar("seat", default=None)


@contextmanager
def seated(seat: Seat) -> Iterator[None]:
    """The job of this thread, for the length of the block."""
    token = _SEAT.set(seat)
    try:
        yield
    finally:
        _SEAT.reset(token)


def draw(
    synthesis: nn.Module,
    styles: Tensor,
    resolution: int | None = None,
    checkpoint: bool = False,
    seen: PreviewCallback | None = None,
) -> Tensor:
    """Styles [N, C] -> pictures [N, 3, R, R], together with other jobs' where this is a job's thread and they fit in a batch;
    those that need gradients, alone. ``checkpoint``, ``seen``: as ``Synthesis`` has them; only what is drawn alone is seen."""
    seat = _SEAT.get()
    if seat is None or len(styles) >= seat.batcher.most or torch.is_grad_enabled():
        made: Tensor = synthesis(styles, resolution, checkpoint=checkpoint, preview=seen)
        return made
    return seat.batcher.draw(seat.turn, Rows(synthesis, styles, resolution, seat.cancelled), seen)


@contextmanager
def off_device() -> Iterator[None]:
    """The block is the processor's work; on a device of its own others may go on there meanwhile."""
    seat = _SEAT.get()
    if seat is None or not seat.apart:
        yield
        return
    with seat.batcher.turns.left(seat.turn):
        yield
