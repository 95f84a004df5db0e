"""The demo: connects a fresh installation to the sandbox, and settles its world (`lockstep demo --once`)."""

from __future__ import annotations

import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from backend.ports.errors import ServiceError
from backend.storage import configuration_file
from backend.storage.accounts import create_admin
from backend.storage.tables import conflict, link, mailbox_item, note
from backend.sync.report import RunReport
from backend.wiring import MICROSOFT, SALESFORCE, Lockstep

ADMIN: Final = "admin@harrowpine.example"
LAPS: Final = 8
CONFIGURATION: Final = """\
configurations:
  - name: Harrow & Pine
    contacts: {direction: both}
    events: {direction: both, guests: hold}
    profiles: [Field Sales, Inside Sales]
"""


def prepare(lockstep: Lockstep, credentials: Mapping[str, Any]) -> str:
    """Stores the sandbox's connections, an admin and a configuration for everybody; the admin's password."""
    salesforce, microsoft = credentials["salesforce"], credentials["microsoft"]
    lockstep.connections.save(
        SALESFORCE,
        {
            "login_url": salesforce["login_url"],
            "audience": salesforce["login_url"],
            "consumer_key": salesforce["client_id"],
            "username": salesforce["integration_username"],
        },
        {"private_key": salesforce["private_key"]},
    )
    lockstep.connections.save(
        MICROSOFT,
        {
            "login_url": microsoft["login_url"],
            "graph_url": microsoft["graph_url"],
            "tenant": microsoft["tenant_id"],
            "client_id": microsoft["client_id"],
            "credential": "secret",
            "reach": "everyone",
        },
        {"secret": microsoft["client_secret"]},
    )
    configuration_file.apply(lockstep.configurations, configuration_file.read(CONFIGURATION))
    return create_admin(lockstep.database, lockstep.clock, ADMIN)


@dataclass
class Totals:
    """What `lockstep demo --once` tells. Its JSON form is `as_json`."""

    settled: bool = False
    users: int = 0
    passes: int = 0
    read: dict[str, Counter[str]] = field(default_factory=lambda: {"mailbox": Counter(), "salesforce": Counter()})
    written: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    conflicts: int = 0
    unresolved: int = 0
    errors: list[str] = field(default_factory=list)
    api_calls: dict[str, int] = field(default_factory=dict)
    provider_mails: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The facts, by side and kind."""
        written: dict[str, dict[str, dict[str, int]]] = {}
        for side, name in (("mailbox", "mailbox"), ("crm", "salesforce")):
            written[name] = {
                kind: {
                    word: self.written[f"{side}.{kind}.{op}"]
                    for op, word in (("create", "created"), ("update", "updated"), ("delete", "deleted"))
                }
                for kind in ("contact", "event")
            }
        return {
            "settled": self.settled,
            "provider": "microsoft",
            "users": self.users,
            "passes": self.passes,
            "read": {side: dict(counts) for side, counts in self.read.items()},
            "written": written,
            "skipped": [{"reason": reason, "count": count} for reason, count in sorted(self.skipped.items())],
            "conflicts": self.conflicts,
            "unresolved": self.unresolved,
            "errors": self.errors,
            "api_calls": self.api_calls,
            "provider_mails": self.provider_mails,
            "seconds": round(self.seconds, 2),
        }


def settle(lockstep: Lockstep, control: str, advance: Callable[[int], None] = lambda _count: None) -> Totals:
    """Syncs the seeded world until nothing is left to do, lets people edit both sides, and settles it again."""
    totals, began = Totals(), time.monotonic()
    quiet = _laps(lockstep, totals, advance)
    edited = _post(f"{control}/_sandbox/edits")
    quiet = _laps(lockstep, totals, advance) and quiet and bool(edited)
    totals.settled = quiet and not totals.errors
    _books(lockstep, control, totals)
    totals.seconds = time.monotonic() - began
    return totals


def _laps(lockstep: Lockstep, totals: Totals, advance: Callable[[int], None]) -> bool:
    """Passes of everybody until one lap finds nothing to do; whether that was reached."""
    for _ in range(LAPS):
        rows = lockstep.read_organisation()
        if rows is None:
            totals.errors.append(lockstep.organisation.state().problem or "Salesforce could not be read.")
            return False
        users = [user.user_id for user in lockstep.store.users()]
        totals.users = len(users)
        totals.read["salesforce"]["rows"] += rows
        reports = []
        for user_id in users:
            reports.append(lockstep.sync_user(user_id, "demo"))
            advance(1)
        for report in reports:
            _add(totals, report)
        if all(report.settled for report in reports):
            return True
    return False


def _add(totals: Totals, report: RunReport) -> None:
    totals.passes += 1
    totals.conflicts += report.conflicts
    totals.written.update(report.writes)
    for kind, count in report.read.items():
        totals.read["mailbox"][kind.removeprefix("mailbox.")] += count
    totals.errors += [error.message for error in report.trouble if isinstance(error, ServiceError)]


def _books(lockstep: Lockstep, control: str, totals: Totals) -> None:
    """What was left out and why, from the memory; what the services counted, from the sandbox itself."""
    with lockstep.database.begin() as connection:
        refused = sa.select(link.c.reason, sa.func.count()).where(link.c.state == "held").group_by(link.c.reason)
        outside = (
            sa.select(mailbox_item.c.problem, sa.func.count())
            .where(mailbox_item.c.presence == "outside", mailbox_item.c.problem.is_not(None))
            .group_by(mailbox_item.c.problem)
        )
        for query in (refused, outside, sa.select(note.c.reason, sa.func.count()).group_by(note.c.reason)):
            for reason, count in connection.execute(query):
                totals.skipped[reason] += count
        totals.conflicts = connection.scalar(sa.select(sa.func.count()).select_from(conflict)) or 0
        totals.unresolved = connection.scalar(sa.select(sa.func.count()).select_from(note)) or 0
    counted = _get(f"{control}/_sandbox/calls")["totals"]
    totals.api_calls = {service: found["calls"] for service, found in counted.items()}
    totals.provider_mails = len(_get(f"{control}/_sandbox/outbox")["mails"])


def _get(url: str) -> Any:
    with _OPENER.open(url, timeout=30) as answer:
        return json.load(answer)


def _post(url: str) -> Any:
    request = urllib.request.Request(url, data=b"{}", headers={"Content-Type": "application/json"}, method="POST")  # noqa: S310 - the sandbox's own address
    with _OPENER.open(request, timeout=60) as answer:
        return json.load(answer)


_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Never asks a proxy for this machine."""
