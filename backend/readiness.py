"""Whether Salesforce is ready, as it was found when it was connected, and again as long as it was not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from backend.ports.readiness import Check
from backend.salesforce.connection import SalesforceConnection
from backend.storage.connections import Connections

SERVICE: Final = "salesforce"
AGAIN: Final = timedelta(minutes=15)


def problem_in(checks: Iterable[Check]) -> str:
    """What is wrong and what to do; empty if nothing is."""
    return next((f"{check.sentence} {check.remedy}".rstrip() for check in checks if check.ok is False), "")


def look_again(connections: Connections, salesforce: SalesforceConnection, now: datetime) -> None:
    """Checks once more what was not ready: whoever puts it right in Salesforce need not connect anew."""
    stored = connections.load(SERVICE)
    if stored is None or not stored.problem or (stored.checked_at and now - stored.checked_at < AGAIN):
        return
    checks = salesforce.check()
    connections.checked(SERVICE, problem=problem_in(checks), checks=checks)
