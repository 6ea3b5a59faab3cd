"""What every benchmark measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from editor.api.protocol import EditRequest
from editor.bundle.bundle import Bundle
from editor.editing.engine import Engine


@dataclass(frozen=True)
class Setup:
    """An engine, a picture of its bundle and the last follow-up of a conversation about it.

    ``rounds``: how often each work is timed. ``has_targets``: whether targets hold for these networks on this
    device.
    """

    engine: Engine
    bundle: Bundle
    picture: Path
    follow_up: EditRequest
    rounds: int
    has_targets: bool = False

    @property
    def device(self) -> torch.device:
        """The engine's device."""
        return self.engine.device
