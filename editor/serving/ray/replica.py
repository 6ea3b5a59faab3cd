"""One replica: a device of some node with the bundles that it was asked for, behind Ray Serve."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ray import serve

from editor.api.errors import BadCheckpoint, EditorError, UnknownBundle
from editor.api.protocol import BundleInfo, PictureData, Request, Result
from editor.serving.executor import Device
from editor.serving.ray.settings import Engines

if TYPE_CHECKING:
    from editor.bundle.bundle import Bundle
    from editor.editing.engine import Engine

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """Progress of a job, as ``Report`` hears of it."""

    stage: str
    number: int
    total: int
    preview: PictureData | None


Answer = Step | Result | EditorError
"""What a replica streams of a job: its steps, then one result or one error."""


@dataclass(frozen=True)
class Survey:
    """What can be edited, as a replica that loaded all of it found."""

    bundles: tuple[BundleInfo, ...]
    device: str


class Replica:
    """Loads bundles as they are asked for, by model id (``catalogue``), and runs jobs on them."""

    def __init__(self, engines: Engines, models: int) -> None:
        self.engines, self.device = engines, Device(engines.batch)
        self._stamps: dict[str, int] = {}

        async def load(model: str) -> Bundle | EditorError:
            return await self.device.call(lambda: _read(model, engines))

        self._load = serve.multiplexed(max_num_models_per_replica=models)(load)

    async def survey(self, models: Sequence[str]) -> Survey:
        """Load all of them, and tell what there is. Raises BadCheckpoint where none is whole."""
        engine = await self._engine(models)
        return Survey(tuple(engine.bundles()), str(engine.device))

    async def run(self, request: Request, models: Sequence[str]) -> AsyncIterator[Answer]:
        """One job on the bundles it needs. When nobody listens any more, the job ends at its next step."""
        loop, news, left = asyncio.get_running_loop(), asyncio.Queue[Step | None](), threading.Event()

        def report(*step: object) -> None:
            loop.call_soon_threadsafe(news.put_nowait, Step(*step))  # type: ignore[arg-type]

        try:
            engine = await self._engine(models)
            work = asyncio.ensure_future(self.device.run(engine, request, report, left.is_set))
            work.add_done_callback(lambda _: news.put_nowait(None))
            while (step := await news.get()) is not None:
                yield step
            yield work.result()
        except EditorError as error:
            yield error
        finally:
            left.set()

    async def _engine(self, models: Sequence[str]) -> Engine:
        from editor.editing.engine import Engine
        from editor.imaging.faces import FaceFinder

        found, trouble = {}, {}
        for model in models:
            loaded, name = await self._load(model), name_of(model)
            if isinstance(loaded, EditorError):
                trouble[name] = loaded
            else:
                found[name] = self._current(loaded)
        if not found:
            raise next(iter(trouble.values()), UnknownBundle("No model is installed."))
        engine = Engine(found, next(iter(found.values())).bank.s_std.device, self.engines.data)
        engine.left_out = {name: str(error) for name, error in trouble.items()}
        engine.faces = FaceFinder(self.engines.faces) if self.engines.faces is not None else None
        return engine

    def _current(self, bundle: Bundle) -> Bundle:
        """The bundle with the mappers that any replica has trained for it by now."""
        from editor.bundle import prompt_mappers

        data, name = self.engines.data, bundle.info.name
        folder = prompt_mappers.own_folder(data, name) if data is not None else None
        stamp = folder.stat().st_mtime_ns if folder is not None and folder.is_dir() else 0
        if folder is not None and stamp != self._stamps.get(name, 0):
            for trained in prompt_mappers.load_all(
                (folder,), bundle.info.fingerprint, bundle.bank.s_std.device
            ):
                bundle.trained_mappers = prompt_mappers.with_one(bundle.trained_mappers, trained)
            self._stamps[name] = stamp
        return bundle


def catalogue(folders: Sequence[Path]) -> dict[str, str]:
    """Model ids by bundle name. An id changes with the files, so that a bundle read anew is another model."""
    from editor.bundle.manifest import file_hash, find_bundles

    return {
        folder.name: f"{folder.name}@{file_hash(folder / 'bundle.toml')[:16]}"
        for folder in find_bundles(folders)
    }


def name_of(model: str) -> str:
    """The bundle's name in a model id."""
    return model.rpartition("@")[0]


def _read(model: str, engines: Engines) -> Bundle | EditorError:
    from editor.bundle.loading import load_bundle
    from editor.bundle.manifest import find_bundles

    folder = next((folder for folder in find_bundles(engines.folders) if folder.name == name_of(model)), None)
    if folder is None:
        return UnknownBundle()
    try:
        return load_bundle(folder, engines.device, engines.data)
    except BadCheckpoint as error:
        log.error("the bundle '%s' is left out: %s", folder.name, error)
        return error
