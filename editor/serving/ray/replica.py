"""One replica of the Ray Serve deployment: a device of some node, with the bundles that were asked of it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ray import serve

from editor.api.errors import BadCheckpoint, EditorError, UnknownBundle
from editor.api.protocol import BundleInfo, PictureData, Request, Result
from editor.serving.executor import Device, EngineOptions, apply_limits

if TYPE_CHECKING:
    from editor.bundle.bundle import Bundle
    from editor.editing.engine import Engine
    from editor.editing.pictures import PictureCache

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """Progress of a job, as a ``Report`` takes it."""

    stage: str
    number: int
    total: int
    preview: PictureData | None


Answer = Step | Result | EditorError
"""What a replica streams during a job: its steps, then one result or one error."""


@dataclass(frozen=True)
class LoadedBundles:
    """What a replica that loaded all bundles found, and its device."""

    bundles: tuple[BundleInfo, ...]
    device: str


class Replica:
    """Loads bundles on demand, by model id (``model_ids``), and runs jobs on them."""

    def __init__(self, options: EngineOptions, max_bundles: int) -> None:
        apply_limits(options)
        self.options, self.device = options, Device(options.batch)
        self._trained_at: dict[str, int] = {}

        async def load(model: str) -> Bundle | EditorError:
            return await self.device.call(lambda: _load(model, options))

        self._load = serve.multiplexed(max_num_models_per_replica=max_bundles)(load)

    @cached_property
    def _pictures(self) -> PictureCache:
        from editor.editing.pictures import PictureCache

        return PictureCache()

    async def load_all(self, models: Sequence[str]) -> LoadedBundles:
        """Load all models and describe them. Raises BadCheckpoint if none is whole."""
        engine = await self._engine(models)
        return LoadedBundles(tuple(engine.bundles()), str(engine.device))

    async def run(self, request: Request, models: Sequence[str]) -> AsyncIterator[Answer]:
        """Run one job on the bundles it needs.

        When the caller stops listening, the job ends at its next step.
        """
        loop, steps, left = asyncio.get_running_loop(), asyncio.Queue[Step | None](), threading.Event()

        def report(*step: object) -> None:
            loop.call_soon_threadsafe(steps.put_nowait, Step(*step))  # type: ignore[arg-type]

        try:
            engine = await self._engine(models)
            work = asyncio.ensure_future(self.device.run(engine, request, report, left.is_set))
            work.add_done_callback(lambda _: steps.put_nowait(None))
            while (step := await steps.get()) is not None:
                yield step
            yield work.result()
        except EditorError as error:
            yield error
        finally:
            left.set()

    async def _engine(self, models: Sequence[str]) -> Engine:
        from editor.editing.engine import Engine

        found: dict[str, Bundle] = {}
        failed: dict[str, EditorError] = {}
        for model in models:
            loaded, name = await self._load(model), bundle_name(model)
            if isinstance(loaded, EditorError):
                failed[name] = loaded
            else:
                found[name] = self._with_new_mappers(loaded)
        if not found:
            raise next(iter(failed.values()), UnknownBundle("No model is installed."))
        device = next(iter(found.values())).bank.s_std.device
        engine = Engine(found, device, self.options.data, self.options.faces, self._pictures)
        engine.left_out = {name: str(error) for name, error in failed.items()}
        return engine

    def _with_new_mappers(self, bundle: Bundle) -> Bundle:
        """Add the mappers that other replicas have trained for the bundle since."""
        from editor.bundle import prompt_mappers

        data, name = self.options.data, bundle.info.name
        folder = prompt_mappers.own_folder(data, name) if data is not None else None
        trained_at = folder.stat().st_mtime_ns if folder is not None and folder.is_dir() else 0
        if folder is not None and trained_at != self._trained_at.get(name, 0):
            device = bundle.bank.s_std.device
            for trained in prompt_mappers.load_all((folder,), bundle.info.fingerprint, device):
                bundle.trained_mappers = prompt_mappers.with_one(bundle.trained_mappers, trained)
            self._trained_at[name] = trained_at
        return bundle


def model_ids(folders: Sequence[Path]) -> dict[str, str]:
    """Map bundle names to model ids.

    An id changes with the bundle's files, so that a changed bundle is another model.
    """
    from editor.bundle.manifest import file_hash, find_bundles

    return {
        folder.name: f"{folder.name}@{file_hash(folder / 'bundle.toml')[:16]}"
        for folder in find_bundles(folders)
    }


def bundle_name(model: str) -> str:
    """Return the bundle's name in a model id."""
    return model.rpartition("@")[0]


def _load(model: str, options: EngineOptions) -> Bundle | EditorError:
    from editor.bundle.loading import load_bundle
    from editor.bundle.manifest import find_bundles

    name = bundle_name(model)
    folder = next((folder for folder in find_bundles(options.folders) if folder.name == name), None)
    if folder is None:
        return UnknownBundle()
    try:
        return load_bundle(folder, options.device, options.data)
    except BadCheckpoint as error:
        log.error("the bundle '%s' is left out: %s", folder.name, error)
        return error
