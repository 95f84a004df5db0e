"""Salesforce edits of meetings with guests against the sandbox: its outbox counts what a provider would have mailed.

For every answer that a configuration may give beforehand (I.1, INV-12, INV-27): create, time, place, deletion, a whole
series, one occurrence, and its deletion; for the organiser's copy and for a guest's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.domain.configuration import Direction, GuestRule
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed

EVENTS = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF))
BUYER = {"emailAddress": {"address": "buyer@elsewhere.example"}, "type": "required"}


class Desk:
    """Ada, who organises, and what she does at Salesforce; the record of a meeting is found by its subject."""

    def __init__(self, installation: Installation, rule: GuestRule) -> None:
        self.installation = installation
        (self.ada,) = installation.stage.hire(1)
        installation.assign(replace(EVENTS, guests=rule))
        installation.settle()
        self.box = installation.box(self.ada)
        self.outbox = installation.world.outbox

    def record(self, subject: str) -> str:
        """The oldest record of that subject."""
        found = self.installation.records("Id, StartDateTime", where=f"Subject = '{subject}'")
        return str(min(found, key=lambda row: row["StartDateTime"])["Id"])

    def edits(self, record: str, **fields: Any) -> int:
        """Ada changes her record in Salesforce; how much is mailed for it."""
        return self._mailed(lambda: self.installation.org.update(record, fields, self.ada.salesforce_id))

    def deletes(self, record: str) -> int:
        """Ada deletes her record in Salesforce; how much is mailed for it."""
        return self._mailed(lambda: self.installation.org.delete(record, self.ada.salesforce_id))

    def _mailed(self, act: Any) -> int:
        before = len(self.outbox)
        act()
        self.installation.settle()
        return len(self.outbox) - before

    def meeting(self, subject: str, **more: Any) -> str:
        """A meeting with a guest, settled on both sides."""
        made = self.box.create_event(timed(subject, self.installation.soon(3), attendees=[BUYER], **more))
        self.installation.settle()
        return str(made)

    def weekly(self, subject: str) -> str:
        """Four meetings with a guest, a week apart."""
        first = self.installation.soon(3)
        pattern = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{first:%A}".lower()]}
        days = {"type": "numbered", "startDate": f"{first:%Y-%m-%d}", "numberOfOccurrences": 4}
        return self.meeting(subject, recurrence={"pattern": pattern, "range": days})


SILENT = [rule for rule in GuestRule if rule is not GuestRule.SEND]


@pytest.mark.parametrize("rule", list(GuestRule))
def test_inv12_a_first_sync_of_meetings_with_guests_mails_nobody(installation: Installation, rule: GuestRule) -> None:
    desk = Desk(installation, rule)
    for number in range(12):
        desk.box.create_event(timed(f"Visit {number}", installation.soon(3 + number), attendees=[BUYER]))
    desk.weekly("Weekly")

    assert len(installation.records("Id")) == 16
    assert desk.outbox == []


@pytest.mark.parametrize("rule", list(GuestRule))
def test_inv12_an_event_made_in_salesforce_reaches_the_mailbox_without_guests_and_mails_nobody(
    installation: Installation, rule: GuestRule
) -> None:
    """LS-123 by our default: invitees of Salesforce stay there, whatever the answer for meetings with guests is."""
    desk = Desk(installation, rule)
    owner = desk.ada.salesforce_id
    buyer = installation.org.insert("Contact", {"LastName": "B", "Email": "b@client.example", "OwnerId": owner}, owner)
    row = in_salesforce("Born there", installation.soon(3), desk.ada, UndecidedEventInviteeIds=[buyer])
    installation.org.insert("Event", row, owner)

    installation.settle()

    (event,) = desk.box.events()
    assert (event["subject"], event["attendees"]) == ("Born there", [])
    assert desk.outbox == []


@pytest.mark.parametrize("rule", SILENT)
def test_inv12_inv27_no_edit_in_salesforce_mails_the_guests_of_an_organisers_meeting(
    installation: Installation, rule: GuestRule
) -> None:
    desk = Desk(installation, rule)
    single, series = desk.meeting("Review"), desk.weekly("Weekly")
    doomed = desk.meeting("Doomed")
    before = {id_: desk.box.event(id_) for id_ in (single, series, doomed)}
    moved = installation.soon(5)

    record = desk.record("Review")
    desk.edits(record, StartDateTime=moved.isoformat(), EndDateTime=(moved + timedelta(hours=1)).isoformat())
    desk.edits(record, Location="Elsewhere")
    desk.edits(record, Subject="Renamed")
    desk.edits(desk.record("Weekly"), Subject="One of them")
    desk.deletes(desk.record("Weekly"))
    desk.deletes(desk.record("Doomed"))

    assert desk.outbox == []
    for id_, event in before.items():
        now = desk.box.event(id_)
        assert [now[name] for name in ("subject", "start", "location")] == [
            event[name] for name in ("subject", "start", "location")
        ]
    assert len(installation.graph(f"events/{series}/instances?{_year(installation)}", desk.ada)) == 4


def test_inv12_with_send_the_guests_of_an_organisers_meeting_are_mailed_for_each_edit(
    installation: Installation,
) -> None:
    desk = Desk(installation, GuestRule.SEND)
    single, series = desk.meeting("Review"), desk.weekly("Weekly")
    moved = installation.soon(5)

    record = desk.record("Review")
    assert desk.edits(record, StartDateTime=moved.isoformat(), EndDateTime=(moved + timedelta(hours=1)).isoformat())
    assert desk.edits(record, Location="Elsewhere")
    assert desk.edits(desk.record("Weekly"), Subject="One of them")
    assert desk.deletes(desk.record("One of them"))
    assert desk.deletes(record)

    assert {mail.recipients for mail in desk.outbox} == {("buyer@elsewhere.example",)}
    assert [event["id"] for event in desk.box.events()] == [series]
    assert single not in [event["id"] for event in desk.box.events()]
    assert len(installation.graph(f"events/{series}/instances?{_year(installation)}", desk.ada)) == 3


def _year(installation: Installation) -> str:
    first, last = installation.soon(0), installation.soon(365)
    return f"startDateTime={first:%Y-%m-%d}T00:00:00Z&endDateTime={last:%Y-%m-%d}T00:00:00Z"


def outsider(installation: Installation, guest: Person, subject: str) -> str:
    """Somebody who does not sync organises a meeting with one who does; id of the guest's copy."""
    tenant = installation.tenant
    user = tenant.add_user("Out Sider", f"{subject.lower()}@outside.example", "Europe/Berlin")
    asked = [{"emailAddress": {"address": guest.address}, "type": "required"}, BUYER]
    tenant.mailbox(user.id).create_event(timed(subject, installation.soon(3), attendees=asked))
    (copy,) = [event["id"] for event in installation.box(guest).events() if event["subject"] == subject]
    return str(copy)


@pytest.mark.parametrize("rule", list(GuestRule))
def test_inv27_ls127_no_edit_in_salesforce_touches_a_guests_copy_or_answers_for_him(
    installation: Installation, rule: GuestRule
) -> None:
    desk = Desk(installation, rule)
    kept, doomed = outsider(installation, desk.ada, "Pitch"), outsider(installation, desk.ada, "Doomed")
    installation.settle()
    before = {id_: desk.box.event(id_) for id_ in (kept, doomed)}
    moved = installation.soon(5)

    record = desk.record("Pitch")
    desk.edits(record, StartDateTime=moved.isoformat(), EndDateTime=(moved + timedelta(hours=1)).isoformat())
    desk.edits(record, Location="Elsewhere")
    desk.deletes(desk.record("Doomed"))

    assert desk.outbox == []
    assert {id_: desk.box.event(id_) for id_ in (kept, doomed)} == before
