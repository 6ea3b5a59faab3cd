"""The engine: turns requests into results on one device. It keeps no state but caches."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from editor.api import protocol as wire
from editor.api.errors import (
    BadCheckpoint,
    BadRequest,
    Cancelled,
    EditorError,
    OutOfMemory,
    UnknownBundle,
    WrongBundle,
)
from editor.bundle import prompt_mappers
from editor.bundle.bundle import Bundle
from editor.bundle.loading import choose_device, load_bundle
from editor.bundle.manifest import find_bundles
from editor.device.batching import off_device
from editor.device.progress import ProgressCallback, no_progress
from editor.editing import apply, mapper_training, masks
from editor.editing.methods import registry
from editor.editing.pictures import Picture, PictureCache
from editor.editing.session import EditSession
from editor.imaging.arrays import to_array, to_uint8
from editor.imaging.crop_candidates import CropRequest
from editor.imaging.decode import decode
from editor.imaging.encode import encode_original, png, webp
from editor.imaging.faces import FaceFinder
from editor.inversion.domain_check import measure_likeness
from editor.inversion.inversion import InversionTask, invert
from editor.inversion.model_selection import Fit, select_bundle
from editor.inversion.pivotal_tuning import tuned_bundle
from editor.networks.stylespace import PreviewCallback

logger = logging.getLogger(__name__)

PREVIEW_SECONDS = 0.5
"""Least time between two previews of slow work."""

Report = Callable[[str, int, int, wire.PictureData | None], None]
IsCancelled = Callable[[], bool]


class Engine:
    """Bundles on a device, and the jobs that they can do."""

    def __init__(
        self,
        loaded: dict[str, Bundle],
        device: torch.device,
        data: Path | None = None,
        faces: Path | None = None,
        pictures: PictureCache | None = None,
    ) -> None:
        """Do what the loaded bundles can.

        Args:
            loaded: Bundles by name.
            device: Where their tensors are.
            data: Where this installation keeps what it trains.
            faces: A YuNet model for bundles that need faces aligned; without it the user's square is used.
            pictures: Decoded pictures, which engines may share.
        """
        self.loaded, self.device, self.data = loaded, device, data
        self.faces = FaceFinder(faces) if faces is not None else None
        self._pictures = pictures or PictureCache()
        self.left_out: dict[str, str] = {}
        """Installed bundles that cannot be used, with the reason in a sentence."""

    @classmethod
    def load(
        cls,
        folders: Sequence[Path],
        device: str | None = None,
        data: Path | None = None,
        faces: Path | None = None,
    ) -> Engine:
        """Load the embedded bundles and those in ``folders``, but for those that cannot be used.

        Raises BadCheckpoint if none can.
        """
        found: dict[str, Bundle] = {}
        failed: dict[str, BadCheckpoint] = {}
        for folder in find_bundles(folders):
            try:
                found[folder.name] = load_bundle(folder, device, data)
            except BadCheckpoint as error:
                logger.error("the bundle '%s' is left out: %s", folder.name, error)
                failed[folder.name] = error
        if not found:
            raise next(iter(failed.values()), UnknownBundle("No model is installed."))
        engine = cls(found, choose_device(device), data, faces)
        engine.left_out = {name: str(error) for name, error in failed.items()}
        return engine

    def bundles(self) -> list[wire.BundleInfo]:
        """Describe the loaded bundles."""
        return [bundle.info for bundle in self.loaded.values()]

    def run(self, request: wire.Request, report: Report, cancelled: IsCancelled) -> wire.Result:
        """Do one job. Raises EditorError, Cancelled soon after ``cancelled()`` returns True.

        ``report`` is called between steps with stage, step, total, and sometimes a small preview.
        """
        progress = _JobProgress(report, cancelled)
        try:
            match request:
                case wire.InvertRequest():
                    return self._invert(request, progress)
                case wire.EditRequest():
                    return self._edit(request, progress)
                case wire.CompareRequest():
                    return self._compare(request, progress)
                case wire.TrainMapperRequest():
                    return self._train(request, progress)
        except torch.OutOfMemoryError as error:
            raise OutOfMemory() from error

    def _bundle(self, name: str | None, fingerprint: str | None = None) -> Bundle:
        """Return a bundle by name, the first one when None."""
        if name is None:
            return next(iter(self.loaded.values()))
        if name not in self.loaded:
            known = ", ".join(self.loaded)
            reason = self.left_out.get(name, f"There is no model named '{name}' here. There is: {known}.")
            raise UnknownBundle(reason, reason="named", name=name, known=known)
        bundle = self.loaded[name]
        if fingerprint is not None and fingerprint != bundle.info.fingerprint:
            raise WrongBundle()
        return bundle

    def _invert(self, request: wire.InvertRequest, progress: ProgressCallback) -> wire.InvertResult:
        candidates = [self._bundle(request.bundle)] if request.bundle else list(self.loaded.values())
        progress("decode", 0, 1)
        with off_device():
            decoded = decode(request.picture)
            stored = encode_original(request.picture, decoded.pixels)
        picture = Picture(decoded.pixels)
        self._pictures.keep(stored.data, picture)
        crop_request = CropRequest(self.faces, request.box, request.face)
        fit = select_bundle(candidates, decoded.pixels, self.device, crop_request, progress)
        inversion = _invert_square(fit, request, progress)
        in_domain = inversion.fidelity.in_domain
        edit = wire.EditRequest(picture=b"", inversion=inversion, changes=request.changes)
        return wire.InvertResult(
            inversion=inversion,
            picture=stored,
            warnings=(*decoded.warnings, *fit.notes, *(() if in_domain else ("outside-domain",))),
            face=fit.face,
            faces=fit.faces,
            edit=self._first_edit(edit, picture, progress),
        )

    def _first_edit(
        self, request: wire.EditRequest, picture: Picture, progress: ProgressCallback
    ) -> wire.EditResult | None:
        """Edit a new picture. Return None if this fails: the picture itself can still be edited."""
        if not request.changes:
            return None
        try:
            return self._edit(request, progress, picture)
        except Cancelled:
            raise
        except EditorError as error:
            logger.warning("the first edit of a new picture failed: %s", error.code)
            return None

    @torch.no_grad()
    def _edit(
        self, request: wire.EditRequest, progress: ProgressCallback, picture: Picture | None = None
    ) -> wire.EditResult:
        """Edit a picture; ``picture`` is the request's if it is decoded already."""
        session, effects, total = self._session(request.inversion, progress), [], len(request.changes) + 1
        progress("find", 0, total)
        adjustments = apply.refresh(session, request.adjustments)
        search_seconds = (request.seconds or math.inf) if request.search else None
        for number, change in enumerate(request.changes, start=1):
            adjustments, effect = apply.apply_change(
                session, adjustments, _with_small_mask(change), search_seconds
            )
            effects.append(effect)
            progress("find", number, total)
        if request.seed is not None:
            adjustments.append(_variation(session.bundle, request.seed))
        progress("render", 0, 1)
        picture = picture or self._pictures.read(request.picture)
        progress("paste", 0, 1)

        def preview(drawn: Tensor) -> None:
            progress("render", 0, 1, lambda: drawn[0])

        painted = _encode(self._paint(picture, session, adjustments, request.other_faces, preview))
        return wire.EditResult(picture=painted, adjustments=tuple(adjustments), effects=tuple(effects))

    @torch.no_grad()
    def _compare(self, request: wire.CompareRequest, progress: ProgressCallback) -> wire.CompareResult:
        session = self._session(request.inversion, progress)
        adjustments = apply.refresh(session, request.adjustments)
        names = request.methods or registry.compared(session.bundle, request.change)
        picture = self._pictures.read(request.picture)

        def paint(layers: Sequence[wire.Adjustment]) -> wire.PictureData:
            return _encode(self._paint(picture, session, layers, request.other_faces))

        change = _with_small_mask(request.change)
        return wire.CompareResult(rows=apply.compare_methods(session, adjustments, change, names, paint))

    def _train(self, request: wire.TrainMapperRequest, progress: ProgressCallback) -> wire.TrainMapperResult:
        bundle = self._bundle(request.bundle)
        if self.data is None:
            raise BadRequest("This editor has no folder to keep a mapper in.")
        trained = mapper_training.train(bundle, request, progress)
        useful = mapper_training.is_useful(bundle, trained)
        if useful:
            prompt_mappers.save(prompt_mappers.own_folder(self.data, bundle.info.name), trained)
            bundle.trained_mappers = prompt_mappers.with_one(bundle.trained_mappers, trained)
        return wire.TrainMapperResult(
            bundle=bundle.info.name,
            prompt=request.prompt,
            steps=trained.steps,
            gain=trained.gain,
            kept=useful,
        )

    def _session(self, inversion: wire.Inversion, progress: ProgressCallback = no_progress) -> EditSession:
        bundle = self._bundle(inversion.latent.bundle, inversion.latent.fingerprint)
        return EditSession(bundle, inversion, progress)

    def _paint(
        self,
        picture: Picture,
        session: EditSession,
        adjustments: Sequence[wire.Adjustment],
        other_faces: Sequence[wire.OtherFace],
        preview: PreviewCallback | None = None,
    ) -> Picture:
        """Paint all edited faces into a picture, from left to right: the order of edits does not matter.

        ``preview`` receives a smaller version of the face that the job is about.
        """
        others = ((self._session(one.inversion), one.adjustments) for one in other_faces)
        faces = [(session, adjustments), *others]
        faces.sort(key=lambda face: (face[0].geometry.center_x, face[0].geometry.center_y))
        for face, layers in faces:
            picture = face.paint(picture, layers, preview if face is session else None)
        return picture


