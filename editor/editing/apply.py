"""Application of a change: methods are tried and measured, and the best result becomes an adjustment."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Adjustment, Change, Effect, MethodName, MethodResult, PictureData
from editor.bundle.bundle import Bundle
from editor.editing import orthogonalisation, scoring, text_directions
from editor.editing.methods import registry
from editor.editing.methods.base import Candidate, EditTask
from editor.editing.session import EditSession
from editor.editing.text_directions import EditMeasure
from editor.imaging.arrays import to_array

VISIBLE = 0.08
"""Change of a pixel, in [-1, 1], that a person notices."""
CLEAR = 0.45
"""Share of the standard gain above ``shown`` from which the picture needs no edit. Of drawings above it, 92 %
show what the prompt says (of those above 0.3, 87 %)."""
LEAST_GAIN, ENOUGH_GAIN, GAIN_IF_SHOWN = 0.2, 0.6, 0.3
"""Shares of the standard gain: below the first nothing happened; from the second a change is done, and from
the third if the picture then shows it. Of 36 edits that were looked at, those below it were hardly seen."""
UNDONE_WEIGHT = 1.0
"""Penalty per logit that an earlier edit loses."""
SAME_TEXT = 0.97
"""Cosine from which two texts say the same."""


@dataclass(frozen=True)
class ScoredCandidate:
    """One candidate as an adjustment, the picture that it makes, and its score."""

    adjustment: Adjustment
    picture: Tensor
    """[3, R, R] in [-1, 1]."""
    embedding: Tensor
    """Image embedding [D] of the picture."""
    measure: EditMeasure
    score: float


class CandidateSearch:
    """Finds and scores candidates for one change on a picture with adjustments."""

    def __init__(
        self,
        session: EditSession,
        adjustments: Sequence[Adjustment],
        change: Change,
        keep_all: bool = False,
    ) -> None:
        """Adjustments about the same thing as the change are replaced by it unless ``keep_all``."""
        self.session, self.bundle, self.change = session, session.bundle, change
        self.direction = text_directions.text_direction(self.bundle, change)
        self.target = self.bundle.clip.encode_text([change.prompt])[0]
        replaced = [] if keep_all else [one for one in adjustments if self._is_replaced(one)]
        self.kept = [one for one in adjustments if not any(one is other for other in replaced)]
        self.replaced = tuple(one.prompt for one in replaced)
        self.earlier = [one for one in self.kept if one.method != "variation"]
        self.state = session.state(self.kept, change)

    def _is_replaced(self, adjustment: Adjustment) -> bool:
        elsewhere = (adjustment.mask, adjustment.region) != (self.change.mask, self.change.region)
        if adjustment.method == "variation" or elsewhere:
            return False
        return text_directions.same_subject(self.bundle, adjustment, self.change, self.session.progress)

    def run(self, names: Sequence[MethodName], deadline: float = math.inf) -> list[ScoredCandidate]:
        """Find the candidates of each method, in all variants, draw them and score them.

        Methods that find nothing are left out. ``deadline``: ``time.monotonic`` at which searches end.
        """
        task = EditTask(self.state, self.change, self.direction, self.session.progress, deadline)
        candidates = [registry.get(name, self.bundle).find(task) for name in names]
        adjustments = [
            adjustment_of(self.session, self.kept, self.change, variant)
            for candidate in candidates
            if candidate is not None
            for variant in self._variants(candidate)
        ]
        if not adjustments:
            return []
        deltas = torch.stack([self.session.delta(adjustment) for adjustment in adjustments])
        pictures = self.state.compare(deltas, self.session.progress)
        embeddings = self.bundle.clip.encode_image(pictures)
        inconsistencies = scoring.edit_inconsistency(self.state, pictures, deltas).tolist()
        found = zip(adjustments, pictures, embeddings, inconsistencies, strict=True)
        return [self._score(*parts) for parts in found]

    def _variants(self, candidate: Candidate) -> list[Candidate]:
        """Return the candidate, and variants that spare earlier edits in the same region."""
        region = (self.change.mask, self.change.region)
        earlier = [self.session.delta(one) for one in self.earlier if (one.mask, one.region) == region]
        return orthogonalisation.variants(candidate, earlier, self.bundle.bank.s_std)

    def _score(
        self, adjustment: Adjustment, picture: Tensor, embedding: Tensor, inconsistency: float
    ) -> ScoredCandidate:
        before = self.state.embedding_before
        measure = text_directions.measure(self.bundle, self.direction, self.target, before, embedding)
        score = scoring.score(self.bundle, self.change, measure, inconsistency)
        return ScoredCandidate(
            adjustment, picture, embedding, measure, score - UNDONE_WEIGHT * self._undone(embedding)
        )

    def _undone(self, embedding: Tensor) -> float:
        """Return the logits that earlier edits lose in a picture of this embedding [D]."""
        if not self.earlier:
            return 0.0
        pair = torch.stack([self.state.embedding_before, embedding])
        texts = self.bundle.clip.encode_text([one.prompt for one in self.earlier])
        before, after = self.bundle.clip.logits(pair, texts)
        signs = torch.tensor([one.sign for one in self.earlier], device=before.device)
        return float((signs * (before - after)).clamp_min(0).sum())

    def best(self, candidates: Sequence[ScoredCandidate]) -> ScoredCandidate | None:
        """Return the candidate that is used; None if there is none."""
        return max(candidates, key=self.rank, default=None)

    def rank(self, candidate: ScoredCandidate) -> tuple[bool, bool, float]:
        """Order candidates by score, but those that would be refused after all others.

        Last of all come those that gain next to nothing even of what is wanted here, however little they
        spoil.
        """
        gain = self.change.sign * candidate.measure.gain
        wanted = text_directions.wanted_gain(self.bundle, self.change, self.logit_before)
        least = LEAST_GAIN * min(self.expected_gain, wanted)
        return gain >= LEAST_GAIN * self.expected_gain, gain >= least, candidate.score

    @cached_property
    def logit_before(self) -> float:
        """How well the prompt describes the picture before the change."""
        return float(self.bundle.clip.logits(self.state.embedding_before[None], self.target[None])[0, 0])

    @property
    def expected_gain(self) -> float:
        """Logits that a change of this strength should gain."""
        return self.bundle.thresholds.standard_gain * min(1.0, abs(self.change.strength))

    @cached_property
    def responds(self) -> bool:
        """Whether the model can show what the prompt says at all."""
        return text_directions.responds(self.bundle, self.change)

    @property
    def is_satisfied(self) -> bool:
        """Whether the picture already shows what the prompt says.

        No picture shows what the model does not know.
        """
        limits = self.bundle.thresholds
        clearly = self.change.sign * (self.logit_before - limits.shown) > CLEAR * limits.standard_gain
        return clearly and self.responds

    def effect(self, candidate: ScoredCandidate | None) -> Effect:
        """Describe what a candidate changed; None if no method found any."""
        verdict = self._verdict(candidate) if candidate is not None else "refused"
        refused = verdict == "refused"
        nearest = nearest_examples(self.bundle, self.target) if refused else ()
        if candidate is None:
            return Effect(
                prompt=self.change.prompt,
                verdict=verdict,
                method=None,
                gain=0.0,
                satisfied=self.is_satisfied,
                identity=1.0,
                changed=0.0,
                outside=0.0,
                nearest=nearest,
            )
        visible = ((candidate.picture - self.state.before[0]).abs().amax(0) > VISIBLE).float()
        identity = F.cosine_similarity(candidate.embedding, self.state.embedding_before, dim=0)
        return Effect(
            prompt=self.change.prompt,
            verdict=verdict,
            method=candidate.adjustment.method,
            gain=round(self.change.sign * candidate.measure.gain, 3),
            satisfied=self.is_satisfied,
            identity=round(float(identity), 4),
            changed=round(float(visible.mean()), 4),
            outside=self._outside(visible),
            replaced=() if refused else self.replaced,
            nearest=nearest,
            notes=self._notes(refused),
        )

    def _verdict(self, candidate: ScoredCandidate) -> Literal["done", "weak", "refused"]:
        measure, shown = candidate.measure, self.bundle.thresholds.shown
        share = self.change.sign * measure.gain / max(self.expected_gain, 1e-6)
        if not self.responds or share < LEAST_GAIN:
            return "refused"
        reached = self.change.sign * (measure.final - shown) > 0
        return "done" if share >= (GAIN_IF_SHOWN if reached else ENOUGH_GAIN) else "weak"

    def _outside(self, visible: Tensor) -> float:
        if self.state.mask is None:
            return 0.0
        return round(float((visible * (self.state.mask == 0)).sum() / visible.sum().clamp_min(1.0)), 4)

    def _notes(self, refused: bool) -> tuple[str, ...]:
        if refused:
            return ("not-here",) if self.responds else ()
        return ("region-ignored",) if self.change.region and self.state.mask is None else ()


def apply_change(
    session: EditSession,
    adjustments: Sequence[Adjustment],
    change: Change,
    search_seconds: float | None = None,
) -> tuple[list[Adjustment], Effect]:
    """Apply a change to a picture.

    Args:
        session: The picture.
        adjustments: All that are in force.
        change: What is to be changed.
        search_seconds: How long slow methods may take where fast ones do too little; None for not at all.

    Returns:
        The adjustments with the change among them, unchanged if it is refused, and what it did.
    """
    search = CandidateSearch(session, adjustments, change)
    names = (change.method,) if change.method else registry.automatic(session.bundle, change)
    candidates = search.run(names)
    best = search.best(candidates)
    effect = search.effect(best)
    unsatisfied = effect.verdict != "done" and not effect.satisfied
    if search_seconds is not None and not change.method and unsatisfied and search.responds:
        candidates += search.run(registry.patient(session.bundle), time.monotonic() + search_seconds)
        best = search.best(candidates)
        effect = search.effect(best)
    if effect.verdict == "refused" and effect.satisfied and search.replaced:
        # taking the earlier adjustments off was enough
        updates = {"verdict": "done", "replaced": search.replaced, "nearest": ()}
        return search.kept, effect.model_copy(update=updates)
    if best is None or effect.verdict == "refused":
        return list(adjustments), effect
    return [*search.kept, best.adjustment], effect


def compare_methods(
    session: EditSession,
    adjustments: Sequence[Adjustment],
    change: Change,
    names: Sequence[MethodName],
    paint: Callable[[Sequence[Adjustment]], PictureData],
) -> tuple[MethodResult, ...]:
    """Apply a change by each method from the same start. Unlike ``apply_change`` this keeps small effects.

    ``paint`` returns the user's picture with adjustments.
    """
    rows = []
    for number, name in enumerate(names):
        session.progress("find", number, len(names))
        begun = time.perf_counter()
        search = CandidateSearch(session, adjustments, change.model_copy(update={"method": name}))
        best = search.best(search.run((name,)))
        after = (*search.kept, best.adjustment) if best else tuple(adjustments)
        effect = search.effect(best)
        taken = round(1000 * (time.perf_counter() - begun), 1)
        rows.append(
            MethodResult(
                method=name,
                picture=paint(after),
                adjustment=best.adjustment if best else None,
                adjustments=after,
                effect=effect,
                milliseconds=taken,
            )
        )
    return tuple(rows)


def refresh(session: EditSession, adjustments: Sequence[Adjustment]) -> list[Adjustment]:
    """Find again the deltas that depend on the picture if what they were found on has changed."""
    fresh: list[Adjustment] = []
    for adjustment in adjustments:
        if adjustment.basis and adjustment.basis != _basis(session, adjustment.method, fresh):
            adjustment = _find_again(session, fresh, adjustment) or adjustment
        fresh.append(adjustment)
    return fresh


def _find_again(
    session: EditSession, below: Sequence[Adjustment], adjustment: Adjustment
) -> Adjustment | None:
    """Return None if the method is gone: a mapper's file may be deleted, and its deltas stay valid."""
    if not registry.METHODS[adjustment.method].supports(session.bundle):
        return None
    search = CandidateSearch(session, below, adjustment, keep_all=True)
    best = search.best(search.run((adjustment.method,)))
    return best.adjustment if best is not None else None


