"""Every setting in plain words: its name, one sentence about it, its values; for pages, file and messages alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final

from backend.domain.configuration import (
    CompanyRule,
    Condition,
    Configuration,
    ConflictRule,
    ConflictScope,
    DeletionChoice,
    Direction,
    GuestRule,
    MovedRule,
    OneWay,
    Operator,
    Ownership,
    Preference,
    SeriesRule,
    StartRule,
    Which,
)
from backend.domain.field_choices import FieldMap
from backend.domain.fieldmap import ROWS
from backend.domain.values import Kind

_WORDS: Final[tuple[tuple[StrEnum, str], ...]] = (
    (Direction.OFF, "don't sync"),
    (Direction.TO_CRM, "mailbox to Salesforce"),
    (Direction.TO_MAILBOX, "Salesforce to mailbox"),
    (Direction.BOTH, "both ways"),
    (ConflictRule.CRM, "Salesforce wins"),
    (ConflictRule.MAILBOX, "the mailbox wins"),
    (ConflictRule.RECENT, "the most recent change wins"),
    (ConflictScope.FIELD, "only the fields that both sides changed"),
    (ConflictScope.RECORD, "the whole record"),
    (DeletionChoice.STOP, "keep the other copy and stop following it"),
    (DeletionChoice.RECREATE, "make it again"),
    (DeletionChoice.DELETE, "delete the other copy too, if nobody changed it"),
    (OneWay.KEEP, "keep it until the source changes the same field"),
    (OneWay.REPLACE, "replace it at once"),
    (Preference.ACTIVITY, "the one with the most recent activity"),
    (Preference.UPDATED, "the most recently updated one"),
    (Preference.OLDEST, "the oldest one"),
    (CompanyRule.KEEP, "keep the text in the mailbox"),
    (CompanyRule.CLEAR, "empty the text in the mailbox if nobody resolved it by the next pass"),
    (Ownership.OWN, "contacts that the person owns"),
    (Ownership.ALL, "every contact that the person can read"),
    (Ownership.UNSET, "not chosen: no Salesforce contacts"),
    (Ownership.SELECTED, "Selected Contacts without User's Records: no Salesforce contacts"),
    (Ownership.RECORDS, "User's Records without Selected Contacts: no Salesforce contacts"),
    (Which.ALL, "all events"),
    (Which.SELECTED, "only events that people relate to a record"),
    (SeriesRule.OFF, "leave repeating events alone"),
    (SeriesRule.OCCURRENCES, "one Salesforce event per occurrence"),
    (SeriesRule.NATIVE, "a Salesforce event series where Salesforce can keep one, else one event per occurrence"),
    (GuestRule.HOLD, "ask a person"),
    (GuestRule.SEND, "let the mail go out"),
    (GuestRule.PUT_BACK, "put the mailbox's value back into Salesforce"),
    (GuestRule.LEAVE, "leave both sides as they are"),
    (StartRule.EDITED, "wait until somebody edits them"),
    (StartRule.ALL, "copy them all at once"),
    (MovedRule.PARK, "leave the record and take it up again when the event comes back"),
    (MovedRule.DELETED, "treat it as a deletion"),
)  # fmt: skip
WORDS: Final[Mapping[tuple[type[StrEnum], StrEnum], str]] = MappingProxyType(
    {(type(value), value): text for value, text in _WORDS}
)
"""By kind and value: values of different kinds that are spelt alike are equal."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `key`: its place in the configuration file, which differs from its attribute in a few cases."""

    key: str
    label: str
    meaning: str
    attribute: str

    @property
    def read(self) -> Callable[[Configuration], Any]:
        """Takes the setting's value from a configuration."""
        return attrgetter(self.attribute)

    def put(self, settings: Configuration, value: Any) -> Configuration:
        """The configuration with another value of this setting."""
        outer, _, inner = self.attribute.partition(".")
        if not inner:
            return replace(settings, **{outer: value})
        return replace(settings, **{outer: replace(getattr(settings, outer), **{inner: value})})


_BEYOND: Final = "; Lightning Sync never deleted the other copy of a contact"


