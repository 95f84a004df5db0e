"""Which mapped fields a user can read and write, from describe with that user's token (LS-088, SF-048)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from backend.domain.field_choices import FieldMap, rows_of
from backend.domain.field_types import DescribedField
from backend.domain.fieldmap import GROUPS, ROWS, FieldRow
from backend.domain.values import Kind
from backend.ports.cache import UNSHARED, Entry, ServiceCache
from backend.ports.clock import Clock
from backend.ports.crm import EVERY_RIGHT, FieldAccess, Right
from backend.ports.errors import AccessLost, ServiceError
from backend.salesforce import soql
from backend.salesforce.client import Client
from backend.salesforce.errors import SERVICE

SOBJECTS: Final = {Kind.CONTACT: "Contact", Kind.EVENT: "Event"}
KEY_FIELD: Final = "Lockstep_Key__c"
ACCOUNT_NAME: Final = "Account.Name"
GOOD_FOR: Final = timedelta(hours=12)
RIGHTS_GOOD_FOR: Final = timedelta(hours=1)
"""Shorter where a right lacks: somebody is going to give it."""

_WITHOUT_CONTACTS: Final = "one app"
"""Part of the name of the licence that has no contacts."""

_SYSTEM: Final = (
    "Id", "OwnerId", "IsDeleted", "SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", KEY_FIELD,
)  # fmt: skip
_OWN: Final = {
    Kind.CONTACT: ("AccountId", "LastActivityDate", "IsPersonAccount", "MasterRecordId"),
    Kind.EVENT: (
        "IsChild",
        "IsRecurrence",
        "IsRecurrence2",
        "WhoId",
        "WhatId",
        "Recurrence2PatternText",
        "Recurrence2PatternStartDate",
        "Recurrence2PatternTimeZone",
    ),
}
_CARRIER: Final = {ACCOUNT_NAME: "AccountId"}
"""Describe lists the lookup; whoever reads the lookup reads the name behind it."""


@dataclass(frozen=True)
class Layout:
    """What one user can do with the fields of one object.

    names: every readable field, by lower-case name · groups: readable rows of the field map, by group ·
    selected: fields of a SELECT · creatable, updatable: fields that may be sent · rights: to the object as a whole ·
    further: fields that field maps point to, by lower-case name · missing: those of them that do not show ·
    licence: the user's, known only where the object is not there for him at all.
    """

    kind: Kind
    names: Mapping[str, str]
    groups: Mapping[str, tuple[FieldRow, ...]]
    selected: tuple[str, ...]
    creatable: frozenset[str]
    updatable: frozenset[str]
    rights: frozenset[Right] = EVERY_RIGHT
    further: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    licence: str = ""

    @property
    def sobject(self) -> str:
        """API name of the object."""
        return SOBJECTS[self.kind]

    @property
    def key_readable(self) -> bool:
        """Whether records can be found by our key."""
        return KEY_FIELD in self.selected

    @property
    def key_creatable(self) -> bool:
        """Whether records can be created with our key; without it nothing is created (B.7)."""
        return self.key_readable and KEY_FIELD in self.creatable

    @property
    def shared_activities(self) -> bool:
        """Whether the organisation relates several people to one event: `EventWhoIds` is there only then."""
        return "eventwhoids" in self.names

    @property
    def person_accounts(self) -> bool:
        """Whether the organisation has person accounts."""
        return "ispersonaccount" in self.names

    @property
    def hidden(self) -> frozenset[str]:
        """Groups of which nothing can be read. The parts of a name or an address are readable together or not."""
        return frozenset(GROUPS[self.kind]) - self.groups.keys()

    def access(self, field_map: FieldMap) -> FieldAccess:
        """What can be done with the groups, each in the fields that the field map names.

        A group is locked that can be read, and no part of which can be changed.
        """
        mapped = rows_of(self.kind, field_map)
        hidden = frozenset(GROUPS[self.kind]) - {row.group for row in mapped if self._carrier(row) in self.names}
        open_ = frozenset(row.group for row in mapped if self.names.get(self._carrier(row)) in self.updatable)
        return FieldAccess(hidden, frozenset(GROUPS[self.kind]) - hidden - open_)

    @staticmethod
    def _carrier(row: FieldRow) -> str:
        return _CARRIER.get(row.salesforce, row.salesforce).casefold()

    def known(self, wanted: Iterable[str]) -> dict[str, str]:
        """Those of the wanted fields that this user can read: name as given -> name as Salesforce spells it."""
        return {name: self.names[name.casefold()] for name in wanted if name.casefold() in self.names}

    def with_fields(self, further: Iterable[str]) -> tuple[str, ...]:
        """Fields of a SELECT with further ones, each once: Salesforce refuses a field that is named twice."""
        return tuple(dict.fromkeys((*self.selected, *further)))

    def pointing(self, wanted: Sequence[str]) -> Layout:
        """The layout that also reads fields of field maps, as far as they show."""
        further = {name.casefold(): spelled for name, spelled in self.known(wanted).items()}
        missing = frozenset(name.casefold() for name in wanted) - further.keys()
        return replace(self, further=further, missing=missing, selected=self.with_fields(further.values()))


def layout_of(
    kind: Kind,
    readable: Iterable[str],
    creatable: Iterable[str] = (),
    updatable: Iterable[str] = (),
    rights: Iterable[str] = EVERY_RIGHT,
    licence: str = "",
) -> Layout:
    """The layout for fields named by describe."""
    names = {name.casefold(): name for name in readable}
    present = frozenset(names.values())
    groups: dict[str, tuple[FieldRow, ...]] = {}
    for row in ROWS[kind]:
        if row.salesforce in present or _CARRIER.get(row.salesforce) in present:
            groups[row.group] = (*groups.get(row.group, ()), row)
    mapped = (row.salesforce for rows in groups.values() for row in rows)
    system = (name for name in (*_SYSTEM, *_OWN[kind]) if name in present)
    selected = tuple(dict.fromkeys((*system, *mapped)))
    allowed = frozenset(Right(right) for right in rights)
    return Layout(kind, names, groups, selected, frozenset(creatable), frozenset(updatable), allowed, licence=licence)


def described(kind: Kind, answer: Mapping[str, Any]) -> Layout:
    """The layout in the answer of describe."""
    return layout_of(kind, *_names(answer))


def described_fields(client: Client, kind: Kind) -> tuple[DescribedField, ...]:
    """Every field of the object as describe shows it to the client's user."""
    answer = client.get(f"sobjects/{SOBJECTS[kind]}/describe")
    return tuple(
        DescribedField(
            name=field["name"],
            label=field.get("label") or field["name"],
            type=field["type"],
            length=field.get("length") or 0,
            createable=field["createable"],
            updateable=field["updateable"],
            calculated=bool(field.get("calculated")),
            picklist=tuple(value["value"] for value in field.get("picklistValues") or () if value.get("active", True)),
        )
        for field in answer["fields"]
    )


