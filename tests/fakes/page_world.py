"""An organisation for the pages: people in every state, long names, pairs, runs, conflicts and held steps, as rows.

People and companies are invented.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_items import (
    HANNAH,
    HELD,
    HELD_DELETE,
    JONAS,
    MAYA,
    REFUSED_LINK,
    RUN,
    TOMAS,
    companies,
    hannah,
    jonas,
    maya,
    tomas,
)
from tests.fakes.page_rows import NOW, REVIEW, crm_id, done, put

__all__ = ["HANNAH", "HELD", "HELD_DELETE", "JONAS", "MAYA", "NOW", "REFUSED_LINK", "REVIEW", "RUN", "TOMAS", "fill"]

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


def fill(engine: sa.Engine, people: int = 40) -> None:
    """The whole world, with `people` people in all."""
    with engine.begin() as connection:
        _settings(connection)
        for number, row in enumerate(PEOPLE, 1):
            _person(connection, number, *row)
        _crowd(connection, people)
        _acts(connection)
        companies(connection)
        maya(connection)
        hannah(connection)
        tomas(connection)
        jonas(connection)
        _organisation(connection)


def _settings(connection: sa.Connection) -> None:
    for number, (name, active, settings) in enumerate(
        zip(NAMES, (True, True, True, False), (SETTINGS, ONE_WAY, SETTINGS, SETTINGS), strict=True), 1
    ):  # fmt: skip
        put(
            connection,
            t.configuration,
            id=number,
            name=name,
            active=active,
            version=1,
            settings=settings,
            updated_at=NOW,
        )
    for configuration_id, profile in ((1, "Sales"), (4, "Inside")):
        put(connection, t.assignment, configuration_id=configuration_id, profile=profile)
    for service in ("salesforce", "microsoft"):
        put(connection, t.connection, service=service, settings={}, updated_at=NOW, problem="")


def _person(
    connection: sa.Connection, number: int, name: str, address: str, profile: str, configuration: int, because: str,
    kind: str,
) -> None:  # fmt: skip
    put(
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
    run = {
        "user_id": number,
        "lease_token": 1,
        "cause": "schedule",
        "started_at": NOW - timedelta(seconds=7 + number * 13),
        "ended_at": NOW - timedelta(seconds=5 + number * 13),
        "outcome": "ok",
        "counts": {"read": {"mailbox.contact": 0, "mailbox.event": 1}, "writes": {}, "api_calls": {"microsoft": 2}},
    }
    if kind == "error":
        run |= {
            "outcome": "failed",
            "started_at": NOW - timedelta(hours=16, minutes=22),
            "ended_at": NOW - timedelta(hours=16, minutes=21),
            "error": state["reason"],
            "remedy": state["remedy"],
        }
    if kind.startswith("first"):
        run |= {"ended_at": None, "outcome": "running"}
    if kind != "waiting":
        state["last_run_id"] = connection.execute(sa.insert(t.sync_run).values(run)).inserted_primary_key[0]
    put(connection, t.user_state, **state)
    if configuration not in (1, 4):
        put(connection, t.assignment, configuration_id=configuration, username=f"{address}.sf")


_STATES: dict[str, dict[str, Any]] = {
    "first_events": {
        "first_sync_done_at": None,
        "state": "first_sync",
        "progress": {"kind": "event", "done": 184, "total": 402},
    },
    "first_contacts": {
        "first_sync_done_at": None,
        "state": "first_sync",
        "progress": {"kind": "contact", "done": 38, "total": 310},
    },
    "error": {
        "state": "needs_attention",
        "failures": 4,
        "due_at": NOW + timedelta(minutes=15),
        "reason": "The mailbox refuses access: it is not in the scope that Exchange allows this application.",
        "remedy": "Add the mailbox to the group “Lockstep people”; Exchange applies it within 2 hours.",
    },
    "paused": {"paused": True},
    "waiting": {"state": "waiting", "first_sync_done_at": None, "mailbox_id": None, "last_run_id": None},
}
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
    put(
        connection,
        t.person,
        id=90001,
        crm_user_id=crm_id("005", 90001),
        username="free@example.com",
        name="Nobody's Own",
        address="free@example.com",
        profile="Support",
        active=True,
    )


def _links(connection: sa.Connection, user: int, number: int) -> None:
    names = [str(uuid5(NAMESPACE_URL, f"link {user} {one}")) for one in range(number)]
    connection.execute(
        sa.insert(t.line),
        [{"id": name, "kind": "contact", "key": name, "state": "live", "incarnation": 0} for name in names],
    )
    connection.execute(
        sa.insert(t.link),
        [
            {
                "id": name,
                "user_id": user,
                "kind": "contact",
                "line_id": name,
                "key": name,
                "origin": "crm",
                "state": "linked",
                "mailbox_id": name,
            }
            for name in names
        ],
    )


def _writes_today(connection: sa.Connection, user: int, dice: random.Random) -> None:
    for place in range(dice.randint(0, 6)):
        done(connection, user, dice.choice(["contact", "event"]), dice.choice(["mailbox", "crm"]), place)


def _organisation(connection: sa.Connection) -> None:
    put(
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
                put(connection, t.api_usage, **row)


def _acts(connection: sa.Connection) -> None:
    """What people did lately."""
    window = {"name": "events, window", "from": "14 days", "to": "30 days"}
    acts = (
        (1, "claire.dubois@example.com", "configuration changed", "Field sales EMEA", {"changes": [window]}),
        (2, "ruth.baptiste@example.com (Salesforce)", "pause", f"{MAYA},{TOMAS}", {}),
        (26, "claire.dubois@example.com", "held step: leave", "", {"title": "Quarterly review", "note": "On leave."}),
        (50, "root", "everything stopped", "", {"through": "command line"}),
        (51, "o.lindgren@example.com", "sign-in refused", "", {"from": "192.0.2.44"}),
    )
    for hours, actor, action, subject, detail in acts:
        at = NOW - timedelta(hours=hours)
        put(connection, t.audit, at=at, actor=actor, action=action, subject=subject, detail=detail)
