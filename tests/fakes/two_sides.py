"""A sandbox as Lockstep leaves it after a first sync, drawn by hand, for tests and pictures of its page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from backend.sandbox.faults import Rule
from backend.sandbox.server import Sandbox
from backend.sandbox.world import Call, Person

WEEK = date(2026, 11, 23)
NOON = datetime.fromisoformat("2026-11-24T08:42:00+00:00")
MEETINGS: tuple[tuple[str, int, float, float, str, str, str], ...] = (
    # subject, day of the week, hour, hours, place, who, what; without who and what it is in the mailbox alone
    ("Pipeline call", 0, 9, 1, "", "", "Halden & Voss"),
    ("Tamarind Health, intro call", 1, 10, 1.5, "online", "Nadia Ferrante", "Tamarind Health"),
    ("Team planning", 2, 9, 1.5, "", "", ""),
    ("Kestrel site prep", 2, 13, 1, "", "", "Kestrel Works"),
    ("Lunch", 0, 12, 1, "", "", ""),
    ("Stand-up", 3, 9, 0.5, "", "", "Kestrel Works"),
    ("Quarterly review, Brightwater", 3, 14, 1.5, "Room Älvsborg", "Ines Okoye", "Brightwater Logistics"),
    ("Site visit, Kestrel", 4, 10, 1, "Dock 4", "", "Kestrel Works"),
)
CONTACTS = (
    ("Ines", "Okoye", "Brightwater Logistics", "ines.okoye@brightwater.example", "+46 70 555 01 42"),
    ("Nadia", "Ferrante", "Tamarind Health", "nadia.ferrante@tamarind.example", ""),
    ("Per", "Sandgren", "Brightwater Logistics", "p.sandgren@brightwater.example", ""),
    ("Wanda", "Król", "Pinehollow Clinics", "wanda.krol@pinehollow.example", ""),
)


def maya(sandbox: Sandbox) -> Person:
    """The person whose page is looked at."""
    return next(person for person in sandbox.world.people if person.key == "maya")


def fill(sandbox: Sandbox) -> Person:
    """Two people and a week on both sides; time stands still on a Tuesday morning."""
    world = sandbox.world
    world.clock.freeze(NOON - timedelta(hours=1))
    org, tenant = sandbox.services["salesforce"].org, sandbox.services["microsoft"].tenant
    for key, name, zone in (
        ("maya", "Maya Lindqvist", "Europe/Stockholm"),
        ("tomas", "Tomás Herrera", "America/Los_Angeles"),
    ):
        address = f"{key}@harrowpine.example"
        salesforce_id = org.add_user(f"{address}.crm", name, email=address, time_zone=zone)
        user = tenant.add_user(name, address, zone)
        world.people.append(Person(key, name, address, f"{address}.crm", salesforce_id, user.id, zone))
    person = maya(sandbox)
    mailbox = tenant.mailbox(person.microsoft_id)
    accounts = _accounts(org, {each[2] for each in CONTACTS} | {each[6] for each in MEETINGS if each[6]})
    people = _contacts(org, mailbox, person, accounts)
    for meeting in MEETINGS:
        _meeting(org, mailbox, person, meeting, people, accounts)
    _specials(mailbox)
    sandbox.planted_at = world.clock.now()
    world.clock.freeze(NOON)
    return person


def change(sandbox: Sandbox, person: Person) -> None:
    """What Lockstep has just done: a place changed on both sides, with a fault on the way."""
    org, tenant = sandbox.services["salesforce"].org, sandbox.services["microsoft"].tenant
    mailbox = tenant.mailbox(person.microsoft_id)
    review = next(each for each in mailbox.events() if each["subject"].startswith("Quarterly"))
    mailbox.update_event(review["id"], {"location": {"displayName": "Room Näckros"}})
    row = next(row for row in org.rows("Event") if row["Subject"].startswith("Quarterly"))
    org.update(row["Id"], {"Location": "Room Näckros"}, person.salesforce_id)
    rule = Rule("503", "salesforce", probability=0.1)
    for service, operation, status, inner, fault in (
        ("microsoft", "calendarView.delta", 200, 0, None),
        ("salesforce", "POST composite", 200, 4, None),
        ("salesforce", "PATCH composite/sobjects", 503, 0, rule.kind),
        ("salesforce", "PATCH composite/sobjects", 200, 0, None),
        ("microsoft", "batch", 200, 2, None),
    ):
        call = Call(sandbox.world.clock.now(), service, operation, status, inner, fault)
        sandbox.world.calls.record(call, [])


def _accounts(org: Any, names: set[str]) -> dict[str, str]:
    return {name: org.insert("Account", {"Name": name}) for name in sorted(names)}


def _contacts(org: Any, mailbox: Any, person: Person, accounts: dict[str, str]) -> dict[str, str]:
    folder = mailbox.add_contact_folder("Salesforce_Sync")
    ids = {}
    for first, last, company, address, mobile in CONTACTS:
        row = {
            "FirstName": first,
            "LastName": last,
            "Email": address,
            "MobilePhone": mobile,
            "AccountId": accounts[company],
        }
        ids[f"{first} {last}"] = org.insert("Contact", row, person.salesforce_id)
        if last != "Król":
            card = {"givenName": first, "surname": last, "companyName": company, "mobilePhone": mobile}
            mailbox.create_contact(card | {"emailAddresses": [{"address": address}]}, folder)
    return ids


def _meeting(
    org: Any, mailbox: Any, person: Person, meeting: tuple[str, int, float, float, str, str, str],
    people: dict[str, str], accounts: dict[str, str],
) -> None:  # fmt: skip
    subject, day, hour, hours, place, who, what = meeting
    start = datetime.combine(WEEK, time()) + timedelta(days=day, hours=hour)
    times = {
        name: {"dateTime": moment.isoformat(), "timeZone": person.time_zone}
        for name, moment in (("start", start), ("end", start + timedelta(hours=hours)))
    }
    mailbox.create_event({"subject": subject, "location": {"displayName": place}, **times})
    if not (who or what):
        return
    begin = start - timedelta(hours=1)
    row = {
        "Subject": subject,
        "Location": place,
        "StartDateTime": f"{begin.isoformat()}Z",
        "DurationInMinutes": int(hours * 60),
    }
    related = {"WhoId": people.get(who), "WhatId": accounts.get(what)}
    org.insert("Event", row | related, person.salesforce_id)


def _specials(mailbox: Any) -> None:
    """Private, all-day, with guests, and a series."""

    def at(day: int, hour: int) -> dict[str, str]:
        moment = datetime.combine(WEEK, time()) + timedelta(days=day, hours=hour)
        return {"dateTime": moment.isoformat(), "timeZone": "Europe/Stockholm"}

    mailbox.create_event({"subject": "Dentist", "sensitivity": "private", "start": at(1, 14), "end": at(1, 15)})
    mailbox.create_event({"subject": "Trade fair", "isAllDay": True, "start": at(2, 0), "end": at(4, 0)})
    guests = [{"emailAddress": {"address": "buyer@brightwater.example"}}]
    mailbox.create_event({"subject": "Joint visit", "start": at(4, 13), "end": at(4, 14), "attendees": guests})
    daily = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday", "wednesday"]},
        "range": {"type": "numbered", "startDate": "2026-11-23", "numberOfOccurrences": 10},
    }
    mailbox.create_event({"subject": "Coffee", "start": at(0, 15), "end": at(0, 16), "recurrence": daily})
