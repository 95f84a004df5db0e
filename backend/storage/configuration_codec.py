"""Configurations as JSON and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from backend.domain.configuration import (
    Condition,
    Configuration,
    ConflictRule,
    ContactFilter,
    DeletionChoice,
    Direction,
    GuestRule,
    KindSettings,
    Operator,
    Ownership,
    Preference,
    Which,
)
from backend.storage.tables import configuration

COLUMNS = (
    configuration.c.id,
    configuration.c.name,
    configuration.c.active,
    configuration.c.version,
    sa.cast(configuration.c.settings, sa.Text).label("settings"),
)


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
    """Inverse of `encode_configuration`, from JSON text; without a name."""
    stored = json.loads(text)
    conditions = stored["contact_filter"]["conditions"]
    return Configuration(
        name="",
        contacts=_kind(stored["contacts"]),
        events=_kind(stored["events"]),
        contact_filter=ContactFilter(
            Ownership(stored["contact_filter"]["ownership"]),
            tuple(Condition(one["field"], Operator(one["operator"]), one["value"]) for one in conditions),
        ),
        preference=Preference(stored["preference"]),
        which=Which(stored["which"]),
        private=stored["private"],
        guests=GuestRule(stored["guests"]),
        days_back=stored["days_back"],
        days_ahead=stored["days_ahead"],
    )


def _kind(stored: dict[str, str]) -> KindSettings:
    return KindSettings(
        Direction(stored["direction"]), ConflictRule(stored["conflict"]), DeletionChoice(stored["deletion"])
    )
