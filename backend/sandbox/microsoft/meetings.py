"""Meetings between mailboxes: who gets mail, and the copies of a meeting in the attendees' calendars."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from backend.sandbox.microsoft.events import PRIVATE, Event, Member, Override, Response, defaults
from backend.sandbox.world import Mail, MailKind

if TYPE_CHECKING:
    from backend.sandbox.microsoft.mailbox import Mailbox

_OWN = PRIVATE - {"singleValueExtendedProperties"}
# What an organizer's update writes into every copy (MS-080).
_SHARED = tuple(name for name in defaults() if name not in _OWN)


@dataclass(frozen=True)
class Post:
    """Meeting mail of one mailbox, put into an outbox."""

    mailbox: Mailbox
    outbox: list[Mail]

    def send(self, kind: MailKind, recipients: Iterable[str], subject: str) -> None:
        """One message to these people; none when there are none. The sender never mails himself."""
        own = self.mailbox.address.lower()
        others = tuple(address for address in recipients if address != own)
        if others:
            at = self.mailbox.clock.now()
            self.outbox.append(Mail(at, self.mailbox.address, others, kind, subject))


def spread(mailbox: Mailbox, event: Event) -> None:
    """Bring the copies of the attendees in this tenant up to date with the organizer's event."""
    for address in event.addresses:
        other = mailbox.tenant.mailbox_at(address)
        if other is None or other is mailbox:
            continue
        copy = other.copy_of(event.uid)
        if copy is None:
            other.add_event(_new_copy(other, event))
        else:
            _refresh(copy, event, address)
            other.touch(copy)


def _new_copy(mailbox: Mailbox, event: Event) -> Event:
    now = mailbox.clock.now()
    copy = Event(
        number=mailbox.next_number(),
        folder=mailbox.calendar,
        version=0,
        created=now,
        modified=now,
        values={**defaults(), "showAs": "tentative"},
        span=event.span,
        uid=event.uid,
        organizer=event.organizer,
        is_organizer=False,
        response=Response("notResponded"),
        start_zone=event.start_zone,
        end_zone=event.end_zone,
    )
    _refresh(copy, event, mailbox.address.lower())
    return copy


def _refresh(copy: Event, event: Event, address: str) -> None:
    copy.values.update({name: event.values[name] for name in _SHARED})
    if event.values["hideAttendees"]:
        copy.values["attendees"] = [
            each for each in event.values["attendees"] if each["emailAddress"]["address"].lower() == address
        ]
    copy.span = event.span
    copy.is_cancelled = False
    if copy.recurrence != event.recurrence:
        copy.set_recurrence(event.recurrence)
        copy.exceptions, copy.cancelled = {}, set()
    called_off = {day: own for day, own in copy.exceptions.items() if own.is_cancelled}
    copy.exceptions = called_off | {day: _exception(copy, event, day) for day in event.exceptions}
    copy.cancelled |= event.cancelled - called_off.keys()


def _exception(copy: Event, event: Event, day: date) -> Override:
    theirs = event.exceptions[day]
    mine = copy.exceptions.get(day)
    own = {name: value for name, value in mine.values.items() if name in _OWN} if mine else {}
    shared = {name: value for name, value in theirs.values.items() if name not in _OWN}
    return Override(
        version=copy.version,
        created=mine.created if mine else theirs.created,
        modified=theirs.modified,
        values={**shared, **own},
        span=theirs.span,
        extended=mine.extended if mine else {},
        response=mine.response if mine else None,
    )


def withdraw(mailbox: Mailbox, event: Event, addresses: Iterable[str], day: date | None = None) -> None:
    """Mark the copies of these attendees as cancelled; they stay until their owners remove them."""
    for address in addresses:
        other = mailbox.tenant.mailbox_at(address)
        copy = other.copy_of(event.uid) if other and other is not mailbox else None
        if other is None or copy is None:
            continue
        if day is None:
            copy.is_cancelled = True
            copy.values.update(_called_off(copy.values["subject"]))
        else:
            override = override_of(other, Member(copy, day))
            override.is_cancelled = True
            override.values.update(_called_off(event.values["subject"]))
        other.touch(copy)


def _called_off(subject: str) -> dict[str, str]:
    return {"subject": f"Canceled: {subject}", "showAs": "free"}


def override_of(mailbox: Mailbox, member: Member) -> Override:
    """The exception of an occurrence, made if there is none yet."""
    event, day = member.event, member.day
    if day is None:
        raise ValueError("only an occurrence can have an exception")
    now = mailbox.clock.now()
    override = event.exceptions.setdefault(day, Override(0, event.created, now))
    override.version, override.modified = mailbox.tick(), now
    return override


def record_answer(mailbox: Mailbox, event: Event, answer: str, at: datetime, day: date | None = None) -> None:
    """Write an attendee's answer into the organizer's copy: a new change key, no new content (MS-079)."""
    organizer = mailbox.tenant.mailbox_at(event.organizer["address"])
    theirs = organizer.copy_of(event.uid) if organizer else None
    if organizer is None or theirs is None:
        return
    status = {"response": answer, "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    own = mailbox.address.lower()
    target = Member(theirs, day)
    attendees = [
        {**each, "status": status} if each["emailAddress"]["address"].lower() == own else each
        for each in target.values["attendees"]
    ]
    holder = override_of(organizer, target) if day else theirs
    holder.values["attendees"] = attendees
    organizer.touch(theirs)
