"""Granting a wish: every method that may be tried is tried and measured, and the best becomes an adjustment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Adjustment, Change, Effect, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress, with_deadline
from editor.editing import orthogonalisation, text_directions
from editor.editing import scoring as worth
from editor.editing.methods import registry
from editor.editing.methods.base import Candidate
from editor.editing.session import Canvas, basis_of
from editor.imaging.arrays import to_array

VISIBLE = 0.08
"""Change of a pixel, in [-1, 1], that a person notices."""
CLEAR = 0.3
"""Share of the standard gain by which a text must describe the picture to be called satisfied before anything is done."""
LEAST_GAIN, ENOUGH_GAIN = 0.2, 0.6
"""Share of the standard gain below which nothing happened, and from which a wish is done."""
UNDONE = 1.0
"""Logits of gain that a logit is worth by which an earlier wish is read less."""


@dataclass(frozen=True)
class Trial:
    """One method's adjustment on its start, the picture [3, R, R] it makes, that picture's embedding [D], what changed and
    what that is worth."""

    layer: Adjustment
    picture: Tensor
    embedding: Tensor
    measure: text_directions.Measure
    worth: float


class Grant:
    """One wish on a picture with adjustments; those that speak of the same thing make way for it, unless all are to be
    ``kept``."""

    def __init__(
        self, canvas: Canvas, layers: Sequence[Adjustment], wish: Change, kept: bool = False
    ) -> None:
        self.canvas, self.bundle, self.layers, self.wish = canvas, canvas.bundle, list(layers), wish
        self.direction = text_directions.text_direction(self.bundle, wish)
        self.target = self.bundle.clip.encode_text([wish.prompt])[0]
        self.kept, self.replaced = (
            (self.layers, ()) if kept else _without_same(self.bundle, self.layers, wish, self.direction)
        )
        self.earlier = [layer for layer in self.kept if layer.method != "variation"]
        self.state = canvas.state(self.kept, wish)
        self.before: Tensor | None = None
        self.start: Tensor | None = None

    def trials(self, names: Sequence[MethodName], watch: Progress) -> list[Trial]:
        """What each method finds, in all its ways, rendered and measured; methods that find nothing are left out."""
        found = [
            way
            for name in names
            if (candidate := self._find(name, watch)) is not None
            for way in self._ways(candidate)
        ]
        made = [layer_of(self.canvas, self.kept, self.wish, candidate) for candidate in found]
        steps = [torch.zeros_like(self.canvas.base), *[self.canvas.delta(layer) for layer in made]]
        pictures = self.state.compared(self.bundle, torch.stack(steps), watch)
        embeddings = self.bundle.clip.encode_image(pictures)
        self.before, self.start = pictures[0], embeddings[0]
        reads = worth.misread_at(self.bundle, self.state, pictures[1:], torch.stack(steps)[1:]).tolist()
        return [self._trial(*parts) for parts in zip(made, pictures[1:], embeddings[1:], reads, strict=True)]

    def _trial(self, layer: Adjustment, picture: Tensor, embedding: Tensor, read: float) -> Trial:
        assert self.start is not None
        measure = text_directions.measure(self.bundle, self.direction, self.target, self.start, embedding)
        found = worth.worth(self.bundle, self.wish, measure, read) - UNDONE * self._undone(embedding)
        return Trial(layer, picture, embedding, measure, found)

    def _undone(self, embedding: Tensor) -> float:
        """Logits by which the wishes before this one are read less in a picture of this embedding [D]."""
        if not self.earlier:
            return 0.0
        assert self.start is not None
        before, after = self.bundle.clip.logits(torch.stack([self.start, embedding]), self._earlier_texts)
        signs = torch.tensor([layer.sign for layer in self.earlier], device=before.device)
        return float((signs * (before - after)).clamp_min(0).sum())

    @cached_property
    def _earlier_texts(self) -> Tensor:
        """Embeddings of the wishes before this one, which all trials are measured by."""
        return self.bundle.clip.encode_text([layer.prompt for layer in self.earlier])

    def best(self, trials: Sequence[Trial]) -> Trial | None:
        """The one that is taken; None of none."""
        return max(trials, key=self.rank, default=None)

    def _ways(self, found: Candidate) -> list[Candidate]:
        """The candidate as it is, and as it spares earlier wishes in the same place."""
        place = (self.wish.mask, self.wish.region)
        earlier = [self.canvas.delta(layer) for layer in self.earlier if (layer.mask, layer.region) == place]
        return orthogonalisation.ways(found, earlier, self.bundle.bank.s_std)

    def _find(self, name: MethodName, watch: Progress) -> Candidate | None:
        return registry.get(name, self.bundle).find(self.bundle, self.state, self.wish, self.direction, watch)

    @property
    def start_logit(self) -> float:
        """How well the wish's text describes the picture before it."""
        assert self.start is not None, "trials() first"
        return float(self.bundle.clip.logits(self.start[None], self.target[None])[0, 0])

    def rank(self, trial: Trial) -> tuple[bool, bool, float]:
        """What trials are chosen by: those that would be refused come after all others, and last of all those that do next to
        nothing even of what can be wanted here, however little they spoil."""
        gain, wanted = (
            self.wish.sign * trial.measure.gain,
            text_directions.wanted_gain(self.bundle, self.wish, self.start_logit),
        )
        return (
            gain >= LEAST_GAIN * self.expected,
            gain >= LEAST_GAIN * min(self.expected, wanted),
            trial.worth,
        )

    @property
    def expected(self) -> float:
        """Logits that a wish of this strength is expected to gain."""
        return self.bundle.thresholds.standard_gain * min(1.0, abs(self.wish.strength))

    def effect(self, trial: Trial | None) -> Effect:
        """What a trial did, in numbers and with a verdict; None where no method found anything."""
        limits, wish = self.bundle.thresholds, self.wish
        response = text_directions.response(self.bundle, wish)
        clearly = self.wish.sign * (self.start_logit - limits.shown) > CLEAR * limits.standard_gain
        satisfied = clearly and response >= text_directions.LEAST_RESPONSE  # no picture shows wings
        if trial is None:
            return Effect(
                prompt=wish.prompt,
                verdict="refused",
                method=None,
                gain=0.0,
                satisfied=satisfied,
                identity=1.0,
                changed=0.0,
                outside=0.0,
                nearest=nearest(self.bundle, self.target),
            )
        assert self.before is not None
        assert self.start is not None
        gain, reached = (
            self.wish.sign * trial.measure.gain,
            self.wish.sign * (trial.measure.final - limits.shown) > 0,
        )
        verdict = _verdict(gain / max(self.expected, 1e-6), reached, response)
        visible = ((trial.picture - self.before).abs().amax(0) > VISIBLE).float()
        refused = verdict == "refused"
        return Effect(
            prompt=wish.prompt,
            verdict=verdict,
            method=trial.layer.method,
            gain=round(gain, 3),
            satisfied=satisfied,
            identity=round(float(F.cosine_similarity(trial.embedding, self.start, dim=0)), 4),
            changed=round(float(visible.mean()), 4),
            outside=self._outside(visible),
            replaced=() if refused else self.replaced,
            nearest=nearest(self.bundle, self.target) if refused else (),
            notes=self._notes(refused, response),
        )

    def _outside(self, visible: Tensor) -> float:
        if self.state.mask is None:
            return 0.0
        return round(float((visible * (self.state.mask == 0)).sum() / visible.sum().clamp_min(1.0)), 4)

    def _notes(self, refused: bool, response: float) -> tuple[str, ...]:
        if refused:
            return ("not-here",) if response >= text_directions.LEAST_RESPONSE else ()
        return ("region-ignored",) if self.wish.region and self.state.mask is None else ()


