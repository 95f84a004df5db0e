"""Writing events. Nothing is sent that would mail a guest unless the write says so; so are guests added.

Each event is read right before it is changed or deleted, and the request carries the version that was read: a guest
invited in between makes it fail instead of being mailed (MS-074 to MS-076, INV-12, INV-27).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.domain.attendees import ATTENDEES, Attendees
from backend.domain.values import AllDay, Timed
from backend.microsoft import tags
from backend.microsoft.batch import Batches, Inner, Outcome
from backend.microsoft.body import with_own_text
from backend.microsoft.calendar import CalendarReader
from backend.microsoft.errors import Treatment
from backend.microsoft.event_map import SERIES_QUERY, SILENT, attendees_body, etag, event_body, event_item, zone_of
from backend.microsoft.occurrences import instance_of, instances_request
from backend.microsoft.outcomes import Prepared, Ready, carried_out, forbidden, gone, moved, refused, repeats
from backend.microsoft.places import Places
from backend.microsoft.transport import IMMUTABLE
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.mailbox import Caps, Item

Row = Mapping[str, Any]

_SERIES_TIME = (
    "Moving a whole series from Salesforce would discard its changed occurrences: move the series in the calendar."
)
_NO_BLOCK = (
    "The description of this online meeting cannot be changed without breaking its join link: change it in Outlook."
)
_NOT_OWN = "The event belongs to another organiser or was cancelled; only its organiser can change it."


@dataclass(frozen=True, slots=True)
class _Look:
    """What was read before a write: a search by tag for creates; the event, and instances for an occurrence.

    shared: other writes of the batch go to the same series; each of them touches the version of the others.
    """

    main: Outcome
    instances: Outcome | None = None
    shared: bool = False


class EventWriter:
    """Writes to the default calendar of one mailbox. `home_zone` tells the mailbox's zone (IANA), asked when needed."""

    def __init__(
        self,
        batches: Batches,
        places: Places,
        reader: CalendarReader,
        owner: Callable[[], str | None],
        home_zone: Callable[[], str],
    ) -> None:
        self._batches = batches
        self._places = places
        self._reader = reader
        self._owner = owner
        self._home_zone = home_zone

    def write(self, calendar: str, writes: Sequence[Write]) -> list[Answer[Item]]:
        """See Mailbox.write. First creates: one call. Others: two, and one more where a series is read back."""
        return carried_out(
            writes, self._batches, "events.write", lambda some: self._prepare(calendar, some), self._read_back
        )

    # --- before -----------------------------------------------------------------------------------------------------

    def _prepare(self, calendar: str, writes: Sequence[Write]) -> Prepared:
        looks = self._look(calendar, writes)
        prepared = [self._prepared(write, looks.get(write.id.hex)) for write in writes]
        return self._with_join_blocks(prepared)

    def _look(self, calendar: str, writes: Sequence[Write]) -> dict[str, _Look]:
        requests: dict[str, Inner] = {}
        for write in writes:
            if repeats(write) and write.key is not None:
                requests[write.id.hex] = self._reader.search(tags.filters([write.key])[0])
            elif write.op is not Op.CREATE and write.target is not None:
                path = f"{self._places.event_in(calendar, write.target)}?{SERIES_QUERY}"
                requests[write.id.hex] = Inner("GET", path)
                if write.original_start:
                    requests[f"{write.id.hex}/instances"] = instances_request(self._places, write)
        outcomes = dict(zip(requests, self._batches.read(list(requests.values()), "events.get"), strict=True))
        targets = Counter(write.target for write in writes)
        return {
            write.id.hex: _Look(
                outcomes[write.id.hex], outcomes.get(f"{write.id.hex}/instances"), targets[write.target] > 1
            )
            for write in writes
            if write.id.hex in outcomes
        }

    def _prepared(self, write: Write, look: _Look | None) -> Ready | Answer[Item]:
        if write.op is Op.CREATE:
            return self._creation(write, look)
        if look is None or not look.main.ok:
            found = look.main if look is not None else Outcome(404)
            return gone(write) if found.missing else refused(write, found)
        whole = event_item(look.main.body, self._owner())
        if write.expect is not None and write.expect != whole.version:
            return moved(write, whole)
        if whole.problem is not None:
            return forbidden(write, "unreadable", whole.problem)
        row: Row | None = look.main.body
        if write.original_start:
            row = instance_of(look.main.body, look.instances, write.original_start)
        if row is None:
            return gone(write)
        return self._guarded(write, row, shared=look.shared)

    def _creation(self, write: Write, look: _Look | None) -> Ready | Answer[Item]:
        known = self._reader.found(look.main) if look is not None else []
        if known:
            return Answer(write.id, Result.EXISTS, known[0])
        body = event_body(write.values, self._zone(write, None), write.key)
        return Ready(write, Inner("POST", self._places.events, body), {})

    def _guarded(self, write: Write, row: Row, *, shared: bool) -> Ready | Answer[Item]:
        item = event_item(row, self._owner())
        refusal = _forbidden(write, row, item)
        if refusal is not None:
            return refusal
        path, version = self._places.event(item.id), None if shared else etag(item.version)
        if write.op is Op.DELETE:
            return Ready(write, Inner("DELETE", path, match=version), row)
        body = event_body(write.values, self._zone(write, row))
        asked = write.values.get(ATTENDEES)
        if isinstance(asked, Attendees):
            body["attendees"] = attendees_body(asked, row)
        return Ready(write, Inner("PATCH", path, body, match=version), row)

    def _zone(self, write: Write, row: Row | None) -> str:
        """Zone for times that bring none: the event's own, else the mailbox's; whole days are the mailbox's."""
        match write.values.get("when"):
            case Timed(_, _, None):
                own = zone_of(row) if row is not None else None
                return own or self._home_zone()
            case Timed(_, _, str() as zone):
                return zone
            case AllDay():
                return self._home_zone()
        return "UTC"

    def _with_join_blocks(self, prepared: Prepared) -> Prepared:
        """Descriptions of online meetings, put in front of the untouched join block (MS-081)."""
        online = [one for one in prepared if isinstance(one, Ready) and _writes_online_text(one)]
        requests = [
            Inner("GET", f"{self._places.event(one.before['id'])}?$select=id,body", prefer=IMMUTABLE) for one in online
        ]
        bodies = dict(zip((one.write.id for one in online), self._batches.read(requests, "events.get"), strict=True))
        return [
            _joined(one, bodies[one.write.id]) if isinstance(one, Ready) and one.write.id in bodies else one
            for one in prepared
        ]

    # --- after ------------------------------------------------------------------------------------------------------

    def _read_back(self, pairs: Sequence[tuple[Ready, Outcome]]) -> list[Answer[Item]]:
        again = {
            target: Inner("GET", f"{self._places.event(target)}?{SERIES_QUERY}")
            for ready, outcome in pairs
            if (target := _to_read(ready, outcome)) is not None
        }
        outcomes = dict(zip(again, self._batches.read(list(again.values()), "events.get"), strict=True))
        return [self._answer(ready, outcome, outcomes.get(_to_read(ready, outcome) or "")) for ready, outcome in pairs]

    def _answer(self, ready: Ready, outcome: Outcome, read: Outcome | None) -> Answer[Item]:
        write = ready.write
        stored = event_item(read.body, self._owner()) if read is not None and read.ok else None
        if not outcome.ok:
            if outcome.refusal.row.treatment is Treatment.EXISTS:
                return Answer(write.id, Result.EXISTS, stored)
            return gone(write) if outcome.missing else refused(write, outcome)
        if write.op is Op.DELETE or stored is not None:
            return Answer(write.id, Result.OK, stored)
        return Answer(write.id, Result.OK, event_item(outcome.body, self._owner()))


