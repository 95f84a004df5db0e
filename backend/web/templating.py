"""What templates may use besides their own variables: filters for numbers and times, the menu, the catalogue."""

from __future__ import annotations

import hashlib

from flask import Flask
from markupsafe import Markup, escape

from backend.storage.views.people import Order
from backend.web import words
from backend.web.fields import label
from backend.web.looks import how_assigned, look_of, outcome_of, why_paused
from backend.web.menu import menu
from backend.web.numbers import count, share, spell, took
from backend.web.remedies import remedy, said
from backend.web.sign_in import IDLE, me
from backend.web.status import address, tabs
from backend.web.times import time_tag, times
from backend.web.words import say


def register(app: Flask) -> None:
    """Give the templates of `app` their filters and globals."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(words.translate, words.translate_many, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters.update(
        breakable=breakable, count=count, how_assigned=how_assigned, initials=initials, label=label, look_of=look_of,
        outcome=outcome_of, part_name=part_name, remedy=remedy, said=said, service_name=service_name, share=share,
        spell=spell, took=took, trace=trace, when=time_tag, why_paused=why_paused,
    )  # fmt: skip
    environment.globals.update(
        address=address, menu=menu, orders=Order, session_seconds=int(IDLE.total_seconds()), tabs=tabs, times=times,
        zone_name=zone_name,
    )  # fmt: skip
    app.context_processor(lambda: {"role_name": role_name()})


def initials(name: str) -> str:
    """'Claire Dubois' -> 'CD', 'admin@example.com' -> 'A'."""
    words_of_name = name.partition("@")[0].split()
    return "".join(
        word[0] for word in (words_of_name[:1] + words_of_name[-1:] if words_of_name[1:] else words_of_name)
    ).upper()


SERVICES = {"salesforce": "Salesforce", "microsoft": "Microsoft 365", "graph": "Microsoft Graph"}


def service_name(service: str) -> str:
    """What people call a service."""
    return SERVICES.get(service, service)


PARTS = {
    "contact": say("contacts"),
    "event": say("events"),
    "mailbox": say("mailbox"),
    "crm": "Salesforce",
    "create": say("made"),
    "update": say("changed"),
    "delete": say("deleted"),
}


def part_name(name: str) -> str:
    """A count's name as the engine writes it: 'crm.contact.create' -> 'Salesforce contacts made'."""
    return " ".join(PARTS.get(part, part) for part in name.split("."))


def breakable(text: str) -> Markup:
    """An address or id that may break after @ and nowhere inside a word (look and feel, 4.15)."""
    return Markup("@<wbr>").join(escape(part) for part in text.split("@"))


def trace(value: object) -> str:
    """A short hash of a read model: it differs when anything in it does."""
    return hashlib.blake2b(repr(value).encode(), digest_size=6).hexdigest()


def zone_name() -> str:
    """The zone that the page's times are in, as named in its foot."""
    return times().zone.key


def role_name() -> str:
    """The role of whoever is signed in."""
    user = me()
    if user is None:
        return ""
    return say("Admin") if user.may_manage else say("My sync") if user.is_rep else say("Viewer")
