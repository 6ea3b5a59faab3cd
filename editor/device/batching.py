"""Batching across jobs, for devices that draw many pictures in little more time than one.

A job that is about to draw goes to the back of the scheduler's queue, so that other jobs reach their own
pictures too. The first job that gets the device back draws the pictures of all of them in one batch. Nothing
waits for a timer: a job that is alone continues at once. A row of a batch may differ in the last bit from the
same row drawn alone, which is why batching is a setting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from editor.api.errors import Cancelled
from editor.device.scheduler import DeviceScheduler, DeviceTask
from editor.networks.stylespace import PreviewCallback


@dataclass(eq=False)
class DrawRequest:
    """The styles [N, C] that one job wants drawn, at full resolution or a smaller one."""

    synthesis: nn.Module
    styles: Tensor
    resolution: int | None
    cancelled: Callable[[], bool]
    pictures: Tensor | None = None
    error: Exception | None = None

    def fits(self, other: DrawRequest) -> bool:
        """Return whether both requests can share a batch."""
        return self.synthesis is other.synthesis and self.resolution == other.resolution


class Batcher:
    """Gathers the rows of all jobs at one device. Only the job that holds the device may touch it."""

    def __init__(self, scheduler: DeviceScheduler, max_rows: int = 1) -> None:
        """``max_rows``: rows of a batch; 1 draws the pictures of each job alone."""
        self.scheduler, self.max_rows = scheduler, max_rows
        self._waiting: list[DrawRequest] = []

    def draw(self, task: DeviceTask, request: DrawRequest, preview: PreviewCallback | None = None) -> Tensor:
        """Draw pictures [N, 3, R, R], or wait until another job has. Raises what drawing raised."""
        self._waiting.append(request)
        self.scheduler.requeue(task)
        if request.pictures is None and request.error is None:
            self._draw(self._gather(request), preview)
        if request.error is not None:
            raise request.error
        assert request.pictures is not None
        return request.pictures

    def _gather(self, first: DrawRequest) -> list[DrawRequest]:
        """Take the oldest requests that fit into a batch with ``first``; cancelled jobs remove their own."""
        self._waiting.remove(first)
        if first.cancelled():
            raise Cancelled()
        group, room = [first], self.max_rows - len(first.styles)
        for request in [other for other in self._waiting if other.fits(first) and not other.cancelled()]:
            if len(request.styles) <= room:
                room -= len(request.styles)
                group.append(request)
                self._waiting.remove(request)
        return group

    def _draw(self, group: list[DrawRequest], preview: PreviewCallback | None = None) -> None:
        """Draw one batch. Halve a batch that fails, until each failing request fails alone.

        After running out of memory, later batches are smaller.
        """
        alone = len(group) == 1
        try:
            styles = torch.cat([request.styles for request in group])
            pictures = group[0].synthesis(styles, group[0].resolution, preview=preview if alone else None)
        except Exception as error:
            if alone:
                group[0].error = error
                return
            if isinstance(error, torch.OutOfMemoryError):
                self.max_rows = max(1, min(self.max_rows, len(styles) // 2))
        else:
            rows = pictures.split([len(request.styles) for request in group])
            for request, made in zip(group, rows, strict=True):
                request.pictures = made
            return
        # outside the except clause: the error's traceback keeps the tensors of the failed batch alive
        for half in (group[: len(group) // 2], group[len(group) // 2 :]):
            self._draw(half)


@dataclass(frozen=True)
class DeviceJob:
    """The job that runs on the current thread.

    ``releases_device``: CPU work lets other jobs use the device.
    """

    batcher: Batcher
    task: DeviceTask
    cancelled: Callable[[], bool]
    releases_device: bool


_CURRENT_JOB: ContextVar[DeviceJob | None] = ContextVar("current_job", default=None)


@contextmanager
def running(job: DeviceJob) -> Iterator[None]:
    """Make ``job`` the job of this thread for the length of the block."""
    token = _CURRENT_JOB.set(job)
    try:
        yield
    finally:
        _CURRENT_JOB.reset(token)


def draw(
    synthesis: nn.Module,
    styles: Tensor,
    resolution: int | None = None,
    checkpoint: bool = False,
    preview: PreviewCallback | None = None,
) -> Tensor:
    """Draw styles [N, C] as pictures [N, 3, R, R], in a batch with those of other jobs if possible.

    Pictures that need gradients, and those drawn outside a job, are drawn alone.

    Args:
        resolution: Side of the pictures; the generator's own when None.
        checkpoint: Draw layers again in the backward pass instead of keeping their activations.
        preview: Receives a smaller version before a picture that is drawn alone is done.
    """
    job = _CURRENT_JOB.get()
    if job is None or len(styles) >= job.batcher.max_rows or torch.is_grad_enabled():
        pictures: Tensor = synthesis(styles, resolution, checkpoint=checkpoint, preview=preview)
        return pictures
    return job.batcher.draw(job.task, DrawRequest(synthesis, styles, resolution, job.cancelled), preview)


@contextmanager
def off_device() -> Iterator[None]:
    """Mark the block as CPU work, so that other jobs may use a separate device meanwhile."""
    job = _CURRENT_JOB.get()
    if job is None or not job.releases_device:
        yield
        return
    with job.batcher.scheduler.released(job.task):
        yield