def _of_kind(kind: str, noun: str) -> tuple[Setting, ...]:
    return (
        Setting(f"{kind}.direction", "Direction", f"Which way {noun} flow.", f"{kind}.direction"),
        Setting(f"{kind}.conflicts", "Conflicts", "Who wins where both sides changed the same field; the loser is "
                "kept under Conflicts.", f"{kind}.conflict"),
        Setting(f"{kind}.conflict_scope", "A conflict covers", "How much the winner of a conflict takes over.",
                f"{kind}.conflict_scope"),
        Setting(f"{kind}.deletions", "Deletions", "What happens to the other copy when one is deleted"
                f"{_BEYOND if kind == 'contacts' else ''}.", f"{kind}.deletion"),
        Setting(f"{kind}.one_way", "Text on the receiving side", "In a one-way sync, what happens to text that "
                "somebody typed on the receiving side.", f"{kind}.one_way"),
    )  # fmt: skip


def _fields(kind: str) -> Setting:
    return Setting(f"{kind}.fields", "Field map", "Rows of the field map that are switched off or go to another "
                   "Salesforce field.", f"{kind}.field_map")  # fmt: skip


SETTINGS: Final = (
    Setting("active", "Active", "Whether its people sync at all.", "active"),
    *_of_kind("contacts", "contacts"),
    Setting("contacts.match", "Several with one address", "Which of several Salesforce contacts with one address is "
            "taken.", "preference"),
    Setting("contacts.company", "Company without account", "What happens to a company text that names no account.",
            "company"),
    Setting("contacts.company_moves", "A changed company moves the contact", "Whether a changed company text moves a "
            "contact that already has an account to the account of that name.", "company_moves"),
    Setting("contacts.filter.owner", "Whose contacts", "Whose Salesforce contacts appear in the mailbox.",
            "contact_filter.ownership"),
    Setting("contacts.filter.followed", "Followed contacts", "Whether contacts that a person follows in Chatter "
            "appear too, whoever owns them and whatever the conditions say.", "contact_filter.followed"),
    Setting("contacts.filter.conditions", "Conditions", "What a Salesforce contact must fulfil to appear in the "
            "mailbox.", "contact_filter.conditions"),
    _fields("contacts"),
    *_of_kind("events", "events"),
    Setting("events.which", "Which events", "Which events of the mailbox reach Salesforce.", "which"),
    Setting("events.private", "Private events", "Whether private events sync, as private.", "private"),
    Setting("events.series", "Repeating events", "What a repeating event of the mailbox becomes in Salesforce.",
            "series"),
    Setting("events.relate", "Relate automatically", "Whether events are related to the contacts and leads whose "
            "addresses are invited.", "relate"),
    Setting("events.attendees", "Attendees and responses", "Whether attendees and their responses reach Salesforce.",
            "attendees"),
    Setting("events.invite_users", "Invite Salesforce users", "Whether attendees who are Salesforce users become "
            "invitees, which gives each of them a copy in Salesforce.", "invite_users"),
    Setting("events.invite_guests", "Invitees from Salesforce", "Whether invitees set in Salesforce are written to "
            "the mailbox, which mails them an invitation.", "invite_guests"),
    Setting("events.guests", "Meetings with guests", "What happens when a change in Salesforce would make the "
            "mailbox mail guests.", "guests"),
    Setting("events.days_back", "Days back", "How many days ago an event may have ended to be taken.", "days_back"),
    Setting("events.days_ahead", "Days ahead", "How many days ahead occurrences of repeating events are made.",
            "days_ahead"),
    Setting("events.start", "Events that were there before", "When Salesforce events from before the start reach the "
            "mailbox.", "start"),
    Setting("events.moved", "Events moved to another calendar", "What becomes of the Salesforce record of an event "
            "that its owner moves out of the calendar that syncs.", "moved"),
    _fields("events"),
)  # fmt: skip


