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
    shard_count: int | None = Field(None, ge=1, le=1024, description="by default as many as Discord advises")
    shard_ids: str | None = Field(
        None,
        pattern=r"^\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*$",
        description="shards of this process; by default all",
    )
    hear_leavers: bool = Field(False, description="needs the privileged Server Members intent")
    owner_server: int | None = Field(
        None, ge=1, description="id of the server that has the owner's commands; by default none"
    )
    editor_url: str | None = Field(
        None, description="address of a running editor; by default the bot starts its own"
    )
    editor_token: SecretStr | None = None
    bundle: str | None = None
    bundles_dir: Path | None = None
    faces_model: Path | None = Field(
        None, description="a YuNet face model (.onnx), for aligning photos of people"
    )
    quality: Literal["draft", "standard", "best"] = Field(
        "standard", description="quality of the inversion of new pictures"
    )
    inversion_seconds: float | None = Field(
        20.0, gt=0, le=3600, description="about how long an inversion may take"
    )
    search_seconds: float = Field(
        20.0,
        ge=0,
        le=3600,
        description="about how long a search for a difficult edit may take; 0 for no search",
    )
    editor_memory_gb: float | None = Field(
        None, gt=0, description="resident memory that the editor may use on a CPU; 6 by default"
    )
    data_dir: Path = Path("data")
    database_url: str | None = Field(None, description="SQLAlchemy URL; by default SQLite in data_dir")
    blobs_url: str | None = Field(
        None, description="where pictures are stored: a folder or s3://bucket/prefix; by default in data_dir"
    )
    reader_url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="OpenAI chat API of a language model that reads messages first; by default none",
    )
    reader_model: str | None = Field(None, description="the name of that model")
    reader_key: SecretStr | None = None
    aws_access_key_id: str | None = None
    aws_secret_access_key: SecretStr | None = None
    aws_region: str | None = None
    aws_endpoint_url: str | None = Field(
        None, description="address of S3-compatible storage; by default Amazon's"
    )
    web_host: str = "127.0.0.1"
    web_port: int = Field(8010, ge=0, le=65535)
    max_upload_mb: int = Field(25, ge=1, le=200)
    stop_seconds: float = Field(
        30.0, ge=0, le=3600, description="how long running requests may take when the bot is stopped"
    )
    retention_days: int = Field(DAYS, ge=1, le=36500)
    c2pa_certificate: Path | None = Field(None, description="PEM certificate chain for signing results")
    c2pa_key: Path | None = Field(None, description="PEM private key of the certificate")
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535, description="by default no metrics are served")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("log_level", mode="before")
    @classmethod
    def _to_upper_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never appear in a log."""
        secrets = (self.discord_token, self.editor_token, self.reader_key, self.aws_secret_access_key)
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
