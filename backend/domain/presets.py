"""Two whole sets of settings to begin with: ours, and what Lightning Sync did (F.4)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from backend.domain.configuration import (
    CompanyRule,
    Configuration,
    ConflictRule,
    ConflictScope,
    DeletionChoice,
    Direction,
    KindSettings,
    MovedRule,
    OneWay,
    SeriesRule,
)


class Preset(StrEnum):
    """Where a configuration begins."""

    RECOMMENDED = "recommended"
    LIGHTNING_SYNC = "as_lightning_sync"


RECOMMENDED: Final = Configuration("Recommended")
AS_LIGHTNING_SYNC: Final = Configuration(
    "As Lightning Sync did",
    contacts=KindSettings(
        Direction.BOTH, ConflictRule.CRM, DeletionChoice.RECREATE, ConflictScope.RECORD, OneWay.REPLACE
    ),
    events=KindSettings(
        Direction.BOTH, ConflictRule.RECENT, DeletionChoice.DELETE, ConflictScope.RECORD, OneWay.REPLACE
    ),
    company=CompanyRule.CLEAR,
    series=SeriesRule.NATIVE,
    invite_users=True,
    invite_guests=True,
    moved=MovedRule.DELETED,
)
"""LS-080, LS-091, LS-092, LS-096, LS-097, LS-100, LS-114, LS-123, LS-125, LS-128, LS-152, LS-169, LS-170.

The one thing it does not bring back is mail without a question: `guests` still holds what would mail people.
"""

PRESETS: Final = {Preset.RECOMMENDED: RECOMMENDED, Preset.LIGHTNING_SYNC: AS_LIGHTNING_SYNC}
