"""The bot's settings, read once from the environment or a ``.env`` file. They never change afterwards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import BadSettings
from storage.blobs import Access, Blobs, blobs_at
from storage.retention import DAYS


class Settings(BaseSettings):
    """Every setting of the bot; ``.env.example`` explains them."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    discord_token: SecretStr | None = None
    shard_count: int | None = Field(None, ge=1, le=1024)
    shard_ids: str | None = Field(None, pattern=r"^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$")
    hear_leavers: bool = False
    owner_server: int | None = Field(None, ge=1)
    editor_url: str | None = None
    editor_token: SecretStr | None = None
    bundle: str | None = None
    bundles_dir: Path | None = None
    faces_model: Path | None = None
    quality: Literal["draft", "standard", "best"] = "standard"
    inversion_seconds: float | None = Field(20.0, gt=0, le=3600)
    search_seconds: float = Field(20.0, ge=0, le=3600)
    editor_memory_gb: float | None = Field(None, gt=0)
    data_dir: Path = Path("data")
    database_url: str | None = None
    blobs_url: str | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_region: str | None = None
    aws_endpoint_url: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = Field(8010, ge=0, le=65535)
    web_password: SecretStr | None = Field(
        None, min_length=8, description="asked for by the web chat; needed beyond loopback"
    )
    max_upload_mb: int = Field(25, ge=1, le=200)
    stop_seconds: float = Field(30.0, ge=0, le=3600)
    retention_days: int = Field(DAYS, ge=1, le=36500)
    c2pa_certificate: Path | None = None
    c2pa_key: Path | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("log_level", mode="before")
    @classmethod
    def _to_upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never appear in a log."""
        secrets = (
            *(self.discord_token, self.editor_token),
            *(self.aws_secret_access_key, self.web_password),
        )
        password = re.search(r"://[^/@]*:([^/@]+)@", self.database_url or "")
        return (
            *(secret.get_secret_value() for secret in secrets if secret),
            *(password.groups() if password else ()),
        )

    @model_validator(mode="after")
    def _shards_exist(self) -> Self:
        if self.shards is not None and (self.shard_count is None or max(self.shards) >= self.shard_count):
            raise ValueError("SHARD_IDS needs SHARD_COUNT, and must be from 0 to SHARD_COUNT - 1")
        return self

    @property
    def shards(self) -> tuple[int, ...] | None:
        """The shards of this process, None for all. Written as ``0-3`` or ``0,2,5-7``."""
        if self.shard_ids is None:
            return None
        ranges = [part.split("-") for part in self.shard_ids.split(",")]
        return tuple(sorted({shard for ends in ranges for shard in range(int(ends[0]), int(ends[-1]) + 1)}))

    @property
    def blobs(self) -> Blobs:
        """The store for pictures. Raises BlobsUnknown."""
        secret = self.aws_secret_access_key.get_secret_value() if self.aws_secret_access_key else None
        access = Access(self.aws_access_key_id, secret, self.aws_region, self.aws_endpoint_url)
        return blobs_at(self.blobs_url or self.data_dir / "pictures", access)

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'history.sqlite').resolve()}"


def load() -> Settings:
    """Read the settings. Raises BadSettings, which names the setting but never its value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        raise BadSettings(name=name, reason=first["msg"]) from None
