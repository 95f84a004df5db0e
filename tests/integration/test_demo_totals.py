"""The totals of `lockstep demo --once --json`, held against what the sandbox itself counted and holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from backend import config
from backend.commands.demo import addresses
from backend.demo import prepare, settle
from backend.sandbox.server import Sandbox
from backend.storage import tables
from backend.wiring import Lockstep

MAILBOX_WRITES = {
    ("contact", "created"): "folderContacts.create",
    ("contact", "updated"): "contacts.update",
    ("contact", "deleted"): "contacts.delete",
    ("event", "created"): "calendar.events.create",
    ("event", "updated"): "events.update",
    ("event", "deleted"): "events.delete",
}
KEY = "Lockstep_Key__c"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed="demo") as running:
        yield running


def test_totals_of_the_demo_are_those_of_the_sandbox(sandbox: Sandbox, database_url: str, tmp_path: Path) -> None:
    told = {**sandbox.credentials(), "ca_pem": sandbox.ca_pem}
    overrides = {"data_dir": tmp_path, "database_url": database_url, **addresses(told, tmp_path)}
    with closing(Lockstep.open(config.load(overrides))) as lockstep:
        prepare(lockstep, told)
        totals = settle(lockstep, sandbox.control_url).as_json()
        lockstep.count_calls()
        booked: Counter[str] = Counter()
        with lockstep.database.connect() as connection:
            for row in connection.execute(sa.select(tables.api_usage)):
                booked[row.service] += row.calls

    assert (totals["settled"], totals["errors"], totals["provider_mails"]) == (True, [], 0)
    assert sandbox.world.outbox == []

    calls: Counter[str] = Counter()
    applied: Counter[str] = Counter()
    for count in sandbox.world.calls.counts():
        calls[count.service] += count.calls
        applied[count.operation] += (count.calls + count.inner) if count.status < 300 else 0
    assert totals["api_calls"] == dict(calls)
    assert {name: booked[name] + booked[f"{name}-token"] for name in calls} == dict(calls), "our books agree"

    written = totals["written"]
    counted = {key: applied[operation] for key, operation in MAILBOX_WRITES.items()}
    assert {key: written["mailbox"][key[0]][key[1]] for key in MAILBOX_WRITES} == counted
    org: Any = sandbox.services["salesforce"].org  # type: ignore[attr-defined]  # a Service by type
    for sobject in ("Contact", "Event"):
        in_bin = [row for row in org.bin_rows() if row["Id"][:3] == {"Contact": "003", "Event": "00U"}[sobject]]
        ours = [row for row in [*org.rows(sobject), *in_bin] if row.get(KEY)]
        assert len(ours) == written["salesforce"][sobject.casefold()]["created"]
        assert len({row[KEY] for row in ours}) == len(ours), "no duplicates"
