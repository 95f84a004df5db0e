"""The navigation: pages in groups, with the number of things that wait on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import g, request, url_for

from backend.storage.views.organisation import Attention, attention
from backend.web.services import services
from backend.web.sign_in import is_rep, me
from backend.web.times import times
from backend.web.words import say


@dataclass(frozen=True, slots=True)
class Entry:
    """One page. `tally` with its `tone` and its `meaning` in words; zero is not shown."""

    href: str
    icon: str
    text: str
    current: bool
    tally: int = 0
    tone: str = ""
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Pages under one heading."""

    title: str
    entries: tuple[Entry, ...]


BELOW_STATUS: Final = frozenset({"people.page", "people.run_page", "items.refused"})
"""Pages that are reached from Sync Status, besides everything that is done there."""

WITHIN: Final = {"editor": "configurations", "consent": "connections", "mailbox_test": "connections"}
"""Blueprints whose pages are reached from another one's."""


def waiting() -> Attention:
    """What needs a person, asked once per request."""
    if "attention" not in g:
        with services().reading.connect() as connection:
            g.attention = attention(connection, times().midnight())
    found: Attention = g.attention
    return found


def menu() -> tuple[Group, ...]:
    """The navigation for this request."""
    here = request.blueprint or ""
    if is_rep():
        status, mine = url_for("status.page"), url_for("unresolved.page")
        return (
            Group(say("My sync"), (
                Entry(status, "ok", say("My status"), here in ("status", "people", "items")),
                Entry(mine, "flag", say("Unresolved items"), here == "unresolved"),
            )),
        )  # fmt: skip
    found, user = waiting(), me()
    if request.endpoint in BELOW_STATUS or here == "actions":
        here = "status"
    here = "guide" if here == "connections" and request.args.get("guide") else WITHIN.get(here, here)

    def entry(endpoint: str, icon: str, text: str, **tally: object) -> Entry:
        area = endpoint.partition(".")[0]
        current = here == area
        return Entry(url_for(endpoint), icon, text, current, **tally)  # type: ignore[arg-type]  # Entry's own names

    return (
        Group("", (
            entry("status.page", "ok", say("Sync Status")),
            entry("held.steps", "shield", say("Held steps"), tally=found.held, tone="red", meaning=say("to answer")),
            entry(
                "unresolved.page", "flag", say("Unresolved items"), tally=found.companies, tone="amber",
                meaning=say("to resolve"),
            ),
            entry("conflicts.page", "both", say("Conflicts"), tally=found.conflicts_today, meaning=say("today")),
        )),
        Group(say("Set up"), (
            *((entry("guide.resume", "book", say("Set-up guide")),) if user is not None and user.may_manage else ()),
            entry("connections.page", "plug", say("Connections")),
            entry("configurations.page", "sliders", say("Configurations")),
            entry("assignment.page", "people", say("Assignment")),
        )),
        Group(say("Look into"), (
            entry("items.find", "search", say("Find an item")),
            entry("audit.page", "history", say("Audit")),
            entry("configuration_file.page", "file", say("Configuration file")),
        )),
    )  # fmt: skip
