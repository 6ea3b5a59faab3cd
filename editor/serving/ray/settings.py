"""How a cluster is used. Does not import Ray."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from editor.serving.executor import EngineOptions
from editor.serving.queue import JOBS_PER_USER
from editor.serving.settings import Settings

NAMESPACE = "editor"
"""Ray namespace of the actors that all front servers of a cluster share."""


@dataclass(frozen=True)
class ClusterSettings:
    """What replicas load, where the cluster is, and how many replicas there are.

    ``cpus`` and ``gpus`` are what each replica reserves on its node, ``bundles`` how many it keeps loaded.
    The folders in ``engine`` are the same on all nodes (an image, or a shared file system).
    """

    engine: EngineOptions = field(default_factory=EngineOptions)
    address: str = "auto"
    min_replicas: int = 1
    max_replicas: int = 4
    cpus: float = 1.0
    gpus: float = 0.0
    bundles: int = 4
    per_user: int = JOBS_PER_USER

    @classmethod
    def of(cls, settings: Settings, engine: EngineOptions, per_user: int) -> Self:
        """Take the cluster's part of the settings.

        Folders become absolute, for processes with another working directory.
        """
        absolute = replace(
            engine,
            folders=tuple(folder.resolve() for folder in engine.folders),
            data=engine.data and engine.data.resolve(),
            faces=engine.faces and engine.faces.resolve(),
        )
        fewest, most = settings.replicas
        return cls(
            absolute,
            settings.ray_address,
            fewest,
            most,
            settings.editor_replica_cpus,
            settings.editor_replica_gpus,
            settings.editor_replica_bundles,
            per_user,
        )
