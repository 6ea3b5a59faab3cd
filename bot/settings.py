"""Settings, read once from the environment (or a ``.env`` file) and frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import BadSettings
from storage.retention import DAYS


class Settings(BaseSettings):
    """Every setting of the bot; ``.env.example`` explains them."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    discord_token: SecretStr | None = None
    shard_count: int | None = Field(None, ge=1, le=1024, description="as many as Discord advises when absent")
    hear_leavers: bool = Field(False, description="needs the privileged intent of members")
    owner_server: int | None = Field(
        None, ge=1, description="where the commands of the bot's owner are offered; nowhere when absent"
    )
    editor_url: str | None = Field(None, description="an editor that runs elsewhere; the bot starts its own without it")
    editor_token: SecretStr | None = None
    bundle: str | None = None
    bundles_dir: Path | None = None
    faces_model: Path | None = Field(None, description="a YuNet face model (.onnx), for aligning photos of people")
    quality: Literal["draft", "standard", "best"] = Field("standard", description="of new pictures' inversion")
    inversion_seconds: float | None = Field(60.0, gt=0, le=3600, description="about how long it may take")
    editor_memory_gb: float | None = Field(None, gt=0, description="that the editor may have resident on a CPU; 6 when absent")
    data_dir: Path = Path("data")
    database_url: str | None = Field(None, description="SQLite in data_dir when absent")
    web_host: str = "127.0.0.1"
    web_port: int = Field(8010, ge=0, le=65535)
    max_upload_mb: int = Field(25, ge=1, le=200)
    stop_seconds: float = Field(30.0, ge=0, le=3600, description="time to finish what is under way when the bot is stopped")
    retention_days: int = Field(DAYS, ge=1, le=36500)
    c2pa_certificate: Path | None = Field(None, description="PEM chain that results are signed with")
    c2pa_key: Path | None = Field(None, description="its private key, PEM")
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535, description="no metrics are served when absent")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a log."""
        return tuple(secret.get_secret_value() for secret in (self.discord_token, self.editor_token) if secret)

    @property
    def database(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite+aiosqlite:///{(self.data_dir / 'history.sqlite').resolve()}"


def load() -> Settings:
    """The settings. Raises BadSettings, which names the setting and never its value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "?"
        raise BadSettings(name=name, reason=first["msg"]) from None
