"""An organisation for the pages: people in every state, long names, pairs, runs, conflicts and held steps, as rows.

All times hang on `NOW`, so that pages and pictures are the same every time. People and companies are invented.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from backend.domain.codec import encode_values
from backend.domain.values import Address, AllDay, Name, ShowAs, Timed, Values
from backend.storage import tables as t

NOW = datetime(2026, 11, 24, 9, 42, 18, tzinfo=UTC)
SETTINGS = {
    "contacts": {"direction": "both", "conflict": "salesforce", "deletion": "stop"},
    "events": {"direction": "both", "conflict": "most_recent", "deletion": "delete"},
}
NAMES = ("Field sales EMEA", "Management", "Key accounts", "Inside sales")
ONE_WAY = SETTINGS | {"contacts": {"direction": "to_mailbox", "conflict": "salesforce", "deletion": "stop"}}

BY_SALES, BY_INSIDE, INDIVIDUALLY = "through the profile “Sales”", "through the profile “Inside”", "to the user"

PEOPLE = [
    # name, address, profile, configuration, because, kind of state
    ("Oluwaseun Adeyemi", "seun.adeyemi@example.com", "Sales", 1, BY_SALES, "in_sync"),
    ("Jonas Becker", "jonas.becker@example.com", "Sales", 1, BY_SALES, "first_events"),
    ("Claire Dubois", "claire.dubois@example.com", "Management", 2, INDIVIDUALLY, "in_sync"),
    ("Tomás Herrera", "tomas.herrera@example.com", "Sales", 1, BY_SALES, "refused"),
    ("Maya Lindqvist", "maya.lindqvist@example.com", "Sales", 3, INDIVIDUALLY, "in_sync"),
    ("Sofia Marchetti", "sofia.marchetti@example.com", "Sales", 1, BY_SALES, "error"),
    ("Marek Nowak", "marek.nowak@example.com", "Inside", 4, BY_INSIDE, "inactive"),
    ("Priya Raman", "priya.raman@example.com", "Sales", 1, BY_SALES, "first_contacts"),
    ("Aiko Tanaka", "aiko.tanaka@example.com", "Sales", 3, INDIVIDUALLY, "in_sync"),
    ("Hannah Weiss", "hannah.weiss@example.com", "Sales", 1, BY_SALES, "held"),
    ("Wilhelmina Donaudampfschifffahrtsgesellschaftskapitänswitwe-Featherstonehaugh",
     "wilhelmina.donaudampfschifffahrtsgesellschaft@longest-subdomain-of-all.harrowpine.example.com", "Sales", 3,
     INDIVIDUALLY, "waiting"),
    ("مريم الفاسي", "mariam.alfassi@example.com", "Sales", 1, BY_SALES, "paused"),
]  # fmt: skip
JONAS, TOMAS, MAYA, HANNAH = 2, 4, 5, 10
REVIEW = str(uuid5(NAMESPACE_URL, "quarterly review"))
HELD = str(uuid5(NAMESPACE_URL, "held step"))
HELD_DELETE = str(uuid5(NAMESPACE_URL, "held deletion"))
REFUSED_LINK = str(uuid5(NAMESPACE_URL, "refused contact"))


def fill(engine: sa.Engine, people: int = 40) -> None:
    """The whole world, with `people` people in all."""
    with engine.begin() as connection:
        _settings(connection)
        for number, row in enumerate(PEOPLE, 1):
            _person(connection, number, *row)
        _crowd(connection, people)
        _maya(connection)
        _hannah(connection)
        _tomas(connection)
        _jonas(connection)
        _organisation(connection)


def crm_id(prefix: str, number: int) -> str:
    """A Salesforce id of 18 characters."""
    return f"{prefix}Wy{number:010d}MAK"


def _put(connection: sa.Connection, table: sa.Table, **values: Any) -> None:
    connection.execute(sa.insert(table).values(values))


def _settings(connection: sa.Connection) -> None:
    for number, (name, active, settings) in enumerate(
        zip(NAMES, (True, True, True, False), (SETTINGS, ONE_WAY, SETTINGS, SETTINGS), strict=True), 1
    ):  # fmt: skip
        _put(
            connection,
            t.configuration,
            id=number,
            name=name,
            active=active,
            version=1,
            settings=settings,
            updated_at=NOW,
        )
    for service in ("salesforce", "microsoft"):
        _put(connection, t.connection, service=service, settings={}, updated_at=NOW, problem="")


def _person(
    connection: sa.Connection, number: int, name: str, address: str, profile: str, configuration: int, because: str,
    kind: str,
) -> None:  # fmt: skip
    _put(
        connection, t.person, id=number, crm_user_id=crm_id("005", number), username=f"{address}.sf", name=name,
        address=address, profile=profile, active=True, zone="Europe/Berlin",
    )  # fmt: skip
    named = NAMES[configuration - 1]
    state: dict[str, Any] = {
        "user_id": number, "configuration_id": configuration, "because": f"“{named}”, assigned {because}.",
        "syncs": True, "state": "in_sync",
        "mailbox_id": f"mailbox-{number}", "mailbox_zone": "Europe/Stockholm", "assigned_at": NOW - timedelta(days=30),
        "first_sync_done_at": NOW - timedelta(days=20), "last_ok_at": NOW,
    }  # fmt: skip
    state |= _STATES.get(kind, {})
    if kind == "inactive":
        state |= {"syncs": False, "because": f"The configuration “{named}”, assigned {because}, is not active."}
    run = {"user_id": number, "lease_token": 1, "cause": "schedule", "started_at": NOW - timedelta(seconds=7 + number * 13),
           "ended_at": NOW - timedelta(seconds=5 + number * 13), "outcome": "ok",
           "counts": {"read": {"mailbox.contact": 0, "mailbox.event": 1}, "writes": {}, "api_calls": {"microsoft": 2}}}  # fmt: skip
    if kind == "error":
        run |= {"outcome": "failed", "started_at": NOW - timedelta(hours=16, minutes=22),
                "ended_at": NOW - timedelta(hours=16, minutes=21), "error": state["reason"], "remedy": state["remedy"]}  # fmt: skip
    if kind.startswith("first"):
        run |= {"ended_at": None, "outcome": "running"}
    if kind != "waiting":
        state["last_run_id"] = connection.execute(sa.insert(t.sync_run).values(run)).inserted_primary_key[0]
    _put(connection, t.user_state, **state)


_STATES: dict[str, dict[str, Any]] = {
    "first_events": {"first_sync_done_at": None, "state": "first_sync", "progress": {"kind": "event", "done": 184, "total": 402}},
    "first_contacts": {"first_sync_done_at": None, "state": "first_sync", "progress": {"kind": "contact", "done": 38, "total": 310}},
    "error": {
        "state": "needs_attention", "failures": 4, "due_at": NOW + timedelta(minutes=15),
        "reason": "The mailbox refuses access: it is not in the scope that Exchange allows this application.",
        "remedy": "Add the mailbox to the group “Lockstep people”; Exchange applies it within 2 hours.",
    },
    "paused": {"paused": True},
    "waiting": {"state": "waiting", "first_sync_done_at": None, "mailbox_id": None, "last_run_id": None},
}  # fmt: skip
_FIRST = ("Amara", "Bruno", "Chen", "Dilara", "Emre", "Freya", "Goran", "Hana", "Ivo", "Juna", "Kofi", "Leila", "Milan")
_LAST = ("Abbott", "Brandt", "Castillo", "Demir", "Eriksen", "Farkas", "Grieg", "Hosseini", "Iversen", "Jansen", "Kaya")


def _crowd(connection: sa.Connection, people: int) -> None:
    for number in range(len(PEOPLE) + 1, people + 1):
        first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
        kind = "error" if number % 97 == 0 else "paused" if number % 31 == 0 else "in_sync"
        _person(
            connection, number, f"{first} {last}", f"{first}.{last}{number}@example.com".lower(), "Sales",
            1 + number % 3, BY_SALES, kind,
        )  # fmt: skip
        if number < 60:
            _writes_today(connection, number, random.Random(number))
    for number in (1, 3, 4, 5, 9, 10):
        _links(connection, number, 40 + number * 37 % 211)
    _put(connection, t.person, id=90001, crm_user_id=crm_id("005", 90001), username="free@example.com", name="Nobody's Own",
         address="free@example.com", profile="Support", active=True)  # fmt: skip


def _links(connection: sa.Connection, user: int, number: int) -> None:
    names = [str(uuid5(NAMESPACE_URL, f"link {user} {one}")) for one in range(number)]
    connection.execute(
        sa.insert(t.line),
        [{"id": name, "kind": "contact", "key": name, "state": "live", "incarnation": 0} for name in names],
    )
    connection.execute(
        sa.insert(t.link),
        [{"id": name, "user_id": user, "kind": "contact", "line_id": name, "key": name, "origin": "crm", "state": "linked",
          "mailbox_id": name} for name in names],
    )  # fmt: skip


def _writes_today(connection: sa.Connection, user: int, dice: random.Random) -> None:
    for place in range(dice.randint(0, 6)):
        _done(connection, user, dice.choice(["contact", "event"]), dice.choice(["mailbox", "crm"]), place)


def _done(connection: sa.Connection, user: int, kind: str, side: str, place: int) -> None:
    _put(
        connection, t.intent, id=str(uuid5(NAMESPACE_URL, f"done {user} {kind} {side} {place}")), user_id=user,
        link_id=REVIEW, kind=kind, side=side, op="update", target=f"{user}-{place}", values={}, from_mailbox={}, from_crm={},
        state="done", created_at=NOW - timedelta(minutes=place), updated_at=NOW - timedelta(minutes=place),
    )  # fmt: skip


def pair(
    connection: sa.Connection, link_id: str, user: int, kind: str, mailbox: Values, crm: Values, *, guests: int = 0,
    state: str = "linked", reason: str = "", origin: str = "mailbox", original_start: str = "",
) -> None:  # fmt: skip
    """One pair with both mirrors."""
    line_id, number = str(uuid5(NAMESPACE_URL, f"line {link_id}")), uuid5(NAMESPACE_URL, link_id).int % 10**9
    record = crm_id("00U" if kind == "event" else "003", number)
    item = f"AAMkAGI1{uuid5(NAMESPACE_URL, link_id).hex}Zt0AAA="
    key = str(uuid5(NAMESPACE_URL, f"key {link_id}"))
    _put(connection, t.line, id=line_id, kind=kind, key=key, crm_id=record, state="live")
    _put(
        connection, t.link, id=link_id, user_id=user, kind=kind, line_id=line_id, key=key, origin=origin, state=state,
        mailbox_id=item, reason=reason, shadow_mailbox=encode_values(mailbox), shadow_crm=encode_values(crm),
        created_at=NOW - timedelta(days=12), updated_at=NOW - timedelta(seconds=26), original_start=original_start,
    )  # fmt: skip
    _put(
        connection, t.mailbox_item, user_id=user, kind=kind, mailbox_id=item, presence="here", version="1",
        values=encode_values(mailbox), guests=guests, modified_at=NOW - timedelta(minutes=1),
        strong_key=mailbox.get("email"),
    )  # fmt: skip
    _put(
        connection, t.crm_record, kind=kind, crm_id=record, presence="here", version=NOW, values=encode_values(crm),
        last_modified=NOW - timedelta(minutes=2), strong_key=crm.get("email"),
    )  # fmt: skip
    _put(connection, t.crm_scope, user_id=user, kind=kind, crm_id=record)


def _remember(connection: sa.Connection, link: str, user: int, ago: timedelta, **values: Any) -> None:
    before, after = encode_values(values.pop("before", {})), encode_values(values.pop("after", {}))
    groups = sorted({*before, *after})
    _put(
        connection, t.history, link_id=link, user_id=user, at=NOW - ago, groups=groups, before=before, after=after,
        **values,
    )  # fmt: skip


def _meeting(start: datetime, hours: float = 1.5, **values: Any) -> Values:
    return {"when": Timed(start, start + timedelta(hours=hours), "Europe/Stockholm"), "show_as": ShowAs.BUSY, **values}


def _maya(connection: sa.Connection) -> None:
    start = datetime(2026, 11, 26, 13, 0, tzinfo=UTC)
    text = "Agenda: renewals, Q3 volumes, new depot in Gävle."
    mailbox = _meeting(
        start, subject="Quarterly review, Brightwater Logistics", location="Room Älvsborg and online", description=text
    )
    crm = {**mailbox, "when": Timed(start, start + timedelta(hours=1.5))}
    pair(connection, REVIEW, MAYA, "event", mailbox, crm, guests=3)
    run = _run(connection, MAYA, 26, "mailbox reported a change", {"mailbox.event": 1}, {"crm.event.update": 1})
    _remember(
        connection, REVIEW, MAYA, timedelta(seconds=26), side="crm", op="update", rule="Only the mailbox changed it.",
        before={"location": "Room Älvsborg"}, after={"location": "Room Älvsborg and online"}, run_id=run,
    )  # fmt: skip
    _put(
        connection, t.conflict, link_id=REVIEW, at=NOW - timedelta(minutes=22), group="description", chosen="crm",
        mailbox_value=encode_values({"description": "Agenda: renewals, Q4 volumes, new depot in Gävle."}),
        crm_value=encode_values({"description": text}), reason="Both sides changed; Salesforce won by the configuration's rule.",
    )  # fmt: skip
    earlier = Timed(start - timedelta(minutes=30), start + timedelta(hours=1), "Europe/Stockholm")
    _remember(
        connection, REVIEW, MAYA, timedelta(days=5), side="mailbox", op="update", rule="Changed in Salesforce; a person sent it to 3 guests.",
        before={"when": earlier}, after={"when": mailbox["when"]}, run_id=run,
    )  # fmt: skip
    _remember(
        connection, REVIEW, MAYA, timedelta(days=12), side="crm", op="create", rule="New in the mailbox.",
        after={"subject": mailbox["subject"], "location": "Room Älvsborg"}, run_id=run,
    )  # fmt: skip
    for place, (kind, side, times) in enumerate(
        [("contact", "crm", 12), ("contact", "mailbox", 5), ("event", "crm", 18), ("event", "mailbox", 7)]
    ):
        for one in range(times):
            _done(connection, MAYA, kind, side, place * 100 + one)
    clash = str(uuid5(NAMESPACE_URL, "ines"))
    ines = {"name": Name(first="Ines", last="Okoye"), "email": "ines.okoye@brightwater.example.com", "mobile": "+46 70 555 01 88",
            "company": "Brightwater Logistics AB", "mailing": Address("Hamngatan 4", "Gävle", None, "80320", "Sweden")}  # fmt: skip
    pair(connection, clash, MAYA, "contact", ines, ines, origin="matched")
    _put(
        connection, t.conflict, link_id=clash, at=NOW - timedelta(minutes=4), group="mobile", chosen="crm",
        mailbox_value=encode_values({"mobile": "+46 70 555 01 42"}), crm_value=encode_values({"mobile": "+46 70 555 01 88"}),
        reason="Both sides changed; Salesforce won by the configuration's rule.",
    )  # fmt: skip
    _put(
        connection, t.conflict, link_id=REVIEW, at=NOW - timedelta(days=1), group="when", chosen="mailbox",
        mailbox_value=encode_values({"when": earlier}), crm_value=encode_values({"when": AllDay(date(2026, 11, 26), date(2026, 11, 27))}),
        reason="Both sides changed; the mailbox won, it was changed last.",
    )  # fmt: skip


def _hannah(connection: sa.Connection) -> None:
    start = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    mailbox = _meeting(
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
    lunch = _meeting(start + timedelta(days=3), 1, subject="Lunch with Per Sandgren")
    pair(connection, gone, HANNAH, "event", lunch, lunch, guests=1)
    _held(connection, HELD_DELETE, gone, "delete", {}, lunch, {})


def _held(
    connection: sa.Connection, intent: str, link: str, op: str, values: Values, mailbox: Values, crm: Values
) -> None:
    _put(
        connection, t.intent, id=intent, user_id=HANNAH, link_id=link, kind="event", side="mailbox", op=op, target=intent,
        values=encode_values(values), from_mailbox=encode_values(mailbox), from_crm=encode_values(crm), state="held",
        hold="would_mail", rule="Deleted in Salesforce." if op == "delete" else "Only Salesforce changed it.",
        created_at=NOW - timedelta(minutes=11), updated_at=NOW - timedelta(minutes=11),
    )  # fmt: skip


def _tomas(connection: sa.Connection) -> None:
    refused = [
        (REFUSED_LINK, Name(first="Björn", last="Åkesson"), "Salesforce: “Postal code must have 5 digits.” A validation rule on Contact, field Mailing Zip. Correct the postal code in the mailbox."),
        (str(uuid5(NAMESPACE_URL, "ana")), Name(first="Ana"), "Salesforce needs a last name. Add one in the mailbox; it is written by itself then."),
        (str(uuid5(NAMESPACE_URL, "wanda")), Name(first="Wanda", last="Krol"), "Salesforce found a possible duplicate, Wanda Król. Give both the same address, or change one."),
    ]  # fmt: skip
    for link, name, reason in refused:
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
    for number in range(3):
        _note(connection, TOMAS, "event", "mailbox", f"private-{number}", "Private events stay in the mailbox.")
    _note(connection, TOMAS, "contact", "crm", crm_id("003", 5), "Without a first and a last name.", "Info desk")


def _note(connection: sa.Connection, user: int, kind: str, side: str, ref: str, reason: str, title: str = "") -> None:
    _put(
        connection,
        t.note,
        user_id=user,
        kind=kind,
        side=side,
        ref=ref,
        title=title,
        reason=reason,
        at=NOW - timedelta(hours=3),
    )


def _run(
    connection: sa.Connection,
    user: int,
    ago: int,
    cause: str,
    read: dict[str, int],
    writes: dict[str, int],
    **more: Any,
) -> int:
    values = {
        "user_id": user, "lease_token": 1, "cause": cause, "started_at": NOW - timedelta(seconds=ago + 64),
        "ended_at": NOW - timedelta(seconds=ago), "outcome": "ok",
        "counts": {"read": read, "writes": writes, "api_calls": {"salesforce": 3, "microsoft": 4},
                   "skipped": {"private events stay in the mailbox": 11}},
    }  # fmt: skip
    return int(connection.execute(sa.insert(t.sync_run).values(values | more)).inserted_primary_key[0])


def _jonas(connection: sa.Connection) -> None:
    _put(
        connection,
        t.stream,
        user_id=JONAS,
        kind="contact",
        container="Salesforce_Sync",
        listed_at=NOW - timedelta(minutes=20),
    )
    for number in range(11):
        _note(connection, JONAS, "event", "mailbox", f"private-{number}", "Private events stay in the mailbox.")
    for number in range(4):
        _note(
            connection, JONAS, "contact", "crm", crm_id("003", 100 + number), "Taken out by the configuration's filter."
        )
    for number in range(184):
        _done(connection, JONAS, "event", "crm", number)
    for number in range(312):
        _done(connection, JONAS, "contact", "mailbox", 1000 + number)
    _run(connection, JONAS, 1660, "connection test", {}, {}, outcome="failed", error="Access denied: the mailbox is not in the application's scope.",
         remedy="Add the mailbox to the group “Lockstep people”.")  # fmt: skip
    _run(connection, JONAS, 1220, "assigned by Claire Dubois", {"mailbox.contact": 1}, {"mailbox.contact.create": 1})
    _run(connection, JONAS, 920, "first sync, contacts", {"mailbox.contact": 7, "crm.contact": 312}, {"mailbox.contact.create": 312}, outcome="partial",
         error="3 items were refused.")  # fmt: skip
    last = _run(
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


def _organisation(connection: sa.Connection) -> None:
    _put(
        connection,
        t.organisation,
        id=1,
        cycle_at=NOW - timedelta(seconds=12),
        stopped=False,
        problem="",
        api_used=18420,
        api_max=45000,
    )
    busy = [
        120,
        90,
        80,
        85,
        130,
        300,
        700,
        1400,
        2100,
        1500,
        1400,
        1300,
        900,
        1100,
        1200,
        1300,
        1000,
        700,
        300,
        200,
        150,
        120,
        100,
        90,
    ]
    for day, hours in ((NOW.date(), busy[:10]), (NOW.date() - timedelta(days=1), busy)):
        for hour, calls in enumerate(hours):
            for service, share in (("salesforce", 1), ("microsoft", 3)):
                row = {"day": day, "hour": hour, "service": service, "calls": calls * share, "requests": calls * share}
                _put(connection, t.api_usage, **row)