def grant(
    canvas: Canvas, layers: Sequence[Adjustment], wish: Change, watch: Progress, patience: float | None = None
) -> tuple[list[Adjustment], Effect]:
    """The adjustments with the wish among them, and what it did; as they were where nothing in the model answers to it.

    ``patience``: seconds that slow methods may take where the fast ones do too little; they are not tried when absent.
    """
    work = Grant(canvas, layers, wish)
    names = (wish.method,) if wish.method else registry.automatic(canvas.bundle, wish)
    trials = work.trials(names, watch)
    best = work.best(trials)
    effect = work.effect(best)
    little = effect.verdict != "done" and not effect.satisfied
    if patience is not None and not wish.method and little and _answers(canvas.bundle, wish):
        trials += work.trials(registry.slow(canvas.bundle), with_deadline(watch, patience))
        best = work.best(trials)
        effect = work.effect(best)
    if (
        effect.verdict == "refused" and effect.satisfied and work.replaced
    ):  # taking the other layers off was all it needed
        return work.kept, effect.model_copy(
            update={"verdict": "done", "replaced": work.replaced, "nearest": ()}
        )
    if best is None or effect.verdict == "refused":
        return list(layers), effect
    return [*work.kept, best.layer], effect


@dataclass(frozen=True)
class Row:
    """One method's answer to a wish: the adjustments after it, the one that is new, what it did and how long it took."""

    method: MethodName
    layers: list[Adjustment]
    layer: Adjustment | None
    effect: Effect
    milliseconds: float


