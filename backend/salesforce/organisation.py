"""The whole organisation, read once for everybody with the integration user (sync.md B.4, D-17)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.domain.values import Kind
from backend.ports.answers import Verdict
from backend.ports.crm import NO_FIELDS, CrmUser, OrganisationPage, Record
from backend.ports.errors import CursorExpired, ServiceError
from backend.salesforce import invitees as guest_lists
from backend.salesforce import reading, soql
from backend.salesforce.client import Client, Row
from backend.salesforce.errors import FIELD_NOT_KNOWN, SERVICE
from backend.salesforce.fields import SOBJECTS, Layout, Layouts, layout_of
from backend.salesforce.mapping import USER_FIELDS, moment, record_of, user_of
from backend.salesforce.marks import ACCOUNTS_KEPT, OVERLAP, Mark, advanced, check_age, parsed
from backend.salesforce.streams import Stream, rounds

_STANDARD_USERS: Final = "UserType = 'Standard'"
_ACCOUNT_FIELDS: Final = ("Id", "Name", "SystemModstamp")
_FOLLOWS: Final = "EntitySubscription"
_FOLLOW_FIELDS: Final = ("Id", "ParentId", "SubscriberId", "CreatedDate")
_CONTACT_PREFIX: Final = "003"
_DELETED: Final = {Kind.CONTACT: "deleted Contact", Kind.EVENT: "deleted Event"}
_KIND_OF: Final = {sobject: kind for kind, sobject in SOBJECTS.items()}


@dataclass
class _Gathered:
    """What one reading finds besides the records that it hands on at once."""

    users: list[CrmUser] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    removed: dict[Kind, list[str]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    merged: dict[str, str] = field(default_factory=dict)
    followed: set[tuple[str, str]] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    """Events whose relation rows changed."""


class SalesforceOrganisation:
    """The integration user's view; implements `ports.crm.Organisation`. Not to be shared between threads.

    `events_since`: a full listing leaves out events that ended before that day.
    """

    def __init__(self, client: Client, layouts: Layouts, events_since: date | None = None) -> None:
        self._client = client
        self._layouts = layouts
        self._events_since = events_since
        self._filters: tuple[str, ...] = ()
        self._known: dict[Kind, Layout] = {}
        self._followed = False
        self._invitees = False
        self._pointed: Mapping[Kind, Sequence[str]] = NO_FIELDS

    def identity(self) -> str:
        """See Organisation."""
        return self._client.token.organisation_id

    def fetch(self, kind: Kind, ids: Sequence[str]) -> Mapping[str, Record | Verdict]:
        """See Organisation. `raw` holds the filter fields of the last call of `changes`."""
        if not ids:
            return {}
        layout = self._layout(kind)
        filters = self._raw(layout)
        rows = reading.rows_of(self._client, reading.by_id(layout, ids, (filters or {}).values()))
        return reading.verdicts(layout, ids, rows, filters)

    def find_tagged(self, kind: Kind, keys: Sequence[UUID]) -> list[Record]:
        """See Organisation. `raw` as for `fetch`. Raises AccessLost where the key field is missing."""
        if not keys:
            return []
        layout = self._layout(kind)
        if not layout.key_readable:
            raise reading.keyless(self._client.username, layout)
        filters = self._raw(layout)
        rows = reading.rows_of(self._client, reading.by_key(layout, keys, (filters or {}).values()))
        return [record_of(row, layout, filters) for row in rows]

    def _layout(self, kind: Kind) -> Layout:
        return self._known.get(kind) or self._layouts.get(self._client, kind)

    def changes(
        self,
        mark: str | None,
        filter_fields: Sequence[str],
        *,
        followed: bool = False,
        invitees: bool = False,
        pointed: Mapping[Kind, Sequence[str]] = NO_FIELDS,
    ) -> Iterator[OrganisationPage]:
        """See Organisation. Two calls when nothing changed: what is there, then what is in the Recycle Bin.

        The mark names the fields that it covers, so that nothing has to be described in between. It expires when
        further fields are asked for or a field is withdrawn: only a full listing can serve those.
        """
        before = parsed(mark) if mark is not None else None
        self._followed = followed
        self._invitees = invitees
        try:
            self._prepare(before, filter_fields, pointed)
            yield from self._read(before)
        except ServiceError as error:
            if error.code != FIELD_NOT_KNOWN:
                raise
            self._layouts.forget(self._client.username)
            text = f"Salesforce no longer shows a field that was read so far; everything is read again. {error.message}"
            raise CursorExpired(text, code=error.code, service=SERVICE) from error

    def _prepare(
        self, before: Mark | None, filter_fields: Sequence[str], pointed: Mapping[Kind, Sequence[str]]
    ) -> None:
        wanted = {kind: pointed.get(kind, ()) for kind in Kind}
        if before is None:
            self._known = {kind: self._layouts.pointing(self._client, kind, wanted[kind], afresh=True) for kind in Kind}
        elif set(filter_fields) <= set(before.filters) and before.covers(pointed):
            layouts = {kind: layout_of(kind, before.fields[SOBJECTS[kind]]) for kind in Kind}
            self._known = {kind: layout.pointing(wanted[kind]) for kind, layout in layouts.items()}
        else:
            text = "Contact filters or field maps ask for further fields: Salesforce is read as a whole again."
            raise CursorExpired(text, code="FILTERS", service=SERVICE)
        # What the integration user does not see, nobody's plan is to hold: it is not kept as others saw it.
        self._known = {kind: replace(layout, missing=frozenset()) for kind, layout in self._known.items()}
        self._filters = tuple(filter_fields)
        self._pointed = pointed

    def _read(self, before: Mark | None) -> Iterator[OrganisationPage]:
        found = _Gathered()
        streams = self._living(before)
        started: datetime | None = None
        for started, open_ in rounds(self._client, streams):
            if before is not None:
                check_age(before, started)
            yield self._page(open_, found)
        assert started is not None, "there is always a first round"
        changed = _news(found, before)
        yield from self._contacts_of(changed)
        gone = self._gone(before)
        for _, open_ in rounds(self._client, gone, started, all_rows=True):
            _note_removed(open_, found)
        yield OrganisationPage(
            records={},
            removed={kind: tuple(ids) for kind, ids in found.removed.items()},
            merged=found.merged,
            users=tuple(found.users),
            accounts=frozenset(found.names[id_] for id_ in changed if found.names[id_]),
            followed=frozenset(found.followed) if self._followed else None,
            all_followed=before is None,
            mark=self._mark(before, started, [*streams, *gone], found).text(),
            asked=self._asked(found.events),
        )

    def _asked(self, events: Collection[str]) -> dict[str, tuple[str, ...]]:
        if not events:
            return {}
        layout = self._layouts.get(self._client, Kind.EVENT)  # a mark names selected fields only
        return guest_lists.asked(self._client, events, shared=layout.shared_activities)

    def _living(self, before: Mark | None) -> list[Stream]:
        since = before.since if before else {}
        ended = ""
        if before is None and self._events_since is not None:
            # One day earlier: the last day of whole-day events is kept as its first midnight (SF-094).
            ended = f"EndDateTime >= {self._events_since - timedelta(days=1)}T00:00:00Z"
        contact, event = self._known[Kind.CONTACT], self._known[Kind.EVENT]
        contact_fields = contact.with_fields(contact.known(self._filters).values())
        streams = [
            Stream("Contact", contact_fields, since.get("Contact")),
            Stream("Event", event.selected, since.get("Event"), ended),
            Stream("User", USER_FIELDS, since.get("User"), _STANDARD_USERS),
        ]
        if before is not None:
            streams.append(Stream("Account", _ACCOUNT_FIELDS, since.get("Account")))
        if self._invitees:
            streams.append(guest_lists.living(since.get(guest_lists.RELATION)))
        return streams

    def _page(self, open_: Sequence[Stream], found: _Gathered) -> OrganisationPage:
        records: dict[Kind, tuple[Record, ...]] = {}
        for stream in open_:
            if stream.name == "User":
                found.users += [user_of(row) for row in stream.rows]
            elif stream.name == guest_lists.RELATION:
                found.events |= {row["EventId"] for row in stream.rows}
            elif stream.name == "Account":
                found.accounts |= {row["Id"]: row["SystemModstamp"] for row in stream.rows}
                found.names |= {row["Id"]: row["Name"] for row in stream.rows}
            else:
                kind = _KIND_OF[stream.name]
                records[kind] = self._records(kind, stream.rows)
        return OrganisationPage(records=records, removed={}, merged={})

    def _records(self, kind: Kind, rows: Sequence[Row]) -> tuple[Record, ...]:
        layout = self._known[kind]
        filters = self._raw(layout)
        return tuple(record_of(row, layout, filters) for row in rows)

    def _raw(self, layout: Layout) -> dict[str, str] | None:
        return layout.known(self._filters) if layout.kind is Kind.CONTACT else None

    def _contacts_of(self, changed: Sequence[str]) -> Iterator[OrganisationPage]:
        """Contacts of accounts that changed: a new account name does not touch them (SF-082)."""
        if not changed:
            return
        layout = self._known[Kind.CONTACT]
        fields = layout.with_fields(layout.known(self._filters).values())
        statements = [
            soql.select(fields, "Contact", soql.any_of("AccountId", portion)) for portion in soql.portions(changed)
        ]
        for rows in self._client.query(statements):
            if rows:
                yield OrganisationPage(records={Kind.CONTACT: self._records(Kind.CONTACT, rows)}, removed={}, merged={})

    def _gone(self, before: Mark | None) -> list[Stream]:
        """Deleted rows. A full listing needs none but merged contacts: what else is missing is verified by id."""
        return [*self._deleted(before), *self._follows(before)]

    def _follows(self, before: Mark | None) -> list[Stream]:
        """Who follows what. The object tells when a row was made; a row that was deleted leaves no trace."""
        if not self._followed:
            return []
        since = before.since.get(_FOLLOWS) if before else None
        return [Stream(_FOLLOWS, _FOLLOW_FIELDS, since, "IsDeleted = false", stamp="CreatedDate")]

    def _deleted(self, before: Mark | None) -> list[Stream]:
        fields = tuple(self._known[Kind.CONTACT].known(("Id", "SystemModstamp", "MasterRecordId")))
        name = _DELETED[Kind.CONTACT]
        if before is None:
            merged = "IsDeleted = true AND MasterRecordId != null"
            return [Stream("Contact", fields, None, merged, name=name)] if "MasterRecordId" in fields else []
        since = before.since
        events = _DELETED[Kind.EVENT]
        relations = [guest_lists.removed(since.get(guest_lists.REMOVED))] if self._invitees else []
        return [
            *relations,
            Stream("Contact", fields, since.get(name), "IsDeleted = true", name=name),
            Stream("Event", ("Id", "SystemModstamp"), since.get(events), "IsDeleted = true", name=events),
        ]

    def _mark(self, before: Mark | None, started: datetime, streams: Sequence[Stream], found: _Gathered) -> Mark:
        names = ["Contact", "Event", "User", "Account", _FOLLOWS, *_DELETED.values()]
        if self._invitees:
            names += [guest_lists.RELATION, guest_lists.REMOVED]
        greatest = {stream.name: stream.greatest for stream in streams}
        if before is None:
            # The listing showed everything up to its start, deletions and accounts' names among it.
            greatest |= dict.fromkeys(("Account", *_DELETED.values()), started)
        earlier = before.since if before else {}
        since = {name: advanced(earlier.get(name), greatest.get(name), started) for name in names}
        fields = {
            layout.sobject: list(layout.with_fields(layout.known(self._filters).values()))
            for layout in self._known.values()
        }
        again = {id_: stamp for id_, stamp in found.accounts.items() if moment(stamp) >= since["Account"] - OVERLAP}
        latest = sorted(again.items(), key=lambda entry: entry[1])[-ACCOUNTS_KEPT:]
        pointed = {kind.value: sorted(names) for kind, names in self._pointed.items()}
        return Mark(since, fields, list(self._filters), dict(latest), pointed)


def _news(found: _Gathered, before: Mark | None) -> list[str]:
    """Accounts that no earlier reading has dealt with: the overlap shows them again."""
    dealt_with = before.accounts if before else {}
    return [id_ for id_, stamp in found.accounts.items() if dealt_with.get(id_) != stamp]


def _note_removed(open_: Sequence[Stream], found: _Gathered) -> None:
    for stream in open_:
        if stream.name == _FOLLOWS:
            contacts = (row for row in stream.rows if row["ParentId"].startswith(_CONTACT_PREFIX))
            found.followed |= {(row["SubscriberId"], row["ParentId"]) for row in contacts}
            continue
        if stream.name == guest_lists.REMOVED:
            found.events |= {row["EventId"] for row in stream.rows}
            continue
        kind = Kind.CONTACT if stream.name == _DELETED[Kind.CONTACT] else Kind.EVENT
        for row in stream.rows:
            found.removed[kind].append(row["Id"])
            if row.get("MasterRecordId"):
                found.merged[row["Id"]] = row["MasterRecordId"]
