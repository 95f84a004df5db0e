"""Finding an item, its passport, and the list of refused ones."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.domain.values import Kind, Timed
from backend.storage.views.passport import Passport, passport, unlinked
from backend.storage.views.refused import refused_items
from backend.storage.views.search import FoundItem
from backend.storage.views.search import find as look_for
from backend.storage.views.titles import title_from
from backend.web.comparing import compared, sides
from backend.web.history import timeline
from backend.web.paging import number, pager
from backend.web.reasons import STATES, facts, look
from backend.web.reps import only_own
from backend.web.services import services
from backend.web.words import say

SIZE = 50

items = Blueprint("items", __name__)


@items.get("/find")
def find() -> str | Response:
    """Search results; a text that names exactly one person or item opens it."""
    text = request.args.get("q", "")[:200].strip()
    with services().reading.connect() as connection:
        found = look_for(connection, text)
    only = [person for person in found.people if person.assigned]
    if len(only) == 1 and len(found.people) == 1 and not found.items:
        return redirect(url_for("people.page", user_id=only[0].id))
    if not found.people and len(found.items) == 1:
        return redirect(address_of(found.items[0]))
    return render_template("items/find.html", text=text, found=found, states=STATES, address_of=address_of)


def address_of(item: FoundItem) -> str:
    """The passport of a found item."""
    if item.link_id:
        return url_for("items.page", link_id=item.link_id)
    return url_for("items.aside", user=item.user_id, kind=item.kind, side=item.side, ref=item.ref)


@items.get("/items/<uuid:link_id>")
def page(link_id: object) -> str:
    """The passport of a pair."""
    with services().reading.connect() as connection:
        found = passport(connection, str(link_id))
    if found is None:
        abort(
            404, say("There is no such pair. It may have ended because both sides are gone; look for the item by name.")
        )
    return _render(found)


@items.get("/items/aside")
def aside() -> str:
    """The passport of an item that is in no pair."""
    args = request.args
    kind, side, user = args.get("kind", ""), args.get("side", ""), args.get("user", type=int)
    if kind not in set(Kind) or side not in ("mailbox", "crm") or user is None:
        abort(404)
    with services().reading.connect() as connection:
        found = unlinked(connection, user, Kind(kind), side, args.get("ref", ""))
    if found is None:
        abort(404, say("Nothing is known of this item. It may be gone from both sides."))
    return _render(found)


def _render(found: Passport) -> str:
    only_own(found.user_id)
    mailbox, crm = sides(found)
    when = mailbox.get("when") or crm.get("when")
    return render_template(
        "items/passport.html", passport=found, title=title_from(found.kind, crm) or title_from(found.kind, mailbox),
        look=look(found), lines=compared(found), facts=facts(found), timeline=timeline(found),
        when=when, zone=when.zone if isinstance(when, Timed) and when.zone else found.person_zone,
    )  # fmt: skip


@items.get("/refused")
def refused() -> str:
    """Everybody's refused items."""
    at = number("page", 1)
    with services().reading.connect() as connection:
        rows, total = refused_items(connection, at, SIZE)
    return render_template("items/refused.html", rows=rows, total=total, pager=pager(at, SIZE, total))
