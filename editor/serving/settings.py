"""The editor's settings, read once from the environment and a ``.env`` file, then frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from editor.api.errors import BadRequest


class Settings(BaseSettings):
    """Every setting of the editor's commands; ``.env.example`` explains them."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True
    )

    editor_token: SecretStr | None = None
    editor_executor: Literal["local", "ray"] = "local"
    editor_batch: int = Field(1, ge=1, le=32, description="rows of several jobs that may be drawn at once")
    editor_memory_gb: float = Field(6.0, gt=0, description="resident memory on a CPU that searches keep to")
    bundles_dir: Path = Path("bundles")
    data_dir: Path = Path("data")
    faces_model: Path | None = Field(None, description="a YuNet face model (.onnx), for aligning photos")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    ray_address: str = "auto"
    editor_replicas: str = Field("1-4", description="fewest and most replicas, or one number for both")
    editor_replica_cpus: float = Field(1.0, ge=0, description="processors that each replica reserves")
    editor_replica_gpus: float = Field(0.0, ge=0, description="GPUs that each replica reserves")
    editor_replica_bundles: int = Field(4, ge=1, description="bundles that each replica keeps loaded")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("editor_replicas")
    @classmethod
    def _is_range(cls, value: str) -> str:
        ends = value.split("-")
        if len(ends) > 2 or not all(end.isdigit() for end in ends) or not 1 <= int(ends[0]) <= int(ends[-1]):
            raise ValueError("it is a number or a range such as 1-4")
        return value

    @property
    def token(self) -> str | None:
        """The secret that the editor demands and its clients send."""
        return self.editor_token.get_secret_value() if self.editor_token else None

    @property
    def replicas(self) -> tuple[int, int]:
        """Fewest and most replicas."""
        ends = self.editor_replicas.split("-")
        return int(ends[0]), int(ends[-1])

    @classmethod
    def read(cls) -> Self:
        """Read the settings. Raises BadRequest, which names the setting that makes no sense."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]).upper() if first["loc"] else "?"
            reason = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
            raise BadRequest(f"The setting {name}='{first['input']}' makes no sense: {reason}.") from None
