"""The engine: requests in, results out, on one device. Stateless but for caches of what it was told."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor import wishes
from editor.bundle import EMBEDDED, Bundle, find_bundles
from editor.errors import BadCheckpoint, BadRequest, Cancelled, OutOfMemory, UnknownBundle, WrongBundle
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.imaging.faces import FaceFinder
from editor.imaging.paste import crop, paste_back
from editor.imaging.squares import squares
from editor.inversion import refine
from editor.networks.text import TextTower
from editor.protocol import (
    VARIATION,
    Adjustment,
    Array,
    BundleInfo,
    EditRequest,
    EditResult,
    Effect,
    Fidelity,
    Geometry,
    Inversion,
    InvertRequest,
    InvertResult,
    Latent,
    Request,
    Result,
    Wish,
)  # fmt: skip
from editor.strength import reach
from editor.wishes import Candidate, State

logger = logging.getLogger(__name__)

REFINEMENT = {"draft": 0, "standard": 40, "best": 150}
"""Optimisation steps of an inversion by quality."""
VISIBLE = 0.08
"""Change of a pixel, in [-1, 1], that a person notices."""
DRIFT_WEIGHT = 10.0
"""Logits of gain that a unit of embedding change across the wish is worth, when methods are compared."""

CLEAR = 0.3
"""Share of the standard gain by which a text must describe the picture to be called satisfied before anything is done."""
LEAST_GAIN, ENOUGH_GAIN = 0.2, 0.6
"""Share of the standard gain below which nothing happened, and from which a wish is done."""

Report = Callable[[str, int, int, None], None]
IsCancelled = Callable[[], bool]


def to_array(tensor: Tensor) -> Array:
    """A tensor as float32 bytes."""
    values = tensor.detach().float().cpu().contiguous().numpy().astype("<f4")
    return Array(dtype="float32", shape=tuple(values.shape), data=values.tobytes())


def to_tensor(array: Array, shape: tuple[int, ...], what: str) -> Tensor:
    """The counterpart of ``to_array``; raises BadRequest when the shape or the length is not what it must be."""
    dtype = np.dtype(array.dtype).newbyteorder("<")
    if array.shape != shape or len(array.data) != int(np.prod(shape)) * dtype.itemsize:
        raise BadRequest(f"The {what} must be {list(shape)}, not {list(array.shape)}.")
    return torch.from_numpy(np.frombuffer(array.data, dtype).reshape(shape).astype(np.float32))


class Engine:
    """Bundles on a device, and the jobs they can do."""

    def __init__(self, bundles: dict[str, Bundle], device: torch.device) -> None:
        self.loaded, self.device = bundles, device
        self.faces: FaceFinder | None = None
        """Finds faces for the bundles that know them in one position only; without it the user's square is taken as it is."""
        self.left_out: dict[str, str] = {}
        """Bundles that are installed but cannot be used, with the reason in a sentence."""

    @classmethod
    def load(cls, folders: Sequence[Path], device: str | None = None) -> Engine:
        """All bundles that are whole, the embedded ones first. Raises BadCheckpoint where none is."""
        chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        tower = TextTower.load(EMBEDDED / "text").to(chosen)
        found: dict[str, Bundle] = {}
        trouble: dict[str, BadCheckpoint] = {}
        for folder in find_bundles(folders):
            try:
                found[folder.name] = Bundle.load(folder, tower, chosen)
            except BadCheckpoint as error:
                logger.error("the bundle '%s' is left out: %s", folder.name, error)
                trouble[folder.name] = error
        if not found:
            raise next(iter(trouble.values()), UnknownBundle("No model is installed."))
        engine = cls(found, chosen)
        engine.left_out = {name: str(error) for name, error in trouble.items()}
        return engine

    def bundles(self) -> list[BundleInfo]:
        """What is loaded."""
        return [bundle.info for bundle in self.loaded.values()]

    def run(self, request: Request, report: Report, cancelled: IsCancelled) -> Result:
        """Do one job; ``report`` hears of progress, ``cancelled`` is asked between steps."""

        def progress(stage: str, step: int, total: int) -> None:
            if cancelled():
                raise Cancelled()
            report(stage, step, total, None)

        try:
            if isinstance(request, InvertRequest):
                return self._invert(request, progress)
            return self._edit(request, progress)
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
                f"There is no model named '{name}' here. There is: {known}.", reason="named", name=name, known=known
            )
        bundle = self.loaded[name]
        if fingerprint is not None and fingerprint != bundle.info.fingerprint:
            raise WrongBundle()
        return bundle

    # inversion

    def _invert(self, request: InvertRequest, progress: Callable[[str, int, int], None]) -> InvertResult:
        bundle = self._bundle(request.bundle)
        progress("decode", 0, 1)
        decoded = decode(request.picture)
        progress("encode", 0, 1)
        size = bundle.generator.config.resolution
        places = squares(decoded.pixels, bundle.alignment, self.faces, request.box, request.face)
        geometry, square, w = self._best_square(bundle, decoded.pixels, places.found)
        steps = REFINEMENT[request.quality]
        w = refine(bundle.generator, square[None], w[None], steps, lambda step: progress("refine", step, steps),
                   bundle.encoder.w_std)[0]  # fmt: skip
        with torch.no_grad():
            made = wishes.render(bundle, bundle.generator.synthesis.styles(w[None]))
            similarity = float(bundle.clip.encode_image(torch.cat([made, square[None]])).prod(0).sum())
        psnr = float(-10 * torch.log10(((made[0] - square) / 2).square().mean().clamp_min(1e-10)))
        limits = bundle.thresholds
        inside = similarity >= limits.domain_similarity and psnr >= limits.domain_psnr
        latent = Latent(bundle=bundle.info.name, fingerprint=bundle.info.fingerprint, w=to_array(w))
        fidelity = Fidelity(psnr=round(psnr, 2), similarity=round(similarity, 4), in_domain=inside)
        notes = (*decoded.warnings, *places.notes, *(() if inside else ("outside-domain",)))
        inversion = Inversion(latent=latent, geometry=geometry, fidelity=fidelity)
        assert size == square.shape[-1]
        return InvertResult(inversion=inversion, picture=png(decoded.pixels), warnings=notes)

    @torch.no_grad()
    def _best_square(self, bundle: Bundle, pixels: np.ndarray, places: Sequence[Geometry]) -> tuple[Geometry, Tensor, Tensor]:
        """The square of the picture that the generator reproduces best, as geometry, [3, R, R] and W+."""
        size = bundle.generator.config.resolution
        images = torch.stack([crop(pixels, place, size).to(self.device) for place in places])
        w = bundle.encoder(images)
        made = wishes.render(bundle, bundle.generator.synthesis.styles(w))
        error = (made - images).abs().mean(dim=(1, 2, 3))
        best = int(error.argmin()) if float(error.min()) < 0.9 * float(error[0]) else 0  # the plain square unless clearly worse
        return places[best], images[best], w[best]

    # edits

    @torch.no_grad()
    def _edit(self, request: EditRequest, progress: Callable[[str, int, int], None]) -> EditResult:
        latent = request.inversion.latent
        bundle = self._bundle(latent.bundle, latent.fingerprint)
        config = bundle.generator.config
        w = to_tensor(latent.w, (config.num_ws, config.w_dim), "latent").to(self.device)
        base = bundle.generator.synthesis.styles(w[None])[0]
        progress("find", 0, len(request.wishes) + 1)
        layers = self._refresh(bundle, State(w, base, torch.zeros_like(base)), list(request.adjustments))
        effects: list[Effect] = []
        for number, wish in enumerate(request.wishes):
            layers, effect = self._grant(bundle, w, base, layers, wish)
            effects.append(effect)
            progress("find", number + 1, len(request.wishes) + 1)
        if request.seed is not None:
            layers.append(self._variation(bundle, request.seed))
        styles = base + self._sum(bundle, layers, base)
        progress("render", 0, 1)
        before, after = wishes.render(bundle, torch.stack([base, styles]))
        progress("paste", 0, 1)
        picture = decode(request.picture).pixels
        self._check_geometry(request.inversion.geometry, picture)
        pasted = paste_back(picture, request.inversion.geometry, before.cpu(), after.cpu())
        return EditResult(picture=png(pasted), adjustments=tuple(layers), effects=tuple(effects))

    @staticmethod
    def _check_geometry(geometry: Geometry, picture: np.ndarray) -> None:
        if picture.shape[:2] != (geometry.height, geometry.width):
            raise BadRequest("The picture is not the one that was made editable.")

    def _sum(self, bundle: Bundle, layers: Sequence[Adjustment], base: Tensor) -> Tensor:
        """Sum of the deltas over the adjustments [C], by strength; deltas of another generator are refused."""
        total = torch.zeros_like(base)
        for layer in layers:
            if layer.fingerprint != bundle.info.fingerprint:
                raise WrongBundle()
            total += reach(layer.strength) * to_tensor(layer.delta, tuple(base.shape), "delta").to(self.device)
        return total

    def _refresh(self, bundle: Bundle, start: State, layers: list[Adjustment]) -> list[Adjustment]:
        """Deltas that depend on the picture are found anew where what they were found on has changed."""
        fresh: list[Adjustment] = []
        for layer in layers:
            if layer.basis and layer.basis != basis_of(start.w, fresh):
                state = State(start.w, start.base, self._sum(bundle, fresh, start.base))
                candidate = self._candidate(bundle, state, layer, layer.method)
                if candidate is not None:
                    layer = self._layer(bundle, start.w, fresh, layer, candidate)
            fresh.append(layer)
        return fresh

    def _layer(self, bundle: Bundle, w: Tensor, below: list[Adjustment], wish: Wish, found: Candidate) -> Adjustment:
        delta = wishes.keep_out(bundle, found.delta, wish.keep)
        delta = -delta if wish.strength < 0 else delta  # the direction was turned round; the strength turns it back
        return Adjustment(
            prompt=wish.prompt, said=wish.said, neutral=wish.neutral, strength=wish.strength, region=wish.region, keep=wish.keep,
            method=found.method, threshold=found.threshold, fingerprint=bundle.info.fingerprint,
            basis=basis_of(w, below), delta=to_array(delta),
        )  # fmt: skip

    def _candidate(self, bundle: Bundle, state: State, wish: Wish, method: str | None) -> Candidate | None:
        direction = wishes.text_direction(bundle, wish)
        if method == "mapper":
            return wishes.mapper_candidate(bundle, state, wish, direction)
        if method == "direction":
            return wishes.direction_candidate(bundle, state, wish, direction, getattr(wish, "threshold", None))
        raise BadRequest(f"This model has no method named '{method}'.")

    def _grant(
        self, bundle: Bundle, w: Tensor, base: Tensor, layers: list[Adjustment], wish: Wish
    ) -> tuple[list[Adjustment], Effect]:
        """Find the best delta for a wish, measure it, and add it unless nothing in the model answers to it."""
        direction = wishes.text_direction(bundle, wish)
        kept, replaced = self._without_same(bundle, layers, wish, direction)
        state = State(w, base, self._sum(bundle, kept, base))
        target = bundle.clip.encode_text([wish.prompt])[0]
        methods = (wish.method,) if wish.method else bundle.info.methods
        found = [c for method in methods if (c := self._candidate(bundle, state, wish, method)) is not None]
        made = [self._layer(bundle, w, kept, wish, candidate) for candidate in found]
        steps = [reach(layer.strength) * to_tensor(layer.delta, tuple(base.shape), "delta").to(self.device) for layer in made]
        pictures = wishes.render(bundle, torch.stack([state.styles, *[state.styles + step for step in steps]]))
        embeddings = bundle.clip.encode_image(pictures)
        sign = -1.0 if wish.strength < 0 else 1.0
        measures = [wishes.measure(bundle, direction, target, embeddings[0], e) for e in embeddings[1:]]
        wanted = wishes.wanted_gain(bundle, wish, float(bundle.clip.logits(embeddings[:1], target[None])[0, 0]))
        scores = [min(sign * m.gain, wanted) - DRIFT_WEIGHT * m.drift for m in measures]
        best = int(np.argmax(scores)) if scores else -1
        effect = self._effect(bundle, wish, made, measures, best, embeddings, pictures, replaced)
        if effect.verdict == "refused" and effect.satisfied and replaced:  # taking the other layers off was all it needed
            return kept, effect.model_copy(update={"verdict": "done", "replaced": replaced, "nearest": ()})
        if effect.verdict == "refused":
            return layers, effect
        return [*kept, made[best]], effect

    def _without_same(
        self, bundle: Bundle, layers: list[Adjustment], wish: Wish, direction: Tensor
    ) -> tuple[list[Adjustment], tuple[str, ...]]:
        """The adjustments less those that speak of the same thing as the wish (pink hair after blonde hair)."""
        kept, replaced = [], []
        for layer in layers:
            if layer.method == "variation":
                kept.append(layer)
                continue
            same = wishes.same_thing(bundle, layer, wishes.text_direction(bundle, layer), wish, direction)
            replaced.append(layer.prompt) if same else kept.append(layer)
        return kept, tuple(replaced)

    def _effect(
        self, bundle: Bundle, wish: Wish, made: list[Adjustment], measures: list[wishes.Measure], best: int,
        embeddings: Tensor, pictures: Tensor, replaced: tuple[str, ...],
    ) -> Effect:  # fmt: skip
        """What the chosen candidate did, in numbers and with a verdict."""
        limits, sign = bundle.thresholds, -1.0 if wish.strength < 0 else 1.0
        target = bundle.clip.encode_text([wish.prompt])[0]
        start = float(bundle.clip.logits(embeddings[:1], target[None])[0, 0])
        response = wishes.response(bundle, wish)
        clearly = CLEAR * limits.standard_gain
        satisfied = sign * (start - limits.shown) > clearly and response >= wishes.LEAST_RESPONSE  # no picture shows wings
        if best < 0:
            return Effect(prompt=wish.prompt, verdict="refused", method=None, gain=0.0, satisfied=satisfied, identity=1.0,
                          changed=0.0, outside=0.0, nearest=self._nearest(bundle, target))  # fmt: skip
        measured = measures[best]
        gain, reached = sign * measured.gain, sign * (measured.final - limits.shown) > 0
        expected = limits.standard_gain * min(1.0, abs(wish.strength))
        verdict = self._verdict(gain / max(expected, 1e-6), reached, response)
        changed = float(((pictures[best + 1] - pictures[0]).abs().amax(0) > VISIBLE).float().mean())
        identity = float(F.cosine_similarity(embeddings[best + 1], embeddings[0], dim=0))
        return Effect(
            prompt=wish.prompt, verdict=verdict, method=made[best].method, gain=round(gain, 3), satisfied=satisfied,
            identity=round(identity, 4), changed=round(changed, 4), outside=0.0,
            replaced=replaced if verdict != "refused" else (),
            nearest=self._nearest(bundle, target) if verdict == "refused" else (),
            notes=(*(("region-ignored",) if wish.region and verdict != "refused" else ()),
                   *(("not-here",) if verdict == "refused" and response >= wishes.LEAST_RESPONSE else ())),
        )  # fmt: skip

    @staticmethod
    def _verdict(gain: float, reached: bool, response: float) -> Literal["done", "weak", "refused"]:
        """From the gain in standard steps, whether the text describes the result, and how much pictures answer to it."""
        if response < wishes.LEAST_RESPONSE or gain < LEAST_GAIN:
            return "refused"
        return "done" if reached or gain >= ENOUGH_GAIN else "weak"

    @staticmethod
    def _nearest(bundle: Bundle, target: Tensor, count: int = 3) -> tuple[str, ...]:
        """The bundle's example wishes nearest in meaning, but for those that say the same."""
        examples = bundle.info.examples
        if not examples:
            return ()
        alike = bundle.clip.encode_text(examples) @ target
        order = [int(number) for number in alike.argsort(descending=True) if float(alike[number]) < 0.97]
        return tuple(examples[number] for number in order[:count])

    def _variation(self, bundle: Bundle, seed: int) -> Adjustment:
        """A small deterministic change of look: a step in W, so that the picture stays in the domain."""
        rng = torch.Generator().manual_seed(seed)
        config = bundle.generator.config
        a, b = (bundle.generator.mapping(torch.randn(1, config.z_dim, generator=rng).to(self.device)) for _ in range(2))
        step = bundle.generator.synthesis.style_steps(a - b)[0]
        return Adjustment(prompt=f"variation {seed}", strength=VARIATION, method="variation",
                          fingerprint=bundle.info.fingerprint, delta=to_array(step))  # fmt: skip


def basis_of(w: Tensor, below: Sequence[Adjustment]) -> str:
    """Names what a delta was found on: the latent and the deltas below it (their strengths may change freely)."""
    digest = hashlib.sha256(w.detach().float().cpu().numpy().tobytes())
    for layer in below:
        digest.update(layer.delta.data)
    return digest.hexdigest()[:32]
