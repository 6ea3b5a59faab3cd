"""How a cluster is used, read once from the environment. Imports nothing of Ray: a front that does without has none."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from editor.api.errors import BadRequest

NAMESPACE = "editor"
"""Of the actors that all front servers of one cluster share."""


@dataclass(frozen=True)
class Engines:
    """What every replica loads; the folders are the same on all nodes (an image, or a shared file system)."""

    folders: tuple[Path, ...] = ()
    device: str | None = None
    data: Path | None = None
    faces: Path | None = None
    batch: int = 1
    """Rows that a replica's jobs may share, as ``LocalExecutor`` has it."""


@dataclass(frozen=True)
class Cluster:
    """``least`` and ``most``: replicas. ``cpus``, ``gpus``: what each takes of its node. ``models``: bundles that one keeps."""

    engines: Engines
    address: str = "auto"
    least: int = 1
    most: int = 4
    cpus: float = 1.0
    gpus: float = 0.0
    models: int = 4
    per_user: int = 8

    @classmethod
    def read(cls, engines: Engines, per_user: int, environment: Mapping[str, str] | None = None) -> Cluster:
        """From ``RAY_ADDRESS``, ``EDITOR_REPLICAS`` ("1-4"), ``EDITOR_REPLICA_CPUS``, ``EDITOR_REPLICA_GPUS`` and
        ``EDITOR_REPLICA_BUNDLES``. Raises BadRequest where one of them makes no sense."""
        given = os.environ if environment is None else environment
        try:
            ends = [int(end) for end in (given.get("EDITOR_REPLICAS") or "1-4").split("-")]
            cluster = cls(
                engines,
                given.get("RAY_ADDRESS") or "auto",
                ends[0],
                ends[-1],
                cpus=float(given.get("EDITOR_REPLICA_CPUS") or 1),
                gpus=float(given.get("EDITOR_REPLICA_GPUS") or 0),
                models=int(given.get("EDITOR_REPLICA_BUNDLES") or 4),
                per_user=per_user,
            )
        except ValueError as error:
            raise BadRequest(f"The settings of the cluster make no sense: {error}.") from None
        if not 1 <= cluster.least <= cluster.most or len(ends) > 2 or cluster.models < 1:
            raise BadRequest("The settings of the cluster make no sense: EDITOR_REPLICAS is like '1-4'.")
        return cluster


def absolute(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Folders as a process in another working directory needs them."""
    return tuple(folder.resolve() for folder in folders)
