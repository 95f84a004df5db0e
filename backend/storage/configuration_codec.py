"""Configurations as JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from pydantic import TypeAdapter

from backend.domain.configuration import Configuration
from backend.storage.tables import configuration

COLUMNS = (
    configuration.c.id,
    configuration.c.name,
    configuration.c.active,
    configuration.c.version,
    sa.cast(configuration.c.settings, sa.Text).label("settings"),
)
_ADAPTER: Final = TypeAdapter(Configuration)


def encode_configuration(settings: Configuration) -> dict[str, Any]:
    """Everything but name, active and version, which have columns of their own."""
    data = asdict(settings)
    for column in ("name", "active", "version"):
        del data[column]
    return data


def decode_configuration(row: sa.Row[Any]) -> Configuration:
    """A row of `COLUMNS` as a configuration."""
    return replace(decode_settings(row.settings), name=row.name, active=row.active, version=row.version)


@lru_cache(maxsize=256)
def decode_settings(text: str) -> Configuration:
    """Inverse of `encode_configuration`, from JSON text; without a name. What is not stored has its default."""
    return _ADAPTER.validate_python({"name": ""} | json.loads(text))
