"""StyleCLIP's global direction as a method: calibrated for each picture, or as its authors published it."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle import direction_bank
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing.calibration import calibrated
from editor.editing.methods.base import Candidate, State

ALPHA, BETA = 4.1, 0.15
"""Strength and threshold that the authors' demonstration starts with."""


class GlobalDirection:
    """The direction over channels and named axes, scaled so that it gains the bundle's standard step on this picture."""

    name: MethodName = "direction"
    slow = False

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere: a bundle without relevance is none."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The direction of the atoms that answer, by the threshold given or the bank's own; None where none answers."""
        found = direction_bank.find(bundle.bank, direction, getattr(wish, "threshold", None))
        if found is None:
            return None
        return calibrated(
            bundle, state, wish, direction, Candidate(found.delta, self.name, found.threshold), watch
        )


class Published:
    """StyleCLIP's recipe (Patashnik et al. 2021, section 6) with its own constants, to be compared with.

    Single channels alone, text against the neutral text without projection or calibration, the strongest channel moved
    by alpha = 4.1 deviations; beta fixed at 0.15, or the automatic one of the authors' notebook. One sentence frame
    stands for their 79 templates: the embedded text tower reads phrases, not captions.
    """

    slow = False

    def __init__(self, name: MethodName, threshold: float | None) -> None:
        self.name, self.threshold = name, threshold

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere; a bundle never lists it among those that serve."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """Alpha times the direction."""
        target = bundle.clip.encode_text([wish.prompt])[0]
        neutral = bundle.clip.encode_text([wish.neutral])[0] if wish.neutral else bundle.neutral_embedding
        step = F.normalize(target - neutral, dim=0) * wish.sign
        found = direction_bank.find(bundle.bank.channels_only(), step, self.threshold)
        return None if found is None else Candidate(ALPHA * found.delta, self.name, found.threshold)
