"""Every setting of Lockstep, read from the environment (`LOCKSTEP_*`) and `.env`, and validated once.

`load()` is the only way to a `Config`: it names each wrong variable with its remedy, makes the data folder
and creates the two secrets there when the environment does not bring them. Nothing else in the project reads
`os.environ` for settings.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backend.secret_file import read_or_create

PREFIX = "LOCKSTEP_"
ENV_FILE = ".env"

Port = Annotated[int, Field(ge=0, le=65535)]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class ConfigError(Exception):
    """The settings cannot be used; each line of the message names one variable and its remedy."""


class Config(BaseSettings):
    """All settings after validation; `secret_key` and `encryption_keys` are always filled by `load()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
    )

    data_dir: Path = Field(Path("data"), description="folder for the database, the embedded Redis and the secrets")
    database_url: str = Field("", description="SQLAlchemy address; SQLite in the data folder when empty")
    redis_url: str = Field("", description="Redis address; an own server in the data folder when empty")
    public_url: str = Field("", description="address people and providers use; this machine's when empty")
    secret_key: SecretStr = Field(SecretStr(""), description="signs sessions; made in the data folder when empty")
    encryption_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), description="Fernet keys, newest first, separated by commas; made in the data folder when empty"
    )
    salesforce_login_url: str = Field("https://login.salesforce.com", description="Salesforce sign-in and tokens")
    salesforce_audience: str = Field("https://login.salesforce.com", description="audience of Salesforce JWTs")
    microsoft_login_url: str = Field("https://login.microsoftonline.com", description="Microsoft sign-in and tokens")
    graph_url: str = Field("https://graph.microsoft.com", description="Microsoft Graph, without the version")
    ca_bundle: Path | None = Field(None, description="PEM file of further certificate authorities to trust")
    cycle_seconds: int = Field(300, ge=1, le=86400, description="seconds between two readings of Salesforce")
    nightly_hour: int = Field(2, ge=0, le=23, description="hour, UTC, from which the night's work is done, once a day")
    lease_seconds: int = Field(20, ge=3, le=600, description="seconds a pass may be silent before another takes over")
    host: str = Field("127.0.0.1", description="address that the pages listen on")
    port: Port = Field(8000, description="port of the pages")
    sandbox_port: Port = Field(8001, description="port of the sandbox's page and control door (http)")
    web_threads: int = Field(8, ge=1, le=128, description="threads that answer pages")
    workers: int = Field(2, ge=1, le=256, description="worker processes that sync users")
    alert_to: Annotated[tuple[str, ...], NoDecode] = Field((), description="addresses to mail alerts to, with commas")
    alert_from: str = Field("lockstep@localhost", description="sender of alerts")
    alert_smtp_url: SecretStr = Field(SecretStr(""), description="mail server: smtp://user:password@host:587")
    alert_webhook_url: SecretStr = Field(SecretStr(""), description="address that alerts are posted to as JSON")
    ping_url: SecretStr = Field(SecretStr(""), description="address called after each cycle (dead man's switch)")
    log_level: LogLevel = Field("INFO", description="least level that is logged")
    log_json: bool = Field(False, description="one JSON object per log line instead of plain text")

    @field_validator("alert_to", mode="before")
    @classmethod
    def _split_addresses(cls, value: object) -> object:
        return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else value

    @field_validator("alert_to")
    @classmethod
    def _are_addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for one in addresses:
            if one.count("@") != 1 or any(character.isspace() for character in one):
                raise ValueError(f"“{one}” is no e-mail address")
        return addresses

    @field_validator("alert_smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        if value.get_secret_value() and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("is no mail server")
        return value

    @field_validator("alert_webhook_url", "ping_url")
    @classmethod
    def _is_secret_web_address(cls, value: SecretStr) -> SecretStr:
        cls._is_web_address(value.get_secret_value())
        return value

    @field_validator("encryption_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return tuple(key.strip() for key in value.split(",") if key.strip()) if isinstance(value, str) else value

    @field_validator("encryption_keys")
    @classmethod
    def _are_fernet_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for number, key in enumerate(keys, 1):
            if not _is_fernet_key(key.get_secret_value()):
                raise ValueError(f"key {number} is not 32 bytes in URL-safe base64")
        return keys

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, key: SecretStr) -> SecretStr:
        if 0 < len(key.get_secret_value()) < 32:
            raise ValueError("is shorter than 32 characters")
        return key

    @field_validator("salesforce_login_url", "salesforce_audience", "microsoft_login_url", "graph_url", "public_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise ValueError("is no web address")
        return value.rstrip("/")

    @field_validator("redis_url")
    @classmethod
    def _is_redis_address(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("is no Redis address")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("is neither SQLite nor PostgreSQL")
        return value

    @field_validator("ca_bundle")
    @classmethod
    def _holds_certificates(cls, path: Path | None) -> Path | None:
        if path is not None and not (path.is_file() and b"BEGIN CERTIFICATE" in path.read_bytes()):
            raise ValueError("is no file with certificates")
        return path

    @model_validator(mode="before")
    @classmethod
    def _fill_from_others(cls, values: dict[str, Any]) -> dict[str, Any]:
        data_dir = Path(values.get("data_dir") or "data").expanduser().absolute()
        values["data_dir"] = data_dir
        values["database_url"] = values.get("database_url") or f"sqlite:///{data_dir / 'lockstep.db'}"
        if not values.get("public_url"):
            host, port = values.get("host") or "127.0.0.1", values.get("port") or 8000
            values["public_url"] = f"http://{host}:{port}"
        return values

    def with_secrets(self) -> Self:
        """This configuration with both secrets, read from 0600 files of the data folder or created there."""
        secret = self.secret_key.get_secret_value() or read_or_create(self.data_dir / "secret_key", _new_secret)
        keys: tuple[SecretStr, ...] = self.encryption_keys
        if not keys:
            stored = read_or_create(self.data_dir / "encryption_keys", _new_fernet_key)
            keys = tuple(SecretStr(key) for key in stored.replace("\n", ",").split(",") if key.strip())
        return self.model_copy(update={"secret_key": SecretStr(secret), "encryption_keys": keys})


REMEDIES = {
    "alert_smtp_url": "write smtp://user:password@host:587, or smtps://… for TLS from the start",
    "alert_to": "give e-mail addresses separated by commas",
    "ca_bundle": "give the path of a PEM file",
    "cycle_seconds": "give whole seconds between 1 and 86400",
    "database_url": "write sqlite:////absolute/path.db or postgresql+psycopg://user:password@host/name",
    "encryption_keys": "run `lockstep doctor` without it to have a key made, or give Fernet keys separated by commas",
    "log_json": "write true or false",
    "log_level": "write DEBUG, INFO, WARNING or ERROR",
    "redis_url": "write redis://host:6379/0, rediss://… or unix:///path, or leave it empty for an own server",
    "secret_key": "give at least 32 random characters, or leave it empty to have one made",
}
_ADDRESS_REMEDY = "write it like https://host"
_NUMBER_REMEDY = "give a whole number in the allowed range"


def variable(field: str) -> str:
    """The environment variable of a setting: `data_dir` -> `LOCKSTEP_DATA_DIR`."""
    return PREFIX + field.upper()


def load(overrides: Mapping[str, object] | None = None) -> Config:
    """Read, validate and complete the settings; `overrides` (field -> value) win over the environment.

    Raises ConfigError naming each wrong variable, or the data folder when it cannot be written.
    """
    try:
        config = Config(**dict(overrides or {}))  # type: ignore[arg-type]  # field names checked by pydantic
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(problem) for problem in error.errors())) from None
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return config.with_secrets()
    except OSError as error:
        raise ConfigError(
            f"The data folder {config.data_dir} cannot be written ({error.strerror}): "
            f"set {variable('data_dir')} to a folder that this user may write."
        ) from None


def environment(overrides: Mapping[str, object]) -> dict[str, str]:
    """`overrides` as the variables that make a child process load the same configuration."""
    return {variable(field): str(value) for field, value in overrides.items()}


def origin(field: str, config: Config) -> str:
    """Where a setting comes from: `environment`, `.env`, `file` (in the data folder) or `default`."""
    name = variable(field)
    if os.environ.get(name):
        return "environment"
    if dotenv_values(ENV_FILE).get(name):
        return ENV_FILE
    if field in ("secret_key", "encryption_keys"):
        return f"file {config.data_dir / field}"
    return "default"


def unknown_variables() -> list[str]:
    """Variables that begin with LOCKSTEP_ and name no setting: most likely misspelt."""
    known = {variable(field) for field in Config.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(ENV_FILE)) if name.upper().startswith(PREFIX)}
    return sorted(name for name in given - known if not name.startswith(f"{PREFIX}TEST_"))


def _sentence(problem: Mapping[str, Any]) -> str:
    field = str(problem["loc"][0]) if problem["loc"] else "settings"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    if field.endswith("_url") or field == "salesforce_audience":
        remedy = REMEDIES.get(field, _ADDRESS_REMEDY)
    else:
        remedy = REMEDIES.get(field, _NUMBER_REMEDY)
    return f"{variable(field)} cannot be used ({reason}): {remedy}."


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text.encode())) == 32
    except ValueError:
        return False


def _new_secret() -> str:
    return secrets.token_urlsafe(48)


def _new_fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