def compare(
    canvas: Canvas, layers: Sequence[Adjustment], wish: Change, names: Sequence[MethodName], watch: Progress
) -> list[Row]:
    """The wish by each method from the same start. Unlike ``grant`` a small effect is shown, not refused."""
    rows = []
    for number, name in enumerate(names):
        watch("find", number, len(names), None)
        begun = time.perf_counter()
        work = Grant(canvas, layers, wish.model_copy(update={"method": name}))
        trial = work.best(work.trials((name,), watch))
        kept = [*work.kept, trial.layer] if trial else list(layers)
        took = round(1000 * (time.perf_counter() - begun), 1)
        rows.append(Row(name, kept, trial.layer if trial else None, work.effect(trial), took))
    return rows


def refreshed(canvas: Canvas, layers: Sequence[Adjustment], watch: Progress) -> list[Adjustment]:
    """Deltas that depend on the picture are found anew where what they were found on has changed."""
    fresh: list[Adjustment] = []
    for layer in layers:
        if layer.basis and layer.basis != _basis(canvas, layer.method, fresh):
            layer = _found_anew(canvas, fresh, layer, watch) or layer
        fresh.append(layer)
    return fresh


def _found_anew(
    canvas: Canvas, below: Sequence[Adjustment], layer: Adjustment, watch: Progress
) -> Adjustment | None:
    """None too where the method is gone: a mapper's file may be deleted, and its deltas stay good."""
    if not registry.METHODS[layer.method].offered(canvas.bundle):
        return None
    work = Grant(canvas, below, layer, kept=True)
    trial = work.best(work.trials((layer.method,), watch))
    return trial.layer if trial is not None else None


def layer_of(canvas: Canvas, below: Sequence[Adjustment], wish: Change, found: Candidate) -> Adjustment:
    """A candidate as an adjustment: the wish is its recipe."""
    delta = text_directions.keep_out(canvas.bundle, found.delta, wish.keep)
    delta = wish.sign * delta  # the direction was turned round; the strength turns it back
    return Adjustment(
        prompt=wish.prompt,
        said=wish.said,
        neutral=wish.neutral,
        strength=wish.strength,
        region=wish.region,
        mask=wish.mask,
        keep=wish.keep,
        method=found.method,
        threshold=found.threshold,
        fingerprint=canvas.bundle.info.fingerprint,
        basis=_basis(canvas, found.method, below),
        most=found.most,
        delta=to_array(delta),
    )


def _basis(canvas: Canvas, method: MethodName, below: Sequence[Adjustment]) -> str:
    """A slow method's delta stays when a layer below it goes: nobody waits for a search that was not asked for."""
    return basis_of(canvas.w, () if registry.METHODS[method].slow else below)


def _without_same(
    bundle: Bundle, layers: Sequence[Adjustment], wish: Change, direction: Tensor
) -> tuple[list[Adjustment], tuple[str, ...]]:
    """The adjustments less those that speak of the same thing as the wish (pink hair after blonde hair)."""
    kept, replaced = [], []
    for layer in layers:
        if layer.method == "variation" or (layer.mask, layer.region) != (wish.mask, wish.region):
            kept.append(layer)
            continue
        same = text_directions.same_thing(
            bundle, layer, text_directions.text_direction(bundle, layer), wish, direction
        )
        replaced.append(layer.prompt) if same else kept.append(layer)
    return kept, tuple(replaced)


def _answers(bundle: Bundle, wish: Change) -> bool:
    return text_directions.response(bundle, wish) >= text_directions.LEAST_RESPONSE


def _verdict(gain: float, reached: bool, response: float) -> Literal["done", "weak", "refused"]:
    """From the gain in standard steps, whether the text describes the result, and how much pictures answer to it."""
    if response < text_directions.LEAST_RESPONSE or gain < LEAST_GAIN:
        return "refused"
    return "done" if reached or gain >= ENOUGH_GAIN else "weak"


def nearest(bundle: Bundle, target: Tensor, count: int = 3) -> tuple[str, ...]:
    """The bundle's example wishes nearest in meaning to a text embedding [D], but for those that say the same."""
    examples = bundle.info.examples
    if not examples:
        return ()
    alike = bundle.clip.encode_text(examples) @ target
    order = [int(number) for number in alike.argsort(descending=True) if float(alike[number]) < 0.97]
    return tuple(examples[number] for number in order[:count])
