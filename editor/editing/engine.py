"""The engine: requests in, results out, on one device. Stateless but for caches of what it was told."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import (
    BadCheckpoint,
    BadRequest,
    Cancelled,
    EditorError,
    OutOfMemory,
    UnknownBundle,
    WrongBundle,
)
from editor.api.protocol import (
    VARIATION_STRENGTH,
    Adjustment,
    BundleInfo,
    Change,
    CompareRequest,
    CompareResult,
    EditRequest,
    EditResult,
    Effect,
    Fidelity,
    Inversion,
    InvertRequest,
    InvertResult,
    Latent,
    MethodResult,
    OtherFace,
    PictureData,
    Request,
    Result,
    TrainMapperRequest,
    TrainMapperResult,
)
from editor.bundle import prompt_mappers
from editor.bundle.bundle import EMBEDDED, Bundle, find_bundles
from editor.bundle.lazy_directions import LiveBank
from editor.device.batching import off_device
from editor.device.progress import Progress, no_progress
from editor.editing import apply, mapper_training, masks
from editor.editing.methods import registry
from editor.editing.session import Canvas
from editor.imaging.arrays import to_array, to_uint8
from editor.imaging.crop_candidates import CropRequest
from editor.imaging.decode import STORED_LIMITS, decode
from editor.imaging.encode import encode_original, png, webp
from editor.imaging.faces import FaceFinder
from editor.inversion import pivotal_tuning
from editor.inversion.domain_check import likeness
from editor.inversion.inversion import invert
from editor.inversion.model_selection import best_fit
from editor.networks.generators import Generator
from editor.networks.stylespace import PreviewCallback
from editor.networks.text import TextTower

logger = logging.getLogger(__name__)

MOST_TUNED = 4
"""Generators tuned to a picture that are kept at hand: a follow-up on it must not wait for its own."""
PREVIEW_SECONDS = 0.5
"""Least time between two previews of slow work."""

Report = Callable[[str, int, int, PictureData | None], None]
IsCancelled = Callable[[], bool]


class Engine:
    """Bundles on a device, and the jobs they can do."""

    def __init__(self, bundles: dict[str, Bundle], device: torch.device, data: Path | None = None) -> None:
        self.loaded, self.device, self.data = bundles, device, data
        self.faces: FaceFinder | None = None
        """Finds faces for the bundles that know them in one position only; without it the user's square is taken as it is."""
        self._tuned: dict[tuple[str, str], Generator] = {}
        self.left_out: dict[str, str] = {}
        """Bundles that are installed but cannot be used, with the reason in a sentence."""

    @classmethod
    def load(cls, folders: Sequence[Path], device: str | None = None, data: Path | None = None) -> Engine:
        """All bundles that are whole, the embedded ones first; ``data`` is where this installation keeps what it trains.

        Raises BadCheckpoint where no bundle is whole.
        """
        chosen = chosen_device(device)
        tower = _tower(chosen)
        found: dict[str, Bundle] = {}
        trouble: dict[str, BadCheckpoint] = {}
        for folder in find_bundles(folders):
            try:
                found[folder.name] = Bundle.load(folder, tower, chosen, data)
            except BadCheckpoint as error:
                logger.error("the bundle '%s' is left out: %s", folder.name, error)
                trouble[folder.name] = error
        if not found:
            raise next(iter(trouble.values()), UnknownBundle("No model is installed."))
        engine = cls(found, chosen, data)
        engine.left_out = {name: str(error) for name, error in trouble.items()}
        return engine

    def bundles(self) -> list[BundleInfo]:
        """What is loaded."""
        return [bundle.info for bundle in self.loaded.values()]

    def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Do one job; ``report`` hears of progress, ``cancelled`` is asked between steps."""

        last = 0.0

        def watch(stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None) -> None:
            nonlocal last
            if cancelled():
                raise Cancelled()
            due = picture is not None and time.monotonic() - last >= PREVIEW_SECONDS
            last = time.monotonic() if due else last
            report(stage, step, total, _preview(picture()) if picture is not None and due else None)

        try:
            if isinstance(request, InvertRequest):
                return self._invert(request, watch)
            if isinstance(request, EditRequest):
                return self._edit(request, watch)
            if isinstance(request, CompareRequest):
                return self._compare(request, watch)
            return self._train(request, watch)
        except torch.OutOfMemoryError as error:
            raise OutOfMemory() from error

    def _bundle(self, name: str | None, fingerprint: str | None = None) -> Bundle:
        if name is None:
            return next(iter(self.loaded.values()))
        if name in self.left_out:
            raise UnknownBundle(self.left_out[name], reason="named", name=name, known=", ".join(self.loaded))
        if name not in self.loaded:
            known = ", ".join(self.loaded)
            raise UnknownBundle(
                f"There is no model named '{name}' here. There is: {known}.",
                reason="named",
                name=name,
                known=known,
            )
        bundle = self.loaded[name]
        if fingerprint is not None and fingerprint != bundle.info.fingerprint:
            raise WrongBundle()
        return bundle

    # inversion

    def _invert(self, request: InvertRequest, progress: Progress) -> InvertResult:
        asked = [self._bundle(request.bundle)] if request.bundle else list(self.loaded.values())
        progress("decode", 0, 1)
        with off_device():
            decoded = decode(request.picture)
        found = best_fit(
            asked, decoded.pixels, self.device, CropRequest(self.faces, request.box, request.face), progress
        )
        bundle, square, w = found.bundle, found.square, found.w
        inside = likeness(bundle, square, w).within(
            bundle.thresholds
        )  # refinement makes something of any picture
        made = invert(bundle, square, w, request.quality, progress, request.seconds, inside)
        after = likeness(self.as_tuned(bundle, made.tuning), square, made.w)
        latent = Latent(bundle=bundle.info.name, fingerprint=bundle.info.fingerprint, w=to_array(made.w))
        fidelity = Fidelity(
            psnr=round(after.psnr, 2),
            similarity=round(after.similarity, 4),
            in_domain=inside,
            quality=made.quality,
        )
        notes = (*decoded.warnings, *found.notes, *(() if inside else ("outside-domain",)))
        inversion = Inversion(latent=latent, geometry=found.geometry, fidelity=fidelity, tuning=made.tuning)
        return InvertResult(
            inversion=inversion,
            picture=encode_original(request.picture, decoded.pixels),
            warnings=notes,
            face=found.face,
            faces=found.faces,
            edit=self._first_edit(request, inversion, decoded.pixels, progress),
        )

    def as_tuned(self, bundle: Bundle, data: bytes | None) -> Bundle:
        """The bundle with a picture's own generator; the one that all others use is not touched."""
        if data is None:
            return bundle
        key = (bundle.info.fingerprint, pivotal_tuning.digest(data))
        generator = self._tuned.pop(key, None) or pivotal_tuning.tuned(
            bundle.generator, pivotal_tuning.from_bytes(data, bundle.generator)
        )
        self._tuned[key] = generator
        while len(self._tuned) > MOST_TUNED:
            del self._tuned[next(iter(self._tuned))]
        return bundle.drawn_by(generator)

    # edits

    def _first_edit(
        self, request: InvertRequest, inversion: Inversion, pixels: np.ndarray, watch: Progress
    ) -> EditResult | None:
        """The edit that a new picture was sent with. None where it fails: the picture itself is still editable."""
        if not request.changes:
            return None
        edit = EditRequest(picture=b"", inversion=inversion, changes=request.changes)
        try:
            return self._edit(edit, watch, pixels)
        except Cancelled:
            raise
        except EditorError as error:
            logger.warning("the first edit of a new picture failed: %s", error.code)
            return None

    @torch.no_grad()
    def _edit(self, request: EditRequest, watch: Progress, pixels: np.ndarray | None = None) -> EditResult:
        """Run an edit job; ``pixels`` are the request's picture where it is decoded already."""
        canvas = self._canvas(request.inversion, watch)
        watch("find", 0, len(request.changes) + 1)
        layers = apply.refreshed(canvas, request.adjustments, watch)
        effects: list[Effect] = []
        patience = (request.seconds or math.inf) if request.search else None
        for number, wish in enumerate(request.changes):
            layers, effect = apply.grant(canvas, layers, _small(wish), watch, patience)
            effects.append(effect)
            watch("find", number + 1, len(request.changes) + 1)
        if request.seed is not None:
            layers.append(self._variation(canvas.bundle, request.seed))
        watch("render", 0, 1)
        picture = _read(request.picture) if pixels is None else pixels
        watch("paste", 0, 1)
        painted = self._painted(
            picture, canvas, layers, request.other_faces, lambda made: watch("render", 0, 1, lambda: made[0])
        )
        return EditResult(picture=_written(painted), adjustments=tuple(layers), effects=tuple(effects))

    @torch.no_grad()
    def _compare(self, request: CompareRequest, watch: Progress) -> CompareResult:
        canvas = self._canvas(request.inversion, watch)
        layers = apply.refreshed(canvas, request.adjustments, watch)
        names = request.methods or registry.compared(canvas.bundle, request.change)
        picture = _read(request.picture)
        rows = apply.compare(canvas, layers, _small(request.change), names, watch)
        return CompareResult(
            rows=tuple(
                MethodResult(
                    method=row.method,
                    picture=_written(self._painted(picture, canvas, row.layers, request.other_faces)),
                    adjustment=row.layer,
                    adjustments=tuple(row.layers),
                    effect=row.effect,
                    milliseconds=row.milliseconds,
                )
                for row in rows
            )
        )

    def _train(self, request: TrainMapperRequest, watch: Progress) -> TrainMapperResult:
        bundle = self._bundle(request.bundle)
        if isinstance(bundle.bank, LiveBank):
            bundle.bank.watch = watch
        if self.data is None:
            raise BadRequest("This editor has no folder to keep a mapper in.")
        trained = mapper_training.train(bundle, request, watch)
        kept = mapper_training.worth_keeping(bundle, trained)
        if kept:
            prompt_mappers.save(prompt_mappers.own_folder(self.data, bundle.info.name), trained)
            bundle.prompt_mappers = prompt_mappers.with_one(bundle.prompt_mappers, trained)
        return TrainMapperResult(
            bundle=bundle.info.name, prompt=request.prompt, steps=trained.steps, gain=trained.gain, kept=kept
        )

    def _canvas(self, inversion: Inversion, watch: Progress | None = None) -> Canvas:
        bundle = self._bundle(inversion.latent.bundle, inversion.latent.fingerprint)
        if watch is not None and isinstance(bundle.bank, LiveBank):
            bundle.bank.watch = watch
        return Canvas(self.as_tuned(bundle, inversion.tuning), inversion, self.device, watch or no_progress)

    def _painted(
        self,
        picture: np.ndarray,
        canvas: Canvas,
        layers: Sequence[Adjustment],
        beside: Sequence[OtherFace],
        seen: PreviewCallback | None = None,
    ) -> np.ndarray:
        """The picture with all its edited faces, from left to right, whichever of them the job is about; ``seen`` is shown that
        one before it is done."""
        faces = [(canvas, layers), *((self._canvas(face.inversion), face.adjustments) for face in beside)]
        for face, adjustments in sorted(
            faces, key=lambda one: (one[0].geometry.center_x, one[0].geometry.center_y)
        ):
            picture = face.paint(picture, adjustments, seen if face is canvas else None)
        return picture

    def _variation(self, bundle: Bundle, seed: int) -> Adjustment:
        """A small deterministic change of look: a step in W, so that the picture stays in the domain."""
        rng = torch.Generator().manual_seed(seed)
        config = bundle.generator.config
        a, b = (
            bundle.generator.mapping(torch.randn(1, config.z_dim, generator=rng).to(self.device))
            for _ in range(2)
        )
        step = bundle.generator.synthesis.style_steps(a - b)[0]
        return Adjustment(
            prompt=f"variation {seed}",
            strength=VARIATION_STRENGTH,
            method="variation",
            fingerprint=bundle.info.fingerprint,
            delta=to_array(step),
        )


def chosen_device(name: str | None) -> torch.device:
    """The device of that name; without one a GPU where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def load_bundle(folder: Path, device: str | None = None, data: Path | None = None) -> Bundle:
    """One bundle with a text tower of its own. Raises BadCheckpoint."""
    chosen = chosen_device(device)
    return Bundle.load(folder, _tower(chosen), chosen, data)


@lru_cache(1)
def _tower(device: torch.device) -> TextTower:
    """The text tower that the embedded bundles share."""
    return TextTower.load(EMBEDDED / "text").to(device)


def _preview(picture: Tensor) -> PictureData:
    """A small picture of the work so far, from [3, R, R] in [-1, 1]."""
    return webp(to_uint8(picture))


def _read(data: bytes) -> np.ndarray:
    """A kept picture's pixels; the processor's work."""
    with off_device():
        return decode(data, STORED_LIMITS).pixels


def _written(pixels: np.ndarray) -> PictureData:
    """A result as PNG; the processor's work."""
    with off_device():
        return png(pixels)


def _small(wish: Change) -> Change:
    """The wish with its painted mask no larger than a recipe should carry."""
    return wish if wish.mask is None else wish.model_copy(update={"mask": masks.small(wish.mask)})
