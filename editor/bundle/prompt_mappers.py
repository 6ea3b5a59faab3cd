"""Files of mappers that are trained for one prompt: safetensors whose metadata names the prompt.

Some come with a bundle, in its folder ``mappers``. Those that an installation trains are kept in its data
folder, so that shipped files are never changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from editor.api.errors import BadCheckpoint
from editor.networks.styleclip_mapper import LEVELS, LevelMapper

logger = logging.getLogger(__name__)

FOLDER = "mappers"


class TrainedMapper(BaseModel):
    """A mapper and what it was trained for.

    ``fingerprint`` names the generator; ``gain`` is in logits, measured on samples that it was not trained
    on.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    prompt: str
    neutral: str | None
    fingerprint: str
    steps: int
    gain: float
    network: LevelMapper = Field(exclude=True)

    @property
    def name(self) -> str:
        """Name of the file, the same for the same prompt and neutral text."""
        words = re.sub(r"[^a-z0-9]+", "-", self.prompt.lower()).strip("-")[:40] or "mapper"
        digest = hashlib.sha256(json.dumps([self.prompt, self.neutral]).encode()).hexdigest()[:8]
        return f"{words}-{digest}.safetensors"


def own_folder(data: Path, bundle: str) -> Path:
    """Return where an installation keeps its own mappers for a bundle."""
    return data / "bundles" / bundle / FOLDER


def save(folder: Path, trained: TrainedMapper) -> Path:
    """Write a mapper's file, replacing an older one for the same prompt atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / trained.name
    recipe = trained.model_dump() | {"levels": list(trained.network.levels)}
    tensors = {key: value.half().contiguous() for key, value in trained.network.state_dict().items()}
    temporary = path.with_suffix(".tmp")
    save_file(tensors, temporary, metadata={"recipe": json.dumps(recipe)})
    os.replace(temporary, path)
    return path


def load(path: Path, device: torch.device) -> TrainedMapper:
    """Read a mapper's file; the network is frozen. Raises BadCheckpoint if it is none."""
    try:
        with safe_open(path, framework="pt") as file:
            recipe = json.loads((file.metadata() or {})["recipe"])
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 - not a dict
        levels = tuple(level for level in LEVELS if level in recipe["levels"])
        network = LevelMapper(tensors["w_mean"], tensors["w_std"], levels)
        network.load_state_dict(tensors)
        return TrainedMapper(**recipe, network=network.to(device).eval().requires_grad_(False))
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadCheckpoint(f"{path.name} is not a mapper for a prompt.") from error


def load_all(folders: Iterable[Path], fingerprint: str, device: torch.device) -> tuple[TrainedMapper, ...]:
    """Read the mappers for one generator.

    A later folder's mapper replaces an earlier one for the same prompt.
    """
    found: dict[str, TrainedMapper] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.safetensors"))):
        try:
            trained = load(path, device)
        except BadCheckpoint as error:
            logger.error("a mapper was not loaded: %s", error)
            continue
        if trained.fingerprint == fingerprint:
            found[trained.name] = trained
        else:
            logger.warning("the mapper %s was not loaded: it was made for another generator", path.name)
    return tuple(found.values())


def with_one(mappers: Sequence[TrainedMapper], trained: TrainedMapper) -> tuple[TrainedMapper, ...]:
    """Return the mappers with a new one, which replaces an older one for the same prompt."""
    return (*(one for one in mappers if one.name != trained.name), trained)