_FLAGS: Final = {Right.CREATE: "createable", Right.EDIT: "updateable", Right.DELETE: "deletable"}


def _names(answer: Mapping[str, Any]) -> tuple[list[str], list[str], list[str], list[str]]:
    """What describe answers: names of the readable, the creatable, the updatable fields; rights to the object."""
    fields = answer["fields"]
    return (
        [field["name"] for field in fields],
        [field["name"] for field in fields if field["createable"]],
        [field["name"] for field in fields if field["updateable"]],
        [Right.READ, *(right for right, flag in _FLAGS.items() if answer.get(flag, True))],
    )


class Layouts:
    """Layouts of all users, each kept for half a day, for other processes in a cache; safe to share between threads."""

    def __init__(self, clock: Clock, cache: ServiceCache = UNSHARED) -> None:
        self._clock = clock
        self._cache = cache
        self._kept: dict[tuple[str, Kind], tuple[Layout, datetime]] = {}
        self._kept_accounts: dict[str, tuple[frozenset[Right], datetime]] = {}
        self._guard = threading.Lock()

    def rights(self, client: Client, kind: Kind) -> frozenset[Right]:
        """What the client's user may do with the object. Raises the errors of `ports.errors`."""
        return self._layout(client, kind).rights

    def account_rights(self, client: Client) -> frozenset[Right]:
        """What the client's user may do with accounts (LS-078). Raises the errors of `ports.errors`."""
        with self._guard:
            kept = self._kept_accounts.get(client.username)
        if kept is not None and self._clock.now() < kept[1]:
            return kept[0]
        entry = self._cache.get(f"{client.username} Account", lambda: _account_rights(client))
        rights = frozenset(map(Right, json.loads(entry.text)))
        with self._guard:
            self._kept_accounts[client.username] = (rights, self._clock.now() + (entry.lasts or GOOD_FOR))
        return rights

    def get(self, client: Client, kind: Kind) -> Layout:
        """The layout for the client's user. Raises the errors of `ports.errors`; who may not read has AccessLost."""
        layout = self._layout(client, kind)
        if Right.READ in layout.rights:
            return layout
        raise _unread(client.username, layout)

    def _layout(self, client: Client, kind: Kind) -> Layout:
        with self._guard:
            kept = self._kept.get((client.username, kind))
        if kept is not None and self._clock.now() < kept[1]:
            return kept[0]
        entry = self._cache.get(_subject(client.username, kind), lambda: _asked(client, kind))
        layout = layout_of(kind, *json.loads(entry.text))
        with self._guard:
            self._kept[client.username, kind] = (layout, self._clock.now() + (entry.lasts or GOOD_FOR))
        return layout

    def pointing(self, client: Client, kind: Kind, wanted: Sequence[str], *, afresh: bool) -> Layout:
        """The layout that also reads these fields of field maps. `afresh`: asked again where it lacks one of them."""
        layout = self.get(client, kind)
        if afresh and len(layout.known(wanted)) < len(wanted):
            self.forget(client.username)
            layout = self.get(client, kind)
        return layout.pointing(wanted)

    def forget(self, username: str) -> None:
        """Ask again: a field that was there is refused now, or one that is needed was not there."""
        for kind in Kind:
            with self._guard:
                self._kept.pop((username, kind), None)
            self._cache.forget(_subject(username, kind))