class _JobProgress:
    """Progress of a job: reports with a preview now and then, and ends a job that is no longer wanted."""

    def __init__(self, report: Report, cancelled: IsCancelled) -> None:
        self._report, self._cancelled = report, cancelled
        self._last_preview = 0.0

    def __call__(
        self, stage: str, step: int, total: int, picture: Callable[[], Tensor] | None = None
    ) -> None:
        if self._cancelled():
            raise Cancelled()
        preview = None
        if picture is not None and time.monotonic() - self._last_preview >= PREVIEW_SECONDS:
            self._last_preview = time.monotonic()
            preview = webp(to_uint8(picture()))
        self._report(stage, step, total, preview)


def _invert_square(fit: Fit, request: wire.InvertRequest, progress: ProgressCallback) -> wire.Inversion:
    """Invert the chosen square of a picture, and measure how well it is reproduced."""
    bundle, info = fit.bundle, fit.bundle.info
    # before the refinement, which reproduces something of any picture
    in_domain = measure_likeness(bundle, fit.square, fit.reconstruction).within(bundle.thresholds)
    task = InversionTask(
        bundle, fit.square, fit.w, fit.reconstruction, request.quality, request.seconds, in_domain
    )
    made = invert(task, progress)
    with torch.no_grad():
        drawn = tuned_bundle(bundle, made.tuning).reconstruct(made.w)[0]
    likeness = measure_likeness(bundle, fit.square, drawn)
    fidelity = wire.Fidelity(
        psnr=round(likeness.psnr, 2),
        similarity=round(likeness.similarity, 4),
        in_domain=in_domain,
        quality=made.quality,
    )
    latent = wire.Latent(bundle=info.name, fingerprint=info.fingerprint, w=to_array(made.w))
    return wire.Inversion(latent=latent, geometry=fit.geometry, fidelity=fidelity, tuning=made.tuning)


def _variation(bundle: Bundle, seed: int) -> wire.Adjustment:
    """Return a small deterministic change of look: a step in W, so that the picture stays in the domain."""
    rng, generator = torch.Generator().manual_seed(seed), bundle.generator
    device = bundle.bank.s_std.device
    one, other = (
        generator.mapping(torch.randn(1, generator.config.z_dim, generator=rng).to(device)) for _ in range(2)
    )
    step = generator.synthesis.style_steps(one - other)[0]
    return wire.Adjustment(
        prompt=f"variation {seed}",
        strength=wire.VARIATION_STRENGTH,
        method="variation",
        fingerprint=bundle.info.fingerprint,
        delta=to_array(step),
    )


def _encode(picture: Picture) -> wire.PictureData:
    with off_device():
        return png(picture.pixels)


def _with_small_mask(change: wire.Change) -> wire.Change:
    mask = masks.reduce_mask(change.mask) if change.mask is not None else None
    return change.model_copy(update={"mask": mask})