def adjustment_of(
    session: EditSession, below: Sequence[Adjustment], change: Change, candidate: Candidate
) -> Adjustment:
    """Return a candidate as an adjustment whose recipe is the change."""
    delta = text_directions.keep_out(session.bundle, candidate.delta, change.keep, session.progress)
    recipe = {name: getattr(change, name) for name in Change.model_fields if name != "method"}
    return Adjustment(
        **recipe,
        method=candidate.method,
        threshold=candidate.threshold,
        fingerprint=session.bundle.info.fingerprint,
        basis=_basis(session, candidate.method, below),
        most=candidate.most,
        delta=to_array(change.sign * delta),  # the direction was reversed, and the strength reverses it again
    )


def _basis(session: EditSession, method: MethodName, below: Sequence[Adjustment]) -> str:
    """Return the basis; a slow method's depends on the latent alone, so that no search runs unasked."""
    return session.basis(() if registry.METHODS[method].slow else below)


def nearest_examples(bundle: Bundle, target: Tensor, count: int = 3) -> tuple[str, ...]:
    """Return the example prompts nearest to a text embedding [D] that do not say the same."""
    examples = bundle.info.examples
    if not examples:
        return ()
    cosines = bundle.clip.encode_text(examples) @ target
    order = [int(number) for number in cosines.argsort(descending=True) if float(cosines[number]) < SAME_TEXT]
    return tuple(examples[number] for number in order[:count])
