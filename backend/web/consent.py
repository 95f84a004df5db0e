"""An administrator's consent at Microsoft and the way back (LS-003 to LS-007): a question with a state, and its answer.

Of the administrator nothing is kept. An answer that nobody here asked for changes nothing.
"""

from __future__ import annotations

import secrets
from typing import Final

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from backend.web.connection_services import Trouble
from backend.web.connections import attempt, side
from backend.web.services import services
from backend.web.setup_values import redirect_address
from backend.web.sign_in import manager, me
from backend.web.words import say

consent = Blueprint("consent", __name__)

STATE: Final = "consent_state"
GUIDE: Final = "consent_guide"
SERVICE: Final = "microsoft"
LONGEST: Final = 300


@consent.get("/connections/microsoft/consent")
def ask() -> Response | tuple[str, int]:
    """On to Microsoft's page. A link, not a form: browsers follow a form's answer on our own address only."""
    manager()
    session[STATE] = secrets.token_urlsafe(32)
    session[GUIDE] = bool(request.args.get("guide"))
    try:
        return redirect(services().connections.consent_address(redirect_address(), session[STATE]))
    except ValueError as error:
        return _page(say("Consent cannot be asked for yet"), str(error)), 409


@consent.get("/connections/microsoft/return")
def come_back() -> str | Response | tuple[str, int]:
    """Microsoft's answer. Whoever was sent the link is only thanked: it is his answer there that counts."""
    somebody, state = me(), session.pop(STATE, "")
    if somebody is None or not somebody.may_manage:
        return render_template("connections/thanks.html", given="error" not in request.args)
    if not state or not secrets.compare_digest(state, request.args.get("state", "")):
        title = say("This answer belongs to no question from here")
        return _page(title, say("Nothing changed here. If somebody else gave the consent, press “Try again”.")), 400
    g.guided = session.pop(GUIDE, False)
    if "error" in request.args:
        return _refused(somebody.account.address)
    return _given(somebody.account.address)


def _refused(who: str) -> tuple[str, int]:
    code, text = (request.args.get(name, "")[:LONGEST] for name in ("error", "error_description"))
    services().record(who, "admin consent refused", SERVICE, {"error": code})
    if code == "access_denied":
        advice = say(
            "It takes an administrator who may grant it for the whole tenant. Ask again, or send the link to one."
        )
    else:
        advice = say("Microsoft says: “%(reason)s”.", reason=text or code)
    return _page(say("Consent was not given"), f"{say('Nothing changed here.')} {advice}"), 200


def _given(who: str) -> str | Response | tuple[str, int]:
    tenant = request.args.get("tenant", "").casefold()[:64]
    try:
        expected = services().connections.expected_tenant()
    except (Trouble, ValueError) as error:
        return _page(say("Consent was given, and could not be checked"), str(error)), 200
    if tenant != expected:
        title = say("Consent was given in another tenant")
        text = say(
            "It was given in %(found)s; the tenant set here is %(expected)s. Nothing changed here. Sign in at "
            "Microsoft as an administrator of that one, or correct the tenant.",
            found=tenant or say("none"), expected=expected,
        )  # fmt: skip
        services().record(who, "admin consent for another tenant", SERVICE, {"tenant": tenant})
        return _page(title, text), 200
    services().record(who, "admin consent given", SERVICE, {"tenant": tenant})
    if side(SERVICE).draft is not None:
        return attempt(SERVICE)
    services().connections.check(SERVICE)
    return redirect(url_for("connections.page"))


def _page(title: str, text: str) -> str:
    return render_template(
        "connections/consent.html", title=title, text=text, side=side(SERVICE), guide=int(bool(g.get("guided"))) or None
    )
