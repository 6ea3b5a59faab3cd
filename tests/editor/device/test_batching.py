"""Batches of several jobs: which rows share one, cancelling, and running out of memory."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from editor.api.errors import Cancelled
from editor.api.protocol import (
    BundleInfo,
    Change,
    EditRequest,
    EditResult,
    Fidelity,
    Geometry,
    Inversion,
    InvertResult,
    Latent,
)
from editor.device.batching import draw, off_device
from editor.editing.engine import Engine
from editor.networks.stylegan2 import GeneratorConfig, Synthesis
from editor.serving.executor import Device, LocalExecutor
from editor.serving.priorities import Priority


class Counting(nn.Module):
    """A synthesis that tells how many rows it was given each time, and has memory for so many."""

    def __init__(self, most: int = 100, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        config = GeneratorConfig(resolution=16, z_dim=8, w_dim=8, channel_base=128, channel_max=8)
        self.inner, self.most, self.asked = Synthesis(config).requires_grad_(False), most, []  # type: ignore[var-annotated]

    def forward(self, styles: Tensor, resolution: int | None = None, **rest: Any) -> Tensor:
        self.asked.append(len(styles))
        if len(styles) > self.most:
            raise torch.OutOfMemoryError("no room")
        made: Tensor = self.inner(styles, resolution, **rest)
        return made

    def styles(self, seed: int, count: int = 1) -> Tensor:
        return 1 + torch.randn(count, self.inner.num_channels, generator=torch.Generator().manual_seed(seed))


def request(name: str) -> EditRequest:
    latent = Latent(bundle=name, fingerprint="f", w={"dtype": "float32", "shape": [0], "data": ""})  # type: ignore[arg-type]
    place = Geometry(center_x=1, center_y=1, side=1, width=2, height=2)
    return EditRequest(
        picture=b"",
        inversion=Inversion(
            latent=latent, geometry=place, fidelity=Fidelity(psnr=1, similarity=1, in_domain=True)
        ),
    )


class Draws:
    """An engine whose jobs draw by the name in their request; none begins before all have arrived."""

    device = "cpu"

    def __init__(self, works: dict[str, Callable[[], Any]], gated: bool = True) -> None:
        self.works, self.gate = works, threading.Event()
        if not gated:
            self.gate.set()

    def bundles(self) -> list[BundleInfo]:
        return []

    @torch.no_grad()
    def run(self, request: Any, report: Callable[..., None], cancelled: Callable[[], bool]) -> Any:
        assert self.gate.wait(10)
        made = self.works[request.inversion.latent.bundle]()
        report("render", 0, 1, None)
        if cancelled():
            raise Cancelled
        return made


async def together(
    works: dict[str, Callable[[], Any]], batch: int, cancelled: set[str] = frozenset()
) -> dict[str, Any]:  # type: ignore[assignment]
    """All of them begun in this order before the first may draw; what each returned or raised."""
    device, engine = Device(batch), Draws(works)

    async def job(name: str) -> Any:
        return await device.run(engine, request(name), lambda *_: None, lambda: name in cancelled)  # type: ignore[arg-type]

    tasks = {}
    for number, name in enumerate(works):
        tasks[name] = asyncio.create_task(job(name))
        deadline = time.monotonic() + 10
        while len(device._scheduler._waiting) < number:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.002)
    engine.gate.set()
    found = await asyncio.gather(*tasks.values(), return_exceptions=True)
    await device.stop()
    return dict(zip(tasks, found, strict=True))


def drawing(
    synthesis: Counting, seed: int, count: int = 1, resolution: int | None = None
) -> Callable[[], Tensor]:
    return lambda: draw(synthesis, synthesis.styles(seed, count), resolution)


async def test_waiting_jobs_are_drawn_in_one_batch_and_get_their_own_pictures() -> None:
    synthesis = Counting()
    made = await together({str(seed): drawing(synthesis, seed) for seed in range(5)}, batch=8)
    assert synthesis.asked == [5]
    for seed in range(5):
        assert torch.allclose(made[str(seed)], synthesis.inner(synthesis.styles(seed)), atol=1e-5)


async def test_a_batch_has_a_limit_and_takes_the_oldest_first() -> None:
    synthesis = Counting()
    made = await together({str(seed): drawing(synthesis, seed, 2) for seed in range(5)}, batch=4)
    assert synthesis.asked == [4, 4, 2]
    assert all(len(pictures) == 2 for pictures in made.values())


async def test_without_batching_every_job_is_drawn_alone() -> None:
    synthesis = Counting()
    made = await together({str(seed): drawing(synthesis, seed) for seed in range(3)}, batch=1)
    assert synthesis.asked == [1, 1, 1]
    assert all(torch.equal(made[str(seed)], synthesis.inner(synthesis.styles(seed))) for seed in range(3))


async def test_a_batch_has_one_size_and_one_generator() -> None:
    one, other = Counting(), Counting(seed=1)
    works = {
        "a": drawing(one, 0),
        "b": drawing(other, 1),
        "c": drawing(one, 2, resolution=8),
        "d": drawing(one, 3),
    }
    made = await together(works, batch=8)
    assert sorted(one.asked) == [1, 2]
    assert other.asked == [1]
    assert made["c"].shape[-1] == 8


async def test_a_cancelled_job_leaves_the_batch() -> None:
    synthesis = Counting()
    made = await together(
        {str(seed): drawing(synthesis, seed) for seed in range(4)}, batch=8, cancelled={"2"}
    )
    assert synthesis.asked == [3]
    assert isinstance(made["2"], Cancelled)


async def test_out_of_memory_halves_the_batch_for_good() -> None:
    synthesis = Counting(most=2)
    made = await together({str(seed): drawing(synthesis, seed) for seed in range(5)}, batch=4)
    assert synthesis.asked == [4, 2, 2, 1]
    assert all(isinstance(pictures, Tensor) for pictures in made.values())


async def test_a_job_that_never_fits_fails_alone() -> None:
    synthesis = Counting(most=1)
    works = {
        "small": drawing(synthesis, 0),
        "large": drawing(synthesis, 1, 2),
        "other": drawing(synthesis, 2),
    }
    made = await together(works, batch=8)
    assert isinstance(made["large"], torch.OutOfMemoryError)
    assert isinstance(made["small"], Tensor)
    assert isinstance(made["other"], Tensor)


async def test_searches_with_gradients_are_drawn_alone() -> None:
    synthesis = Counting()

    def search() -> Tensor:
        with torch.enable_grad():
            styles = synthesis.styles(0).requires_grad_()
            draw(synthesis, styles).square().mean().backward()
            assert styles.grad is not None
            return styles.grad

    made = await together({"search": search, "a": drawing(synthesis, 1), "b": drawing(synthesis, 2)}, batch=8)
    assert sorted(synthesis.asked) == [1, 2]
    assert float(made["search"].abs().max()) > 0


async def test_cpu_work_releases_a_separate_device() -> None:
    met = threading.Barrier(2, timeout=10)

    def apart() -> str:
        with off_device():
            met.wait()  # both are here at the same time, or the barrier breaks
        return "met"

    assert await together({"a": apart, "b": apart}, batch=2) == {"a": "met", "b": "met"}


async def test_cpu_work_keeps_the_device_without_batching() -> None:
    inside, most = [], []

    def apart() -> None:
        with off_device():
            inside.append(1)
            time.sleep(0.02)
            most.append(len(inside))
            inside.pop()

    await together(dict.fromkeys("abc", apart), batch=1)
    assert max(most) == 1


def test_parallel_jobs_depend_on_batch_and_device() -> None:
    assert [Device().slots(priority, "cpu") for priority in Priority] == [1, 1, 1, 1]
    assert Device(4).slots(Priority.RENDERS, "cpu") == 4
    assert Device().slots(Priority.EDITS, "cuda:0") == 8
    assert Device(16).slots(Priority.EDITS, "cuda") == 16
    assert Device(16).slots(Priority.SEARCHES, "cuda") == 1


async def test_batched_edits_equal_edits_drawn_alone(
    avatars: Engine, sample: Callable[[int], InvertResult]
) -> None:
    """Real jobs in batches: pictures may differ by a level of 255 from those drawn alone."""
    from bot import samples
    from editor.imaging.decode import decode

    found = {number: sample(number) for number in (1, 2, 3)}
    asked = []
    for number, inverted in found.items():
        start = EditRequest(picture=samples.path_of(number).read_bytes(), inversion=inverted.inversion)
        edited = avatars.run(
            start.model_copy(update={"changes": (Change(prompt="glasses"),)}), lambda *_: None, lambda: False
        )
        assert isinstance(edited, EditResult)
        asked += [start.model_copy(update={"adjustments": edited.adjustments}), start]

    async def all_of(batch: int) -> list[EditResult]:
        executor = LocalExecutor(lambda: avatars, batch)
        await executor.start()
        made = await asyncio.gather(*[executor.run(one, lambda *_: None, lambda: False) for one in asked])
        await executor.stop()
        return made  # type: ignore[return-value]

    alone, shared = await all_of(1), await all_of(4)
    for one, other, edit in zip(alone, shared, asked, strict=True):
        a, b = (decode(result.picture.data).pixels.astype(int) for result in (one, other))
        assert abs(a - b).max() <= 1
        if not edit.adjustments:
            assert one.picture == other.picture, "undone is undone, to the bit"
