"""What four people of the pages' organisation have: conflicts, held steps, refused items, a first sync under way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from backend.domain.codec import encode_values
from backend.domain.values import Address, AllDay, Name, Timed, Values
from backend.storage import tables as t
from tests.fakes.page_rows import NOW, REVIEW, crm_id, done, meeting, note, pair, put, remember, run

RUN = 4000
"""A run that wrote something."""
JONAS, TOMAS, MAYA, HANNAH = 2, 4, 5, 10
HELD = str(uuid5(NAMESPACE_URL, "held step"))
HELD_DELETE = str(uuid5(NAMESPACE_URL, "held deletion"))
REFUSED_LINK = str(uuid5(NAMESPACE_URL, "refused contact"))


def maya(connection: sa.Connection) -> None:
    start = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    text = "Agenda: renewals, Q3 volumes, new depot in Gävle."
    mailbox = meeting(
        start, subject="Quarterly review, Brightwater Logistics", location="Room Älvsborg and online", description=text
    )
    crm = {**mailbox, "when": Timed(start, start + timedelta(hours=1.5))}
    pair(connection, REVIEW, MAYA, "event", mailbox, crm, guests=3)
    number = run(
        connection, MAYA, 26, "mailbox reported a change", {"mailbox.event": 1}, {"crm.event.update": 1}, id=RUN
    )
    remember(
        connection, REVIEW, MAYA, timedelta(seconds=26), side="crm", op="update", rule="Only the mailbox changed it.",
        before={"location": "Room Älvsborg"}, after={"location": "Room Älvsborg and online"}, run_id=number,
    )  # fmt: skip
    put(
        connection,
        t.conflict,
        link_id=REVIEW,
        at=NOW - timedelta(minutes=22),
        group="description",
        chosen="crm",
        mailbox_value=encode_values({"description": "Agenda: renewals, Q4 volumes, new depot in Gävle."}),
        crm_value=encode_values({"description": text}),
        reason="Both sides changed; Salesforce won by the configuration's rule.",
    )
    earlier = Timed(start - timedelta(minutes=30), start + timedelta(hours=1), "Europe/Stockholm")
    remember(
        connection,
        REVIEW,
        MAYA,
        timedelta(days=5),
        side="mailbox",
        op="update",
        rule="Changed in Salesforce; a person sent it to 3 guests.",
        before={"when": earlier},
        after={"when": mailbox["when"]},
        run_id=number,
    )
    remember(
        connection, REVIEW, MAYA, timedelta(days=12), side="crm", op="create", rule="New in the mailbox.",
        after={"subject": mailbox["subject"], "location": "Room Älvsborg"}, run_id=number,
    )  # fmt: skip
    for place, (kind, side, times) in enumerate(
        [("contact", "crm", 12), ("contact", "mailbox", 5), ("event", "crm", 18), ("event", "mailbox", 7)]
    ):
        for one in range(times):
            done(connection, MAYA, kind, side, place * 100 + one)
    clash = str(uuid5(NAMESPACE_URL, "ines"))
    ines = {
        "name": Name(first="Ines", last="Okoye"),
        "email": "ines.okoye@brightwater.example.com",
        "mobile": "+46 70 555 01 88",
        "company": "Brightwater Logistics AB",
        "mailing": Address("Hamngatan 4", "Gävle", None, "80320", "Sweden"),
    }
    pair(connection, clash, MAYA, "contact", ines, ines, origin="matched")
    put(
        connection,
        t.conflict,
        link_id=clash,
        at=NOW - timedelta(minutes=4),
        group="mobile",
        chosen="crm",
        mailbox_value=encode_values({"mobile": "+46 70 555 01 42"}),
        crm_value=encode_values({"mobile": "+46 70 555 01 88"}),
        reason="Both sides changed; Salesforce won by the configuration's rule.",
    )
    put(
        connection,
        t.conflict,
        link_id=REVIEW,
        at=NOW - timedelta(days=1),
        group="when",
        chosen="mailbox",
        mailbox_value=encode_values({"when": earlier}),
        crm_value=encode_values({"when": AllDay(date(2026, 11, 26), date(2026, 11, 27))}),
        reason="Both sides changed; the mailbox won, it was changed last.",
    )


def hannah(connection: sa.Connection) -> None:
    start = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    mailbox = meeting(
        start,
        subject="Kick-off “Rahmenvertrag Donaudampfschifffahrtsgesellschaftskapitänswitwenversicherung” 2027",
        location="Office Hamburg",
    )
    moved = Timed(start + timedelta(hours=2), start + timedelta(hours=3.5))
    link = str(uuid5(NAMESPACE_URL, "kick-off"))
    pair(
        connection,
        link,
        HANNAH,
        "event",
        mailbox,
        {**mailbox, "when": moved, "location": "Customer site, Bremen"},
        guests=12,
        origin="crm",
    )
    new = {"when": moved, "location": "Customer site, Bremen"}
    _held(connection, HELD, link, "update", new, {"when": mailbox["when"], "location": "Office Hamburg"}, new)
    gone = str(uuid5(NAMESPACE_URL, "lunch"))
    lunch = meeting(start + timedelta(days=3), 1, subject="Lunch with Per Sandgren")
    pair(connection, gone, HANNAH, "event", lunch, lunch, guests=1)
    _held(connection, HELD_DELETE, gone, "delete", {}, lunch, {})


def _held(
    connection: sa.Connection, intent: str, link: str, op: str, values: Values, mailbox: Values, crm: Values
) -> None:
    put(
        connection,
        t.intent,
        id=intent,
        user_id=HANNAH,
        link_id=link,
        kind="event",
        side="mailbox",
        op=op,
        target=intent,
        values=encode_values(values),
        from_mailbox=encode_values(mailbox),
        from_crm=encode_values(crm),
        state="held",
        hold="would_mail",
        rule="Deleted in Salesforce." if op == "delete" else "Only Salesforce changed it.",
        created_at=NOW - timedelta(minutes=11),
        updated_at=NOW - timedelta(minutes=11),
    )


def tomas(connection: sa.Connection) -> None:
    """Three contacts that Salesforce refuses, and four items that the configuration leaves out."""
    for link, name, code, reason in (
        (
            REFUSED_LINK,
            Name(first="Björn", last="Åkesson"),
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "Postal code must have 5 digits.",
        ),
        (
            str(uuid5(NAMESPACE_URL, "ana")),
            Name(first="Ana"),
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
        ),
        (
            str(uuid5(NAMESPACE_URL, "wanda")),
            Name(first="Wanda", last="Krol"),
            "DUPLICATES_DETECTED",
            "Use one of these records?",
        ),
    ):
        pair(
            connection,
            link,
            TOMAS,
            "contact",
            {"name": name, "email": "x@example.com"},
            {},
            state="held",
            reason=reason,
        )
        put(
            connection,
            t.intent,
            id=str(uuid5(NAMESPACE_URL, f"failed {link}")),
            user_id=TOMAS,
            link_id=link,
            kind="contact",
            side="crm",
            op="create",
            target=link,
            values={},
            from_mailbox={},
            from_crm={},
            state="failed",
            code=code,
            message=reason,
            updated_at=NOW,
        )
    for number in range(3):
        note(connection, TOMAS, "event", "mailbox", f"private-{number}", "Private events stay in the mailbox.")
    note(connection, TOMAS, "contact", "crm", crm_id("003", 5), "Without a first and a last name.", "Info desk")


def jonas(connection: sa.Connection) -> None:
    put(
        connection,
        t.stream,
        user_id=JONAS,
        kind="contact",
        container="Salesforce_Sync",
        listed_at=NOW - timedelta(minutes=20),
    )
    for number in range(11):
        note(connection, JONAS, "event", "mailbox", f"private-{number}", "Private events stay in the mailbox.")
    for number in range(4):
        note(
            connection, JONAS, "contact", "crm", crm_id("003", 100 + number), "Taken out by the configuration's filter."
        )
    for number in range(184):
        done(connection, JONAS, "event", "crm", number)
    for number in range(312):
        done(connection, JONAS, "contact", "mailbox", 1000 + number)
    run(
        connection,
        JONAS,
        1660,
        "connection test",
        {},
        {},
        outcome="failed",
        error="Access denied: the mailbox is not in the application's scope.",
        remedy="Add the mailbox to the group “Lockstep people”.",
    )
    run(connection, JONAS, 1220, "assigned by Claire Dubois", {"mailbox.contact": 1}, {"mailbox.contact.create": 1})
    run(
        connection,
        JONAS,
        920,
        "first sync, contacts",
        {"mailbox.contact": 7, "crm.contact": 312},
        {"mailbox.contact.create": 312},
        outcome="partial",
        error="3 items were refused.",
    )
    last = run(
        connection,
        JONAS,
        70,
        "first sync, events",
        {"mailbox.event": 402},
        {"crm.event.create": 184},
        outcome="running",
        ended_at=None,
    )
    connection.execute(sa.update(t.user_state).where(t.user_state.c.user_id == JONAS).values(last_run_id=last))


COMPANIES = tuple(str(uuid5(NAMESPACE_URL, name)) for name in ("nadia", "oskar", "yusuf"))
"""Pairs of contacts whose company is no account: two of Maya, one of Tomás."""


def companies(connection: sa.Connection) -> None:
    """Three companies without an account, and an event that relates to nobody."""
    people = (
        (MAYA, "Nadia", "Ferrante", "Tamarind Healthcare", "no_account"),
        (MAYA, "Oskar", "Blom", "Saltmarsh Shiping", "no_account"),
        (TOMAS, "Yusuf", "Demir", "Lumen Row Architects", "several_accounts"),
    )
    for link, (user, first, last, company, why) in zip(COMPANIES, people, strict=True):
        values = {"name": Name(first=first, last=last), "company": company}
        pair(connection, link, user, "contact", values, values)
        put(
            connection, t.unresolved, link_id=link, user_id=user, text=company, folded=company.casefold(), why=why,
            standing="open", opened_at=NOW, changed_at=NOW,
        )  # fmt: skip
    put(
        connection, t.note, user_id=MAYA, kind="event", side="mailbox", ref="lonely", title="Coffee with somebody new",
        reason="No contact and no lead in Salesforce has the address of anybody at this meeting.", code="unrelated",
        at=NOW - timedelta(hours=2),
    )  # fmt: skip
