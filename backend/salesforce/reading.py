"""Looking records up: by id, by our key, by natural key. Few calls for many records (D-12, INV-16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final
from uuid import UUID

from backend.domain.identity import natural_key, strong_key
from backend.domain.projection import project_crm
from backend.domain.values import AllDay, Kind, Name, Timed, Values
from backend.ports.answers import Verdict
from backend.ports.crm import Record
from backend.ports.errors import AccessLost
from backend.ports.mailbox import Probe
from backend.salesforce import soql
from backend.salesforce.client import Client, Row
from backend.salesforce.errors import SERVICE
from backend.salesforce.fields import KEY_FIELD, Layout
from backend.salesforce.mapping import record_of

_KEY_GROUPS: Final = {Kind.CONTACT: ("email", "name", "company"), Kind.EVENT: ("subject", "when")}


def by_id(layout: Layout, ids: Sequence[str], extra: Iterable[str] = ()) -> list[str]:
    """Statements for the rows with these ids; to be run over all rows."""
    return _statements(layout, "Id", ids, extra)


def by_key(layout: Layout, keys: Iterable[UUID], extra: Iterable[str] = ()) -> list[str]:
    """Statements for the rows with these keys; to be run over all rows."""
    return _statements(layout, KEY_FIELD, [str(key) for key in keys], extra)


def _statements(layout: Layout, field: str, values: Sequence[str], extra: Iterable[str] = ()) -> list[str]:
    fields = layout.with_fields(extra)
    return [soql.select(fields, layout.sobject, soql.any_of(field, portion)) for portion in soql.portions(values)]


def keyless(username: str, layout: Layout) -> AccessLost:
    """What to say to a user who may not use our key."""
    remedy = (
        "deploy the package that `lockstep salesforce package` writes, and assign the permission set Lockstep to the "
        "user."
    )
    return AccessLost(
        f"{username} cannot use the field {KEY_FIELD} of {layout.sobject}, without which Lockstep creates nothing: "
        f"{remedy}",
        code="NO_KEY_FIELD",
        service=SERVICE,
        remedy=remedy,
    )


def readable(client: Client, user_id: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of the records the user can read: five questions about 200 each to a call."""
    mine = f"UserId = {soql.quoted(user_id)}"
    statements = [
        soql.select(("RecordId", "HasReadAccess"), "UserRecordAccess", f"{mine} AND {soql.any_of('RecordId', portion)}")
        for portion in soql.portions(ids)
    ]
    found = client.query(statements) if statements else []
    return frozenset(row["RecordId"] for rows in found for row in rows if row["HasReadAccess"])


def rows_of(client: Client, statements: Sequence[str]) -> Iterator[Row]:
    """All rows, those in the Recycle Bin and archived ones too (SF-073)."""
    for rows in client.query(statements, all_rows=True):
        yield from rows


def verdicts(
    layout: Layout, ids: Sequence[str], rows: Iterable[Row], filters: Mapping[str, str] | None = None
) -> dict[str, Record | Verdict]:
    """Each id's state: GONE only for a row marked deleted; what does not show may merely be hidden (SF-088)."""
    found = {row["Id"]: row for row in rows}
    answer: dict[str, Record | Verdict] = {}
    for id_ in ids:
        row = found.get(id_)
        if row is None:
            answer[id_] = Verdict.UNKNOWN
        else:
            answer[id_] = Verdict.GONE if row["IsDeleted"] else record_of(row, layout, filters)
    return answer


def likeness(layout: Layout, probes: Sequence[Probe], owner_id: str) -> list[str]:
    """Statements that find every living record that may equal one of the probes; `sorted_out` decides which do."""
    if layout.kind is Kind.CONTACT:
        return [*_by_address(layout, probes), *_by_name(layout, probes)]
    return _by_start(layout, probes, owner_id)


def _living(layout: Layout, condition: str) -> str:
    return soql.select(layout.selected, layout.sobject, f"IsDeleted = false AND {condition}")


def _by_address(layout: Layout, probes: Sequence[Probe]) -> list[str]:
    addresses = {strong_key(Kind.CONTACT, probe.values) for probe in probes} - {None}
    portions = soql.portions(sorted(address for address in addresses if address))
    return [_living(layout, soql.any_of("Email", portion)) for portion in portions]


def _by_name(layout: Layout, probes: Sequence[Probe]) -> list[str]:
    """By last name only: it is never empty, and a first name may be."""
    names = [probe.values.get("name") for probe in probes]
    last = sorted({name.last for name in names if isinstance(name, Name) and name.last})
    first = {name.first for name in names if isinstance(name, Name) and name.last}
    found = []
    for portion in soql.portions(last):
        condition = soql.any_of("LastName", portion)
        if len(first) <= soql.LIST_LENGTH and None not in first:
            condition += f" AND {soql.any_of('FirstName', sorted(name for name in first if name))}"
        found.append(_living(layout, condition))
    return found


def _by_start(layout: Layout, probes: Sequence[Probe], owner_id: str) -> list[str]:
    """The user's own events only, never a colleague's of the same subject (D-14); `StartDateTime` covers whole days."""
    starts = sorted({start for probe in probes if (start := _start(probe.values)) is not None})
    found = []
    for first in range(0, len(starts), soql.LIST_LENGTH):
        literals = ",".join(soql.instant(start) for start in starts[first : first + soql.LIST_LENGTH])
        own = f"OwnerId = {soql.quoted(owner_id)} AND IsChild = false AND StartDateTime IN ({literals})"
        found.append(_living(layout, own))
    return found


def _start(values: Values) -> datetime | None:
    match project_crm(Kind.EVENT, "when", values.get("when")):
        case Timed(start, _):
            return start
        case AllDay(first, _):
            return datetime.combine(first, time.min, UTC)
    return None


def sorted_out(kind: Kind, probes: Sequence[Probe], records: Iterable[Record]) -> dict[UUID, list[Record]]:
    """The records that equal each probe: by address, else by full name and company; or by subject, start and end."""
    by_key: dict[str, dict[str, Record]] = {}
    for record in records:
        for key in (strong_key(kind, record.values), natural_key(kind, record.values)):
            if key is not None:
                by_key.setdefault(key, {})[record.id] = record
    found: dict[UUID, list[Record]] = {}
    for probe in probes:
        strong, natural = keys_of(kind, probe.values)
        matches = by_key.get(strong or "") or by_key.get(natural or "") or {}
        found[probe.id] = [matches[id_] for id_ in sorted(matches)]
    return found


def keys_of(kind: Kind, values: Values) -> tuple[str | None, str | None]:
    """Strong and natural key of a probe, as its values would read once Salesforce has them."""
    projected = {group: project_crm(kind, group, values[group]) for group in _KEY_GROUPS[kind] if group in values}
    return strong_key(kind, projected), natural_key(kind, projected)