def in_words(value: Any) -> str:
    """A setting's value as people read it."""
    match value:
        case StrEnum():
            return WORDS[type(value), value]
        case bool():
            return "on" if value else "off"
        case FieldMap():
            return "; ".join(_choice(row, field) for row, field in value.by_row.items()) or "standard"
        case tuple():
            return "; ".join(_condition(one) for one in value) or "none"
    return str(value)


@dataclass(frozen=True, slots=True)
class Change:
    """A setting with two values, in words."""

    setting: Setting
    old: str
    new: str


def changes(before: Configuration, after: Configuration) -> tuple[Change, ...]:
    """What `after` does otherwise, by setting; names and versions do not count."""
    return tuple(
        Change(setting, in_words(old), in_words(new))
        for setting in SETTINGS
        if (old := setting.read(before)) != (new := setting.read(after))
    )


def differences(before: Configuration, after: Configuration) -> tuple[str, ...]:
    """The same, one line for each setting."""
    return tuple(f"{place_of(one.setting)}: {one.old} → {one.new}" for one in changes(before, after))


def warnings(settings: Configuration) -> Iterator[str]:
    """What an admin should know before he saves: settings that mail people, select nothing, or have no effect."""
    yield from (sentence for _, sentence in cautions(settings))


def cautions(settings: Configuration) -> Iterator[tuple[str, str]]:
    """The same, each with the key of the setting that it is about."""
    if not settings.contact_filter.ownership.complete and settings.contacts.direction.writes_mailbox:
        yield (
            "contacts.filter.owner",
            "No Salesforce contacts sync: whose contacts is not chosen completely. "
            "Choose the person's own contacts, or all contacts.",
        )
    if settings.which is Which.SELECTED and settings.events.direction.writes_crm:
        yield (
            "events.which",
            "People relate events in the Outlook or Gmail integration; without it no event of the mailbox reaches "
            "Salesforce.",
        )
    if settings.contacts.deletion is DeletionChoice.DELETE and settings.contacts.direction is not Direction.OFF:
        yield (
            "contacts.deletions",
            "A contact deleted on one side is deleted on the other too. Lightning Sync never did this. "
            "Choose “keep the other copy” if deletions should not spread.",
        )
    if settings.invite_guests and settings.events.direction.writes_mailbox:
        yield (
            "events.invite_guests",
            "Invitees who are added in Salesforce are written to the mailbox, and the mailbox mails them invitations. "
            "Switch “Invitees from Salesforce” off if nobody should be mailed.",
        )
    if settings.guests is GuestRule.SEND and settings.events.direction.writes_mailbox:
        yield (
            "events.guests",
            "Changes in Salesforce to meetings with guests mail those guests without asking anybody.",
        )
    if settings.series is SeriesRule.NATIVE and settings.events.direction.writes_crm:
        yield (
            "events.series",
            "Salesforce changes an event series as a whole only. A meeting that is moved or changed by itself leaves "
            "its series and is made anew as a single event, without tasks and files on it. A series reaches as far as "
            "days ahead says; later meetings are added as single events. Whole days, series with exceptions, and "
            "repetitions that Salesforce does not know become one event per occurrence.",
        )
    if settings.events.direction is Direction.TO_MAILBOX:
        yield (
            "events.direction",
            "Which events and automatic relating have no effect: nothing flows from the mailbox to Salesforce.",
        )


def place_of(setting: Setting) -> str:
    """A setting's label with its kind: “Events, Days back”."""
    kind, _, rest = setting.key.partition(".")
    return f"{kind.capitalize()}, {setting.label}" if rest else setting.label


_LABELS: Final = {row.key: row.label for kind in Kind for row in ROWS[kind]}


def _choice(row: str, field: str | None) -> str:
    return f"{_LABELS.get(row, row)} " + (f"in {field}" if field else "not mapped")


OPERATORS: Final = {
    Operator.EQUALS: "is",
    Operator.NOT_EQUALS: "is not",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.IS_EMPTY: "is empty",
    Operator.IS_NOT_EMPTY: "is not empty",
}


def _condition(condition: Condition) -> str:
    return f"{condition.field} {OPERATORS[condition.operator]} {condition.value}".rstrip()
