"""StyleCLIP's global direction as a method: calibrated for each picture, or as its authors published it."""

from __future__ import annotations

import torch.nn.functional as F

from editor.api.protocol import Adjustment, MethodName
from editor.bundle.direction_bank import find_direction
from editor.editing.calibration import calibrate
from editor.editing.methods.base import Candidate, EditTask, Method

ALPHA, BETA = 4.1, 0.15
"""Strength and threshold that the authors' demonstration starts with."""


class GlobalDirection(Method):
    """The direction over channels and named axes, scaled to the standard gain on this picture."""

    name = "direction"

    def find(self, task: EditTask) -> Candidate | None:
        """Return the direction of the atoms above the adjustment's threshold, or above an automatic one."""
        threshold = task.change.threshold if isinstance(task.change, Adjustment) else None
        found = find_direction(task.bundle.bank, task.direction, threshold, task.progress)
        if found is None:
            return None
        return calibrate(task, Candidate(found.delta, self.name, found.threshold))


class PublishedGlobalDirection(Method):
    """StyleCLIP's recipe (Patashnik et al. 2021, section 6) with its own constants, for comparison.

    It uses single channels only, and the prompt against the neutral text without projection or calibration.
    The strongest channel moves by alpha = 4.1 standard deviations; beta is 0.15, or the automatic one of the
    authors' notebook. One sentence replaces their 79 templates: the embedded text tower reads phrases, not
    captions.
    """

    def __init__(self, name: MethodName, threshold: float | None) -> None:
        self.name, self.threshold = name, threshold

    def find(self, task: EditTask) -> Candidate | None:
        """Return alpha times the direction."""
        bundle, change = task.bundle, task.change
        target = bundle.clip.encode_text([change.prompt])[0]
        neutral = bundle.clip.encode_text([change.neutral])[0] if change.neutral else bundle.neutral_embedding
        direction = F.normalize(target - neutral, dim=0) * change.sign
        found = find_direction(bundle.bank.channels_only(), direction, self.threshold, task.progress)
        return None if found is None else Candidate(ALPHA * found.delta, self.name, found.threshold)
