"""What people with the role of a rep see: their own status and their own items, and nothing else."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from backend.storage.tables import person
from backend.web.services import services
from backend.web.sign_in import OPEN, me
from backend.web.words import say

PAGES: Final = frozenset({
    "people.page", "people.run_page", "items.page", "items.aside", "unresolved.page", "unresolved.of_nobody",
    "unresolved.answer", "unresolved.answer_many", "sign_in.leave", "sign_in.leave_everywhere", "sign_in.stay",
    "sign_in.theme",
})  # fmt: skip
"""Each of these shows what is a rep's own, by `only_own`; a page that is not named here is closed to reps."""


def register(app: Flask) -> None:
    """Keeps reps to their own pages."""
    app.before_request(keep)


def keep() -> Response | None:
    """The front page of a rep is his own; every page that is not for reps is refused."""
    user = me()
    if user is None or not user.is_rep or request.endpoint in OPEN | PAGES:
        return None
    if request.endpoint != "status.page":
        abort(403, say("This page is for admins. Your own status is on the front page."))
    return redirect(url_for("people.page", user_id=own_person()))


def own_person() -> int:
    """Who the signed-in rep is among those who sync. 403 if he is not among them any more."""
    if "own_person" not in g:
        user = me()
        wanted = user.account.crm_user_id if user is not None else None
        with services().reading.connect() as connection:
            g.own_person = connection.scalar(sa.select(person.c.id).where(person.c.crm_user_id == (wanted or "")))
    if g.own_person is None:
        abort(403, say("Nothing of yours is synced. Ask your admin to assign you to a configuration."))
    found: int = g.own_person
    return found


def only_own(user_id: int) -> None:
    """404 for a rep who asks for what is somebody else's: that it exists is not told either."""
    user = me()
    if user is not None and user.is_rep and user_id != own_person():
        abort(404)
