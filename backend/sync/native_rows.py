"""Occurrences of Salesforce series at the last look before a request leaves (E-10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Final
from uuid import UUID

from backend.domain.attendees import ATTENDEES
from backend.domain.identity import derived
from backend.domain.projection import equivalent, project_crm
from backend.domain.values import AllDay, Kind, Timed, Values, start_instant
from backend.ports.answers import Answer, Op, Result
from backend.ports.crm import Crm, Record
from backend.sync import native_marks as marks
from backend.sync.own_view import own_values
from backend.sync.settle import Settlement
from backend.sync.sight import seen_record
from backend.sync.state import Intent, LinkState
from backend.sync.store import SyncStore

PATIENCE: Final = 5
"""How often an occurrence is looked for, longer apart each time, before it is made as a single event."""
MAKING: Final = "Salesforce is still making the occurrences of the series; looked for again."
FIRST: Final = "Waits until the first meeting of its Salesforce series is made."
NOT_MADE: Final = "New in the mailbox, made as a single event: Salesforce made no such meeting in its series."
CHANGED: Final = "A meeting of the Salesforce series changed just before the series was written; compared again."
OWN_TEXT: Final = (
    "One write would change every meeting of this Salesforce series, and some of them hold something of their own that "
    "would be lost. Change the series in Salesforce."
)
BEGUN: Final = "It has begun: Salesforce changes it alone, and it stays in its series."
KEPT: Final = (
    "It is to differ from the others of its Salesforce series and would have to be made anew as a single event, but "
    "people in Salesforce related it to other records or invited somebody. Change it in Salesforce."
)


def bound(batch: Sequence[Intent], store: SyncStore, crm: Crm, settlement: Settlement, user_id: int) -> list[Intent]:
    """Creates without those that Salesforce made along with the first one of their series: these are paired."""
    heads = {one.id: head for one in batch if (head := marks.head_of(one.native)) is not None}
    if not heads:
        return list(batch)
    lines = {line.id: line for line in store.lines(Kind.EVENT, ids=set(heads.values()))}
    coming = {link.line_id for link in store.links_of(heads.values()) if link.state is LinkState.CREATING}
    found = crm.series_rows(sorted({line.crm_id for line in lines.values() if line.crm_id}))
    rows = {line.id: found.get(line.crm_id or "", ()) for line in lines.values()}
    free = _free([row for several in rows.values() for row in several], store, settlement, user_id)
    ties = store.ties(lines)
    kept = []
    for one in batch:
        head = heads.get(one.id)
        if head is None:
            kept.append(one)
        elif lines[head].crm_id is None and head in coming:
            settlement.back(one, "series", FIRST)
        elif not _bind(one, [row for row in rows[head] if row.id in free], settlement, ties.get(head, frozenset())):
            if rows[head] and one.attempts < PATIENCE:
                settlement.later(one, "series", MAKING, None, own=False)
            else:
                kept.append(replace(one, rule=NOT_MADE))
    return kept


def _bind(one: Intent, rows: Sequence[Record], settlement: Settlement, ties: frozenset[str]) -> bool:
    """Pairs an occurrence with its row, by the start that it was planned with."""
    start = _start(one.values)
    row = next((row for row in rows if _start(row.values) == start and row.id not in settlement.claimed), None)
    if row is None:
        return False
    line_id = settlement.links[one.link_id].line_id
    settlement.found(one, row, None)
    settlement.changes.ties += [(line_id, target) for target in sorted(ties)]  # Salesforce related them along (I-4)
    return True


def _free(rows: Sequence[Record], store: SyncStore, settlement: Settlement, user_id: int) -> frozenset[str]:
    """Ids of the rows that no pair of this user has."""
    known = store.lines(Kind.EVENT, crm_ids=[row.id for row in rows]) if rows else ()
    for line in known:
        settlement.lines.setdefault(line.id, line)
    taken = {line.crm_id for line in known if user_id in store.users_of_line(line.id)}
    return frozenset(row.id for row in rows if row.id not in taken)


def _start(values: Values) -> datetime | None:
    when = values.get("when")
    return start_instant(when) if isinstance(when, Timed | AllDay) else None


# --- one write for all -----------------------------------------------------------------------------------------------


def harmless(batch: Sequence[Intent], store: SyncStore, crm: Crm, settlement: Settlement) -> list[Intent]:
    """Updates without those of whole series that would overwrite what some occurrence has for itself (INV-6)."""
    targets = {one.id: settlement.target_id(one) or "" for one in batch if one.native == marks.WHOLE}
    if not targets:
        return list(batch)
    found = crm.series_rows(sorted(set(targets.values())))
    versions = store.known_records(Kind.EVENT, [row.id for rows in found.values() for row in rows])
    kept = []
    for one in batch:
        rows = [row for row in found.get(targets.get(one.id, ""), ()) if not row.in_bin]
        unforeseen = [row for row in rows if row.id != targets[one.id] and _unforeseen(row, versions)]
        own = [row for row in unforeseen if _own(one, row, settlement)]
        if not own:
            kept.append(one)
        elif any(row.id in versions for row in own):
            settlement.changes.records += [(Kind.EVENT, seen_record(row)) for row in own]
            settlement.supersede(one, CHANGED)
        else:
            settlement.answer(one, Answer(one.id, Result.REFUSED, None, "EVENT_SERIES", OWN_TEXT))
    return kept


def _unforeseen(row: Record, versions: Mapping[str, datetime]) -> bool:
    """Whether the planner knew nothing of a row, or something older."""
    return row.id not in versions or versions[row.id] < row.version


def _own(one: Intent, row: Record, settlement: Settlement) -> bool:
    """Whether the write would take something from a row that the planner did not know of."""
    values = own_values(Kind.EVENT, settlement.field_map, row)
    started = _start(row.values)
    if "when" in one.values and started is not None and started < _midnight(settlement.now):
        return True
    return any(
        values.get(group) not in (one.from_crm.get(group), project_crm(Kind.EVENT, group, value))
        for group, value in one.values.items()
        if group not in ("when", ATTENDEES)
    )


def _midnight(now: datetime) -> datetime:
    return datetime.combine(now.date(), time.min, UTC)


def followed(sent: Sequence[Intent], crm: Crm, settlement: Settlement) -> None:
    """Reads what the other occurrences have become after a write of a whole series."""
    targets = sorted(
        target for one in sent if one.native == marks.WHOLE and (target := settlement.target_id(one)) is not None
    )
    for rows in crm.series_rows(targets).values() if targets else ():
        settlement.changes.records += [(Kind.EVENT, seen_record(row)) for row in rows if not row.in_bin]
    for one in sent:
        if one.native == marks.WHOLE:
            settlement.look_again(one)


# --- taken out of its series -----------------------------------------------------------------------------------------


def replaceable(batch: Sequence[Intent], store: SyncStore, crm: Crm, settlement: Settlement) -> list[Intent]:
    """Deletions of occurrences that come back as single events, as far as nothing of people's goes along (E-6)."""
    events = {one.id: settlement.target_id(one) or "" for one in batch}
    found = crm.find_people([], sorted(events.values())).ties if batch else {}
    ours: Mapping[UUID, frozenset[str]] = store.ties(settlement.links[one.link_id].line_id for one in batch)
    kept = []
    for one in batch:
        made = ours.get(settlement.links[one.link_id].line_id, frozenset())
        started = _start(one.from_crm)
        if any(tie.target not in made for tie in found.get(events[one.id], ())):
            settlement.answer(one, Answer(one.id, Result.REFUSED, None, "EVENT_SERIES", KEPT))
        elif started is not None and started <= settlement.now:
            _alone(one, settlement)
        else:
            kept.append(one)
    return kept


def _alone(one: Intent, settlement: Settlement) -> None:
    """One that has begun stays in its series and is changed in place, since Salesforce changes it alone (SF-102)."""
    differing = {
        group: value
        for group, value in one.from_mailbox.items()
        if group != ATTENDEES and not equivalent(Kind.EVENT, group, value, one.from_crm.get(group))
    }
    settlement.supersede(one, BEGUN)
    if not differing:
        return
    change = replace(one, id=derived(one.id, marks.PAST), op=Op.UPDATE, values=differing, native=marks.PAST, rule=BEGUN)
    settlement.changes.intents.append(change)


def split(batch: Sequence[Intent]) -> tuple[list[Intent], list[Intent]]:
    """Deletions that come back as single events, and all others."""
    replaced = [one for one in batch if one.op is Op.DELETE and one.native == marks.REPLACED]
    return replaced, [one for one in batch if one not in replaced]
