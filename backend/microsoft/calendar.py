"""Reading the default calendar: delta over a window, series whole from their masters, search (MS-024 to MS-032).

A delta's occurrences only tell which master to read (E-1); nothing is concluded from an occurrence that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from backend.domain.identity import natural_key
from backend.domain.values import AllDay, Kind, Timed
from backend.microsoft import elsewhere, tags
from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.delta import DeltaPage, Lists
from backend.microsoft.errors import SERVICE, Treatment, as_error
from backend.microsoft.event_map import FIELDS, SERIES_QUERY, event_item
from backend.microsoft.places import Places
from backend.microsoft.tags import literal, query
from backend.microsoft.throttle import Gate
from backend.microsoft.transport import Transport
from backend.ports.answers import Verdict
from backend.ports.errors import Malformed
from backend.ports.mailbox import Caps, Item, Page, Probe, Span

PAGE_SIZES: Final = (250, 50, 10)
"""Large pages first; heavy calendars answer 5xx to them (MS-038)."""
FOUND: Final = 100
LONGEST_WINDOW: Final = timedelta(days=1825)
"""Longer ones are refused (MS-128)."""
_MARGIN: Final = timedelta(days=1)
"""All-day events are matched as UTC days, so the window is widened and the engine filters (MS-129)."""
_MEMBERS: Final = frozenset({"occurrence", "exception"})
_FATAL: Final = frozenset({Treatment.RETRY, Treatment.PARK_USER, Treatment.STOP_ALL})

Row = dict[str, Any]


class CalendarReader:
    """The default calendar of one mailbox. `owner` tells the owner's address, as far as it is known."""

    def __init__(
        self,
        transport: Transport,
        gate: Gate,
        batches: Batches,
        lists: Lists,
        places: Places,
        owner: Callable[[], str | None],
    ) -> None:
        self._transport = transport
        self._gate = gate
        self._batches = batches
        self._lists = lists
        self._places = places
        self._owner = owner

    def calendar(self) -> str:
        """Id of the default calendar (LS-102)."""
        answer = self._transport.get(query(self._places.calendar, (("$select", "id"),)), "calendar.get", self._gate)
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise Malformed("Microsoft Graph does not name the default calendar.", service=SERVICE)
        return str(answer["id"])

    # --- changes ----------------------------------------------------------------------------------------------------

    def changes(self, cursor: str | None, span: Span) -> Iterator[Page]:
        """See Mailbox.changes. Idle: one call. Masters that changed are read whole, twenty in a call."""
        known: set[str] = set()
        for page in self._lists.delta(self._first(span), cursor, "calendarView.delta", PAGE_SIZES):
            yield self._page(page, known)

    def _first(self, span: Span) -> str:
        first = span.first - _MARGIN
        last = min(span.end + _MARGIN, first + LONGEST_WINDOW)
        options = (("startDateTime", _midnight(first)), ("endDateTime", _midnight(last)))
        return query(self._places.calendar_view_delta, options)

    def _page(self, page: DeltaPage, known: set[str]) -> Page:
        singles = [row for row in page.rows if _type(row) not in _MEMBERS and _type(row) != "seriesmaster"]
        masters = [row["id"] for row in page.rows if _type(row) == "seriesmaster"]
        members: dict[str, list[Row]] = {}
        for row in page.rows:
            if _type(row) in _MEMBERS and row.get("seriesMasterId"):
                members.setdefault(row["seriesMasterId"], []).append(row)
        wanted = list(dict.fromkeys([*masters, *(master for master in members if master not in known)]))
        known.update(wanted)
        items = [event_item(row, self._owner()) for row in singles]
        removed = list(page.removed)
        orphans: list[Row] = []
        for id_, outcome in zip(wanted, self._whole(wanted), strict=True):
            if not outcome.missing:
                items.append(self._master(id_, outcome))
            elif id_ in masters:
                removed.append(id_)
            else:
                orphans += members[id_]
        return Page((*items, *self._orphans(orphans)), tuple(removed), page.link)

    def _whole(self, ids: Sequence[str]) -> list[Outcome]:
        return self._batches.read(
            [Inner("GET", f"{self._places.event(id_)}?{SERIES_QUERY}") for id_ in ids], "events.get"
        )

    def _master(self, id_: str, outcome: Outcome) -> Item:
        if outcome.ok:
            return event_item(outcome.body, self._owner())
        refused = outcome.refusal
        if refused.row.treatment in _FATAL:
            # The round is given up with its cursor, so that the change is not lost.
            raise as_error(refused)
        return Item(id_, "", {}, Caps.NONE, problem=refused.sentence)

    def _orphans(self, rows: Iterable[Row]) -> list[Item]:
        """Occurrences whose master is verified absent: single events (D-1)."""
        full = [row for row in rows if _type(row) == "exception"]
        bare = [row["id"] for row in rows if _type(row) != "exception"]
        outcomes = self._whole(bare)
        found = [self._master(id_, outcome) for id_, outcome in zip(bare, outcomes, strict=True) if not outcome.missing]
        return [*(event_item(row, self._owner()) for row in full), *found]

    # --- by id and by content ---------------------------------------------------------------------------------------

    def fetch(self, calendar: str, ids: Sequence[str]) -> Mapping[str, Item | Verdict]:
        """See Mailbox.fetch. What is not in the calendar is looked for in the others: OUTSIDE, else GONE."""
        requests = [Inner("GET", f"{self._places.event_in(calendar, id_)}?{SERIES_QUERY}") for id_ in ids]
        found: dict[str, Item | Verdict] = {}
        absent: list[str] = []
        for id_, outcome in zip(ids, self._batches.read(requests, "events.get"), strict=True):
            if outcome.ok:
                found[id_] = event_item(outcome.body, self._owner())
            elif outcome.missing:
                absent.append(id_)
            else:
                found[id_] = Verdict.UNKNOWN
        elsewhere = [Inner("GET", query(self._places.event(id_), (("$select", "id"),))) for id_ in absent]
        for id_, outcome in zip(absent, self._batches.read(elsewhere, "events.get"), strict=True):
            found[id_] = Verdict.OUTSIDE if outcome.ok else Verdict.GONE if outcome.missing else Verdict.UNKNOWN
        return found

    def find_tagged(self, keys: Sequence[UUID]) -> list[Item]:
        """See Mailbox.find_tagged."""
        wanted = set(keys)
        found: dict[str, Item] = {}
        for outcome in self._batches.read([self.search(text) for text in tags.filters(keys)], "events.find"):
            found |= {item.id: item for item in self.found(outcome) if item.key_tag in wanted}
        return list(found.values())

    def find_elsewhere(self, calendar: str, keys: Sequence[UUID]) -> Mapping[UUID, str]:
        """See Mailbox.find_elsewhere."""
        first = query(self._places.calendars, (("$select", "id"), ("$top", "100")))
        rows = (row for page in self._lists.rows(first, "calendars.list", (100,)) for row in page)
        others = [str(row["id"]) for row in rows if row["id"] != calendar]
        return elsewhere.find(self._batches, map(self._places.events_in, others), keys, "events.find")

    def search(self, text: str) -> Inner:
        """A request for the events of the calendar that satisfy a filter, with our tag."""
        options = (("$filter", text), ("$select", FIELDS), ("$expand", tags.expand((tags.TAG,))), ("$top", str(FOUND)))
        return Inner("GET", query(self._places.events, options))

    def found(self, outcome: Outcome) -> list[Item]:
        """What a search found; series are read whole. The tag counts before the transaction id here."""
        if not outcome.ok:
            raise as_error(outcome.refusal)
        rows: list[Row] = outcome.body["value"]
        masters = [row["id"] for row in rows if row.get("recurrence")]
        whole = dict(zip(masters, self._whole(masters), strict=True))
        items = []
        for row in rows:
            item = self._master(row["id"], whole[row["id"]]) if row["id"] in whole else event_item(row, self._owner())
            items.append(replace(item, key_tag=tags.tag_of(tags.properties(row)) or item.key_tag))
        return items

    def find_like(self, probes: Sequence[Probe]) -> Mapping[UUID, list[Item]]:
        """See Mailbox.find_like: equal subject, start and end (LS-111); a series by its first occurrence."""
        answer: dict[UUID, list[Item]] = {probe.id: [] for probe in probes}
        asked = [(probe, text) for probe in probes if (text := _text(probe)) is not None]
        outcomes = self._batches.read([self.search(text) for _, text in asked], "events.find")
        for (probe, _), outcome in zip(asked, outcomes, strict=True):
            wanted = natural_key(Kind.EVENT, probe.values)
            answer[probe.id] = [item for item in self.found(outcome) if natural_key(Kind.EVENT, item.values) == wanted]
        return answer


def _type(row: Row) -> str:
    return str(row.get("type") or "").casefold()


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _text(probe: Probe) -> str | None:
    """Subject, and a window for the start: a minute, or three days for whole days, whose zone is not known."""
    match probe.values.get("when"):
        case Timed(start, _):
            first = start.astimezone(UTC).replace(second=0, microsecond=0, tzinfo=None)
            last = first + timedelta(minutes=1)
        case AllDay(day, _):
            first = datetime.combine(day, time.min) - _MARGIN
            last = first + 3 * _MARGIN
        case _:
            return None
    subject = probe.values.get("subject")
    start_terms = f"start/dateTime ge '{first.isoformat()}' and start/dateTime lt '{last.isoformat()}'"
    return f"{start_terms} and subject eq {literal(subject)}" if isinstance(subject, str) else start_terms
