"""From what a port reports to what the mirror keeps: content only of what is in scope (data minimisation)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from backend.domain.configuration import SeriesRule
from backend.domain.recurrence import WHOLE, Window
from backend.domain.values import Kind
from backend.ports.answers import Verdict
from backend.ports.crm import Record
from backend.ports.mailbox import Item
from backend.sync.scope import left_out, not_selected
from backend.sync.state import Presence, SeenItem, SeenRecord, UserView

MOVED_AWAY = "Moved out of the folder or calendar that is kept in step."
CANCELLED = "Cancelled by its organiser."
SERIES_STAY = "Repeating events stay where they are: the configuration leaves them alone."
NOT_SELECTED = "Not selected: this configuration syncs events that users select."
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _reason(user: UserView, kind: Kind, item: Item, window: Window, *, linked: bool) -> str | None:
    """Why an item is out of scope; series are judged by their occurrences, not by their first day."""
    if kind is Kind.CONTACT:
        return None
    if item.cancelled:
        return CANCELLED
    if not linked and not_selected(user, item.uid, WHOLE):
        return NOT_SELECTED
    if item.series is not None:
        if user.configuration.series is SeriesRule.OFF:
            return SERIES_STAY
        private = item.values.get("private") and not user.configuration.private
        return f"Private events stay where they are ({user.configuration.name})." if private else None
    return left_out(kind, user.configuration, item.values, window)


def seen_item(user: UserView, kind: Kind, item: Item, window: Window, *, linked: bool = False) -> SeenItem:
    """The mirror row of an item. Of what is out of scope only id, version and the reason are kept."""
    reason = None if item.problem else _reason(user, kind, item, window, linked=linked)
    if reason is not None:
        return SeenItem(
            item.id,
            Presence.OUTSIDE,
            item.version,
            uid=item.uid,
            organizer=item.organizer,
            modified_at=item.modified_at,
            problem=reason,
        )
    return SeenItem(
        mailbox_id=item.id,
        presence=Presence.HERE,
        version=item.version,
        values=item.values,
        caps=item.caps,
        key_tag=item.key_tag,
        uid=item.uid,
        organizer=item.organizer,
        guests=item.guests,
        modified_at=item.modified_at,
        created_at=item.created_at,
        series=item.series,
        problem=item.problem,
    )


def originals_first(items: Iterable[Item]) -> list[Item]:
    """Items found by their tags: a copy carries its original's (MS-092), and is younger."""
    return sorted(items, key=lambda item: (item.created_at or _LONG_AGO, item.id))


_VERDICTS = {
    Verdict.GONE: Presence.GONE,
    Verdict.OUTSIDE: Presence.OUTSIDE,
    Verdict.UNKNOWN: Presence.UNKNOWN,
}


def absent_item(mailbox_id: str, verdict: Verdict) -> SeenItem:
    """The mirror row of an item that a direct look did not find in place."""
    reason = MOVED_AWAY if verdict is Verdict.OUTSIDE else None
    return SeenItem(mailbox_id, _VERDICTS[verdict], problem=reason)


def seen_record(record: Record) -> SeenRecord:
    """The mirror row of a living record."""
    return SeenRecord(
        crm_id=record.id,
        presence=Presence.GONE if record.in_bin else Presence.HERE,
        version=record.version,
        values=record.values,
        key_tag=record.key_tag,
        owner_id=record.owner_id,
        modified_by=record.modified_by,
        last_modified=record.last_modified,
        created_at=record.created_at,
        activity_at=record.activity_at,
        is_child=record.is_child,
        problem=record.problem,
        hidden=record.hidden,
        further=record.further,
        series=record.series,
    )


def absent_record(crm_id: str, verdict: Verdict, version: datetime) -> SeenRecord:
    """The mirror row of a record that a direct look did not find; keeps the version it was last seen with."""
    return SeenRecord(crm_id, _VERDICTS[verdict], version)