def _forbidden(write: Write, row: Row, item: Item) -> Answer[Item] | None:
    if not item.caps & (Caps.UPDATE | Caps.DELETE):
        return forbidden(write, "read_only", _NOT_OWN)
    silent = write.op is Op.UPDATE and SILENT.issuperset(write.values)
    asked = write.values.get(ATTENDEES)
    number = len(asked.people) if isinstance(asked, Attendees) else item.guests
    if (Caps.WOULD_MAIL in item.caps or asked is not None) and not write.notify and not silent:
        people = "one guest" if number == 1 else f"{number} guests"
        return forbidden(write, "would_mail", f"This change would mail {people}; nobody has allowed that yet.")
    if write.op is Op.UPDATE and "when" in write.values and row.get("recurrence"):
        return forbidden(write, "series_time", _SERIES_TIME)
    return None


def _writes_online_text(ready: Ready) -> bool:
    return (
        ready.write.op is Op.UPDATE
        and "description" in ready.write.values
        and bool(ready.before.get("isOnlineMeeting"))
    )


def _joined(ready: Ready, outcome: Outcome) -> Ready | Answer[Item]:
    if not outcome.ok:
        return gone(ready.write) if outcome.missing else refused(ready.write, outcome)
    document = (outcome.body.get("body") or {}).get("content") or ""
    whole = with_own_text(document, ready.request.body["body"]["content"])
    if whole is None:
        return forbidden(ready.write, "join_block", _NO_BLOCK)
    body = {**ready.request.body, "body": {"contentType": "html", "content": whole}}
    request = Inner("PATCH", ready.request.path, body, match=ready.request.match)
    return Ready(ready.write, request, ready.before)


def _to_read(ready: Ready, outcome: Outcome) -> str | None:
    """Id of what is to be read whole after a write: a series, or the event that a repeated create stands for."""
    if not outcome.ok:
        return outcome.refusal.existing_id
    if ready.write.original_start:
        return ready.write.target
    return ready.write.target if ready.write.op is Op.UPDATE and ready.before.get("recurrence") else None