def _subject(username: str, kind: Kind) -> str:
    return f"{username} {SOBJECTS[kind]}"


def _unread(username: str, layout: Layout) -> AccessLost:
    """Why a user has no objects of this kind: his licence (LS-095), or a permission that he lacks (F-7)."""
    things = f"{layout.kind.value}s"
    if layout.kind is Kind.CONTACT and _WITHOUT_CONTACTS in layout.licence.casefold():
        remedy = f"Give {username} a licence with contacts, or set contacts to “don't sync” in the configuration."
        text = f"{things.capitalize()} do not sync: the licence “{layout.licence}” of {username} has none. {remedy}"
        return AccessLost(text, code="LICENCE", service=SERVICE, subject="kind", remedy=remedy)
    remedy = f"Give the permission Read on {layout.sobject}s, by profile or permission set."
    text = f"Salesforce does not let {username} read {things}. {remedy}"
    return AccessLost(text, code="NO_READ", service=SERVICE, subject="kind", remedy=remedy)


def _asked(client: Client, kind: Kind) -> Entry:
    """An object that the user may not read at all is as if it were not there."""
    answer = _describe(client, SOBJECTS[kind])
    if answer is None:
        licence = _licence(client) if kind is Kind.CONTACT else ""
        return Entry(json.dumps(([], [], [], [], licence)), RIGHTS_GOOD_FOR)
    found = _names(answer)
    return Entry(json.dumps(found), _good_for(found[3]))


def _account_rights(client: Client) -> Entry:
    answer = _describe(client, "Account")
    rights = [] if answer is None else _names(answer)[3]
    return Entry(json.dumps(rights), _good_for(rights))


def _good_for(rights: Iterable[str]) -> timedelta:
    return GOOD_FOR if set(rights) == EVERY_RIGHT else RIGHTS_GOOD_FOR


def _describe(client: Client, sobject: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = client.get(f"sobjects/{sobject}/describe")
    except ServiceError as error:
        if error.code != "NOT_FOUND":
            raise
        return None
    return found


def _licence(client: Client) -> str:
    mine = soql.select(("Profile.UserLicense.Name",), "User", f"Username = {soql.quoted(client.username)}")
    ((row,),) = client.query([mine])
    return str(row["Profile"]["UserLicense"]["Name"])
